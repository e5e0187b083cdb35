"""The guided first training: six pages, four decisions, all filled in beforehand."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QMessageBox, QWidget, QWizard

from desktop.theme import Theme
from desktop.widgets.labels import set_kind
from desktop.wizard.copying import Copying, Job
from desktop.wizard.gathered import Gathered
from desktop.wizard.later_pages import MethodPage, ModelPage, ReadyPage
from desktop.wizard.pages import CaptionsPage, PicturesPage, Step, SubjectPage
from desktop.wizard.wizard_state import Answers
from desktop.words import remedy_of, summary_of
from engine.errors import UserError
from engine.model_shelf import Shelf


class FirstTraining(QWizard):
    """`finished_with` tells the answers; `left_with` those of one who left early."""

    finished_with = Signal(object)  # Answers
    left_with = Signal(object)  # Answers
    gathered_in = Signal(str)  # folder of the project that copies lie in; "" once it has ended

    def __init__(
        self,
        theme: Theme,
        home: Path,
        *,
        shelf: Shelf | None = None,
        user_home: Path | None = None,
        keeps_awake: bool = True,
        has_caption_model: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._gathered = Gathered(home)
        self._copying = Copying(self)
        self.answers = Answers()
        self.setWizardStyle(QWizard.WizardStyle.ModernStyle)
        self.setWindowTitle(self.tr("First training"))
        self.setOption(QWizard.WizardOption.NoBackButtonOnStartPage)
        self.resize(880, 640)
        self.subject = SubjectPage(theme)
        self.pictures = PicturesPage(theme)
        self.captions = CaptionsPage(theme, has_model=has_caption_model)
        self.model = ModelPage(theme, shelf or Shelf(), user_home or Path.home())
        self.method = MethodPage(theme)
        self.ready = ReadyPage(theme, keeps_awake)
        self.steps: list[Step] = [
            self.subject, self.pictures, self.captions, self.model, self.method, self.ready
        ]  # fmt: skip
        for step in self.steps:
            self.addPage(step)
        self._set_words()
        self._last = -1
        self._has_ended = False
        self._copying.ended.connect(self._on_copied)
        self.pictures.gathered.connect(self._gather)
        self.pictures.pasted.connect(self._gather_pasted)
        self.currentIdChanged.connect(self._turn)

    def accept(self) -> None:
        self._take(self.currentId())
        self.finished_with.emit(self.answers)
        self._end()
        super().accept()

    def reject(self) -> None:
        self._copying.finish()
        self._take(self.currentId())
        entered = self.answers != Answers()
        if entered and not self._confirm():
            return
        if entered:
            self.left_with.emit(self.answers)
        self._end()
        super().reject()

    def leave(self) -> None:
        """The window closes: what was entered is kept, and nobody is asked."""
        self._copying.finish()
        self._take(self.currentId())
        if self.answers != Answers():
            self.left_with.emit(self.answers)
        self._end()
        super().reject()

    def _confirm(self) -> bool:
        """Leave? What was entered is kept as a draft."""
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("Leave the first training?"))
        box.setText(self.tr("Leave the first training?"))
        box.setInformativeText(
            self.tr("What you entered is kept as a project. You can go on with it on the pages.")
        )
        leave = box.addButton(self.tr("Keep and leave"), QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton(self.tr("Stay here"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        return box.clickedButton() is leave

    def _end(self) -> None:
        self.ready.cancel_wanted.emit()
        if not self.answers.place:
            self._gathered.give_up()
        self._has_ended = True
        self._tell_place()
        self._copying.close()
        self.model.close_threads()

    @Slot(int)
    def _turn(self, number: int) -> None:
        """Keep what the page before says, and fill the one that comes."""
        self._take(self._last)
        self._last = number
        if 0 <= number < len(self.steps):
            self.steps[number].show_answers(self.answers)
            if self.steps[number] is self.ready:
                self.ready.ask()

    def _take(self, number: int) -> None:
        if 0 <= number < len(self.steps):
            taken = self.steps[number].take(self.answers)
            if self._gathered.holds(taken.folder):
                self._gathered.follow(taken.wanted_name)
                self._tell_place()
                taken = taken.with_(folder=str(self._gathered.folder), place=self._gathered.place)
            elif taken.place:
                taken = taken.with_(place="")
            self.answers = taken

    @Slot(object)
    def _gather(self, paths: list[Path]) -> None:
        """Single pictures go into the folder of the project that will be made."""
        self._copy(partial(self._gathered.take, paths, self.answers.wanted_name))

    @Slot(QImage)
    def _gather_pasted(self, image: QImage) -> None:
        beside = self._copying.is_busy or self._gathered.holds(self.pictures.folder)
        name = self.answers.wanted_name
        self._copy(partial(self._gathered.paste, image, name, beside=beside))

    def _copy(self, job: Job) -> None:
        """Meanwhile the page stays: what is gathered belongs to the thread."""
        self._copying.start(job)
        self.pictures.set_copying(True)
        self.button(QWizard.WizardButton.BackButton).setEnabled(False)

    @Slot(object)
    def _on_copied(self, error: UserError | None) -> None:
        if not self._copying.is_busy:
            self.pictures.set_copying(False)
            self.button(QWizard.WizardButton.BackButton).setEnabled(True)
        if error is None:
            self._tell_place()
            self.pictures.use([self._gathered.folder])
        else:
            text = f"{summary_of(error)} {remedy_of(error)}".strip()
            QMessageBox.warning(self, self.tr("Add your pictures"), text)

    def _tell_place(self) -> None:
        self.gathered_in.emit("" if self._has_ended else str(self._gathered.folder.parent))

    def _set_words(self) -> None:
        for button, text in (
            (QWizard.WizardButton.NextButton, self.tr("Next")),
            (QWizard.WizardButton.BackButton, self.tr("Back")),
            (QWizard.WizardButton.FinishButton, self.tr("Start training")),
            (QWizard.WizardButton.CancelButton, self.tr("Cancel")),
        ):
            self.setButtonText(button, text)
        for button in (QWizard.WizardButton.NextButton, QWizard.WizardButton.FinishButton):
            set_kind(self.button(button), "role", "primary")
