"""Puts a trained file into the program that will use it, and says how it shows up there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from desktop.choosing import choose_folder
from desktop.dialogs.growing_dialog import GrowingDialog
from desktop.job_rules import JobSignals
from desktop.pool import Pool
from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.labels import label, set_kind
from desktop.widgets.message_strip import MessageStrip
from desktop.widgets.reading_order import set_reading_order
from desktop.words import remedy_of, said, summary_of
from engine import install as installing
from engine import replaced_files
from engine.errors import UserError
from engine.front_end_folders import FrontEnd, find, recognise
from engine.install import Installed, NameTaken
from engine.regular_files import paths_in
from engine.trained_file import TrainedFile, inspect


class _Answers(JobSignals):
    looked = Signal(object, object)  # TrainedFile or UserError, list of FrontEnd
    installed = Signal(object)  # Installed or UserError
    taken_away = Signal(object)  # UserError or None


class InstallDialog(GrowingDialog):
    """`preview` is a picture to show beside the file there; None for none."""

    train_wanted = Signal()  # the same project on another base model

    def __init__(
        self,
        path: Path,
        theme: Theme,
        preview: Path | None = None,
        home: Path | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Install into another program"))
        self._path, self._preview, self._home = path, preview, home or Path.home()
        self.file: TrainedFile | None = None
        self.done_with: Installed | None = None  # the last one, whose words are shown
        self._made: list[Installed] = []  # what can be undone, the newest last
        self._programs: list[FrontEnd] = []
        self._choices = QButtonGroup(self)
        self._pool = Pool(1, "install", self)
        self._answers = _Answers(self)
        self.strip = MessageStrip(theme)
        self._what = label("", "quiet", wrap=True)
        self._list = QVBoxLayout()
        self._other = text_button(theme, "folder", self.tr("Choose its folder…"))
        self.name = QLineEdit()
        self.link = QCheckBox(self.tr("Link instead of copying, where the disk is the same"))
        self._target = label("", "note", wrap=True)
        self._result = label("", wrap=True)
        self._copy = text_button(theme, "copy", self.tr("Copy the words"))
        self._replace = QPushButton(self.tr("Replace the file that is there"))
        self._undo = QPushButton(self.tr("Undo"))
        self._train = text_button(theme, "method", self.tr("Train it on another model"), "primary")
        self.install = text_button(theme, "install", self.tr("Install"), "primary")
        self._close = QPushButton(self.tr("Close"))
        self._connect()
        self._lay_out()
        self._pool.start(_look, self._path, self._home, self._answers)

    @property
    def program(self) -> FrontEnd | None:
        """The one that is chosen."""
        number = self._choices.checkedId()
        return self._programs[number] if 0 <= number < len(self._programs) else None

    def add_folder(self, folder: Path) -> None:
        """A front end that the user names."""
        found = recognise(folder)
        if found is None:
            self.strip.show_text(
                self.tr("{0} is not a folder of a program that Imprint knows.").format(folder.name),
                self.tr("Choose the folder of AUTOMATIC1111, Forge, ComfyUI, InvokeAI or SD.Next."),
                "warn",
            )
            return
        if found not in self._programs:
            self._programs.append(found)
            self._add_choice(len(self._programs) - 1)
        self._choices.button(self._programs.index(found)).setChecked(True)
        self._show_target()

    @Slot(object, object)
    def _show_found(self, file: object, programs: list[FrontEnd]) -> None:
        if isinstance(file, UserError):
            self._show_problem(file)
            return
        assert isinstance(file, TrainedFile)
        self.file = file
        family = file.family.title if file.family else self.tr("the starter model")
        self._what.setText(self.tr("{0} · for {1}").format(self._path.name, family))
        self.name.setText(installing.suggested_name(file))
        if file.family is None:
            self._show_problem(installing.FitsOnlyStarter())
            for part in (self._other, self.name, self.link):  # there is nowhere to put it
                part.setEnabled(False)
            self._train.show()
            return
        self._programs = list(programs)
        for number in range(len(programs)):
            self._add_choice(number)
        if programs:
            self._choices.button(0).setChecked(True)
        else:
            self.strip.show_text(self.tr("No program was found in the usual places."), "", "info")
        self._show_target()

    def _add_choice(self, number: int) -> None:
        program = self._programs[number]
        choice = QRadioButton(f"{program.name}  ·  {program.folder}")
        self._choices.addButton(choice, number)
        self._list.addWidget(choice)
        set_reading_order(self)

    @Slot()
    def _show_target(self) -> None:
        program = self.program
        if program is None or self.file is None:
            self.install.setEnabled(False)
            self._target.setText("")
            return
        problem = installing.why_not(self.file, program.name)
        self.install.setEnabled(problem is None)
        self._replace.hide()
        if problem is not None:
            self._target.setText(f"{summary_of(problem)} {remedy_of(problem)}")
            set_kind(self._target, "kind", "warn")
            return
        place = program.place(self.file.kind)
        name = f"{installing.name_there(self.file, self.name.text())}{self._path.suffix}"
        where = str(place / name) if place else str(self._path)
        self._target.setText(self.tr("Goes to: {0}").format(where))
        set_kind(self._target, "kind", "note")

    @Slot()
    def _start(self) -> None:
        self._run(replaces=False)

    @Slot()
    def _start_replacing(self) -> None:
        self._run(replaces=True)

    def _run(self, *, replaces: bool) -> None:
        if self.program is not None:
            self.install.setEnabled(False)
            install = partial(
                installing.install,
                self._path,
                self.program,
                self.name.text(),
                preview=self._preview,
                link=self.link.isChecked(),
                replace=replaces,
            )
            self._pool.start(_install, install, self._answers)

    @Slot(object)
    def _show_done(self, done: Installed | UserError) -> None:
        self.install.setEnabled(True)
        if isinstance(done, UserError):
            self._show_problem(done)
            self._replace.setVisible(isinstance(done, NameTaken))
            return
        self.done_with = done
        self._replace.hide()
        there = self.tr("It was there already, byte for byte.")
        fresh = self.tr("Installed, opened again and compared: it is the file that was trained.")
        self.strip.show_text(there if done.was_there else fresh, str(done.path), "ok")
        self._result.setText(str(said(done.how)))
        self._result.show()
        self._copy.setVisible("text" in done.how.facts)
        if not done.was_there and done.sums[0]:
            self._made.append(done)
        self._undo.setVisible(bool(self._made))

    @Slot()
    def _take_away(self) -> None:
        """What was installed last goes, what it replaced comes back."""
        if self._made:
            self._undo.hide()
            self._pool.start(_uninstall, self._made.pop(), self._answers)
            self.done_with = None

    @Slot(object)
    def _show_taken_away(self, error: UserError | None) -> None:
        self._result.hide()
        self._copy.hide()
        self._undo.setVisible(bool(self._made))
        if error is None:
            self.strip.show_text(self.tr("It is as it was before."), "", "ok")
        else:
            self.strip.show_message(error, "warn")

    def _show_problem(self, error: UserError) -> None:
        self.strip.show_message(error, "error")

    @Slot()
    def _copy_words(self) -> None:
        if self.done_with is not None:
            QGuiApplication.clipboard().setText(str(self.done_with.how.facts.get("text", "")))

    @Slot()
    def _choose_folder(self) -> None:
        if folder := choose_folder(self, self.tr("Folder of the program"), "programs"):
            self.add_folder(folder)

    @Slot()
    def _ask_for_training(self) -> None:
        self.train_wanted.emit()
        self.reject()

    def done(self, result: int) -> None:
        """However it ends: by Esc, by a button, or by the window's frame."""
        self._settle()
        super().done(result)

    def closeEvent(self, event) -> None:  # noqa: N802, ANN001 (Qt's name)
        self._settle()  # Qt ends one that is not shown without `done`
        super().closeEvent(event)

    def _settle(self) -> None:
        self._pool.close()
        QCoreApplication.sendPostedEvents(self)  # what was being installed is known then
        for done in self._made:
            installing.settle(done)
        self._made.clear()

    def _connect(self) -> None:
        self._answers.looked.connect(self._show_found)
        self._answers.installed.connect(self._show_done)
        self._answers.taken_away.connect(self._show_taken_away)
        self._choices.idToggled.connect(self._show_target)
        self.name.textChanged.connect(self._show_target)
        self._other.clicked.connect(self._choose_folder)
        self._copy.clicked.connect(self._copy_words)
        self._replace.clicked.connect(self._start_replacing)
        self._undo.clicked.connect(self._take_away)
        self._train.clicked.connect(self._ask_for_training)
        self.install.clicked.connect(self._start)
        self._close.clicked.connect(self.close)

    def _lay_out(self) -> None:
        self.resize(640, 460)
        self.install.setEnabled(False)
        self.name.setAccessibleName(self.tr("Name there"))
        for hidden in (self._result, self._copy, self._undo, self._replace, self._train):
            hidden.hide()
        name = label(self.tr("Name there"), "quiet")
        name.setBuddy(self.name)
        self._result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self._close, self._undo, self._replace, self._train, self.install):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(10)
        column.addWidget(label(self.tr("Where will you use it?"), "title"))
        column.addWidget(self._what)
        column.addWidget(self.strip)
        column.addLayout(self._list)
        column.addWidget(self._other, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(name)
        column.addWidget(self.name)
        column.addWidget(self.link)
        column.addWidget(self._target)
        column.addWidget(self._result)
        column.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        column.addLayout(buttons)


def _look(path: Path, home: Path, answers: _Answers) -> None:
    """In a thread of the pool."""
    replaced_files.finish()
    try:
        found: TrainedFile | UserError = inspect(path)
    except UserError as error:
        found = error
    answers.looked.emit(found, find(home))


def _install(install: Callable[[], Installed], answers: _Answers) -> None:
    """In a thread of the pool."""
    try:
        done: Installed | UserError = install()
    except UserError as error:
        done = error
    answers.installed.emit(done)


def _uninstall(done: Installed, answers: _Answers) -> None:
    """In a thread of the pool."""
    try:
        installing.uninstall(done)
    except UserError as error:
        answers.taken_away.emit(error)
    else:
        answers.taken_away.emit(None)


def preview_of(export: Path) -> Path | None:
    """The newest sample of the run that a file lies in, to show beside it."""
    samples = paths_in(export.parent.parent / "samples", "step_*.png")
    return samples[-1] if samples else None
