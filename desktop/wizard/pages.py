"""The first pages of the wizard: what it is, its pictures, its words."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
    QWizardPage,
)

from desktop.choosing import choose_files, choose_folder
from desktop.dropped import Dropped, TakesDrops, dropped, what_is_gone
from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.image_grid import GridItem, ImageGrid
from desktop.widgets.labels import label, set_kind
from desktop.wizard.wizard_state import CARDS, Answers, Captions, Kind, rare_word
from desktop.words import remedy_of, summary_of
from engine.data.pictures import PICTURE_SUFFIXES
from engine.data.walk import walk
from engine.errors import UserError
from engine.presets import MOST, count_pictures, named_pictures
from engine.regular_files import is_folder, is_there, paths_in

FEW = 5
SHOWN = 60


class Step(QWizardPage):
    """A page that turns Answers into further Answers. The words at the right say why it asks."""

    answered = Signal()

    def __init__(self, title: str, line: str, why: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(title)
        self.setSubTitle(line)
        self.content = QVBoxLayout()
        self.content.setSpacing(10)
        aside = QVBoxLayout()
        aside.addWidget(label(self.tr("Why?"), "heading"))
        aside.addWidget(label(why, "quiet", wrap=True))
        aside.addStretch(1)
        right = QWidget()
        right.setFixedWidth(200)
        right.setLayout(aside)
        row = QHBoxLayout(self)
        row.setSpacing(24)
        row.addLayout(self.content, 1)
        row.addWidget(right)

    def show_answers(self, answers: Answers) -> None:
        """Fill the page; called each time it comes up."""

    def take(self, answers: Answers) -> Answers:
        """The answers with those of this page."""
        return answers


class SubjectPage(Step):
    """What is taught, and what it will be called."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        del theme
        self.kinds = QButtonGroup()
        super().__init__(
            self.tr("What do you want to teach?"),
            self.tr("Pick the closest. You can change everything later."),
            self.tr(
                "The model learns a new word for it. A rare word has no other meaning that would "
                "get in the way; the common word tells the model where to begin."
            ),
            parent,
        )
        self.kinds.setParent(self)
        self.name, self.class_word, self.trigger = QLineEdit(), QLineEdit(), QLineEdit()
        self._typed_trigger = False
        for number, (kind, text) in enumerate(CARDS.items()):
            choice = QRadioButton(QCoreApplication.translate("SubjectPage", text))
            choice.setChecked(kind is Kind.OBJECT)
            self.kinds.addButton(choice, number)
            self.content.addWidget(choice)
        self.content.addSpacing(8)
        for editor, title, hint in (
            (self.name, self.tr("Name"), ""),
            (
                self.class_word,
                self.tr("What is it?"),
                self.tr("One common word: cat, toy, person, style"),
            ),
            (
                self.trigger,
                self.tr("Trigger word"),
                self.tr("You will write this word in a prompt to call it up."),
            ),
        ):
            words = label(title, "quiet")
            words.setBuddy(editor)
            editor.setAccessibleName(title)
            editor.setPlaceholderText(hint)
            editor.setToolTip(hint)
            self.content.addWidget(words)
            self.content.addWidget(editor)
        self._line = label("", "note", wrap=True)
        self.content.addWidget(self._line)
        self.content.addStretch(1)
        self.kinds.idClicked.connect(self._choose_kind)
        self.name.textEdited.connect(self._name_changed)
        self.trigger.textEdited.connect(self._trigger_changed)
        self.class_word.textEdited.connect(self._say_how)

    @property
    def kind(self) -> Kind:
        return list(CARDS)[max(0, self.kinds.checkedId())]

    def show_answers(self, answers: Answers) -> None:
        chosen = self.kinds.button(list(CARDS).index(answers.kind))
        chosen.setChecked(True)
        chosen.setFocus()
        self.name.setText(answers.name)
        self.class_word.setText(answers.class_word)
        self.trigger.setText(answers.word)
        self._say_how()

    def take(self, answers: Answers) -> Answers:
        return answers.with_(
            kind=self.kind,
            name=self.name.text().strip(),
            class_word=self.class_word.text().strip(),
            trigger=self.trigger.text().strip() if self._typed_trigger else "",
        )

    def isComplete(self) -> bool:  # noqa: N802 (Qt's name)
        return bool(self.name.text().strip() and self.trigger.text().strip())

    @Slot(int)
    def _choose_kind(self) -> None:
        """Another kind has another example; what the user typed stays."""
        if self.name.text() in {kind.name_hint for kind in Kind}:
            self.name.setText(self.kind.name_hint)
            self._name_changed()
        if self.class_word.text() in {kind.class_word for kind in Kind}:
            self.class_word.setText(self.kind.class_word)
        self._say_how()

    @Slot()
    def _name_changed(self) -> None:
        if not self._typed_trigger:
            self.trigger.setText(rare_word(self.name.text()))
        self._say_how()

    @Slot()
    def _trigger_changed(self) -> None:
        self._typed_trigger = True
        self._say_how()

    @Slot()
    def _say_how(self) -> None:
        words = f"{self.trigger.text().strip()} {self.class_word.text().strip()}".strip()
        said = self.tr("In a prompt: a photo of a {0} in the snow").format(words)
        missing = self.tr("To go on, it needs a name and a trigger word.")
        self._line.setText(said if self.isComplete() else missing)
        set_kind(self._line, "kind", "note" if self.isComplete() else "warn")
        self.completeChanged.emit()


class PicturesPage(TakesDrops, Step):
    """The pictures: the sample's until the user brings some."""

    gathered = Signal(object)  # list of Path that do not make up a folder
    pasted = Signal(QImage)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Add your pictures"),
            self.tr("8 to 30 good pictures beat 200 mixed ones."),
            self.tr(
                "Different poses, grounds and light teach what stays the same. Blurred pictures "
                "teach blur. Your pictures stay where they are; Imprint only reads them."
            ),
            parent,
        )
        self.setAcceptDrops(True)
        self.folder = ""
        self._paths: list[Path] = []
        self._is_copying = False
        self.grid = ImageGrid(theme, self.tr("Pictures"), size=96)
        self.grid.setMinimumHeight(230)
        self._line = label("", wrap=True)
        self._choose = text_button(theme, "folder", self.tr("Choose a folder…"))
        self._files = text_button(theme, "add", self.tr("Choose pictures…"))
        self.sample = QPushButton(self.tr("Use the sample pictures"))
        buttons = QHBoxLayout()
        for button in (self._choose, self._files, self.sample):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.content.addWidget(self._line)
        self.content.addWidget(self.grid, 1)
        self.content.addLayout(buttons)
        self.content.addWidget(
            label(self.tr("Use pictures you may use. For a real person, ask them."), "note")
        )
        self._choose.clicked.connect(self._choose_folder)
        self._files.clicked.connect(self._choose_files)
        self.sample.clicked.connect(self._use_sample)
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.activated.connect(self._paste)

    def show_answers(self, answers: Answers) -> None:
        self.folder = answers.folder
        self._show(answers.pictures)

    def take(self, answers: Answers) -> Answers:
        if self.folder == answers.folder:
            return answers
        found = has_captions(Path(self.folder)) if self.folder else True
        return answers.with_(
            folder=self.folder, captions=Captions.FILES if found else Captions.SAME
        )

    def use(self, paths: list[Path]) -> None:
        """A folder as it is; single pictures are gathered by whoever makes the project."""
        gone = what_is_gone(paths)
        paths = [path for path in paths if is_there(path)]
        if gone is not None and not paths:
            self.refuse_dropped(gone)
            return
        folders = [path for path in paths if is_folder(path)]
        if folders:
            self.folder = str(folders[0])
            self._show(folders[0])
            return
        parents = {path.parent for path in paths if path.suffix.lower() in PICTURE_SUFFIXES}
        if len(parents) == 1 and _are_all(paths, next(iter(parents))):
            self.folder = str(parents.pop())
            self._show(Path(self.folder))
        elif parents:
            self.gathered.emit([path for path in paths if path.suffix.lower() in PICTURE_SUFFIXES])

    def set_copying(self, copying: bool) -> None:
        """While what was chosen is copied, nothing else is chosen."""
        self._is_copying = copying
        for button in (self._choose, self._files, self.sample):
            button.setEnabled(not copying)
        self.setAcceptDrops(not copying)
        if copying:
            self._line.setText(self.tr("Copying the pictures…"))
            set_kind(self._line, "kind", "quiet")
            self.completeChanged.emit()
        else:
            self._show(Answers(folder=self.folder).pictures)

    def isComplete(self) -> bool:  # noqa: N802 (Qt's name)
        return bool(self._paths) and not self._is_copying

    def _show(self, folder: Path) -> None:
        files = paths_in(folder)
        self._paths = [path for path in files if path.suffix.lower() in PICTURE_SUFFIXES]
        items = [GridItem(str(path), path.name, path.name) for path in self._paths[:SHOWN]]
        self.grid.grid_model.loader.forget_all()  # another choice may hold files of the same names
        self.grid.grid_model.set_items(items)
        count = len(self._paths)
        kind = ""
        if not self.folder:
            text = self.tr(
                "These are the sample's pictures, so that you can go on at once. Drop your own "
                "here, or paste them."
            )
        elif not count:
            text, kind = self.tr("Add at least one picture."), "error"
        elif count < FEW:
            text = self.tr("Only a few pictures: it works, but the result copies them.")
            kind = "warn"
        else:
            text = self.tr("%n picture(s)", "", count)
        self._line.setText(text)
        set_kind(self._line, "kind", kind)
        self.completeChanged.emit()

    @Slot()
    def _use_sample(self) -> None:
        self.folder = ""
        self.show_answers(Answers())

    @Slot()
    def _choose_folder(self) -> None:
        folder = choose_folder(self, self.tr("Folder of pictures"), "pictures")
        if folder:
            self.use([folder])

    @Slot()
    def _choose_files(self) -> None:
        if files := choose_files(self, self.tr("Pictures"), "pictures"):
            self.use(files)

    @Slot()
    def _paste(self) -> None:
        self.take_or_refuse(dropped(QGuiApplication.clipboard().mimeData()))

    def take_dropped(self, found: Dropped) -> None:
        if found.image is not None:
            self.pasted.emit(found.image)
        elif not self._is_copying:
            self.use(found.files)

    def refuse_dropped(self, error: UserError) -> None:
        self._line.setText(f"{summary_of(error)} {remedy_of(error)}")
        set_kind(self._line, "kind", "error")


class CaptionsPage(Step):
    """Where the words under the pictures come from."""

    def __init__(
        self, theme: Theme, *, has_model: bool = False, parent: QWidget | None = None
    ) -> None:
        """`has_model`: one that writes captions was chosen before."""
        del theme
        super().__init__(
            self.tr("Describe your pictures"),
            self.tr(
                "Say what changes from picture to picture; the trigger word stands for what stays."
            ),
            self.tr(
                "What a caption names, the model leaves out of the new word: “on a red sofa” keeps "
                "the sofa out of your cat."
            ),
            parent,
        )
        self.choices = QButtonGroup(self)
        self.same = QRadioButton()
        self.files = QRadioButton()
        self.model = QRadioButton(
            self.tr("Have a model write them; I look at them before the training")
            if has_model
            else self.tr("Have a model write them (first choose one on the images page)")
        )
        self.model.setEnabled(has_model)
        self.later = QRadioButton(self.tr("I will write them myself, on the images page"))
        for number, choice in enumerate((self.same, self.files, self.model, self.later)):
            self.choices.addButton(choice, number)
            self.content.addWidget(choice)
        self.content.addStretch(1)

    def show_answers(self, answers: Answers) -> None:
        template = "a photo of {subject}"
        if answers.base_model == Answers().base_model:
            template = "a noto emoji of a {subject}"
        text = template.replace("{subject}", answers.subject)
        self.same.setText(self.tr("The same short caption for all: “{0}”").format(text))
        total, found = count_pictures(str(answers.pictures)), count_captions(answers.pictures)
        self.files.setText(
            self.tr("I have captions in text files: found {0} of {1}").format(found, total)
        )
        self.files.setEnabled(found > 0)
        chosen = answers.captions if found or answers.captions is not Captions.FILES else None
        number = list(Captions).index(chosen or Captions.SAME)
        self.choices.button(number).setChecked(True)
        self.choices.button(number).setFocus()

    def take(self, answers: Answers) -> Answers:
        return answers.with_(captions=list(Captions)[self.choices.checkedId()])


def count_captions(folder: Path) -> int:
    """Pictures that have a caption file or may be in a table of captions."""
    if not is_folder(folder):
        return 0
    walked = walk(folder, MOST)
    return len(walked.captioned(named_pictures(walked)))


def has_captions(folder: Path) -> bool:
    return count_captions(folder) > 0


def _are_all(paths: list[Path], folder: Path) -> bool:
    """Whether these are all the pictures of a folder, so that it can be used as it is."""
    return len(paths) >= count_pictures(str(folder))
