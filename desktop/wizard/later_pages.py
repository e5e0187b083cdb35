"""The last pages of the wizard: the base model, the method, and whether all is ready."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from threading import Event

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QRadioButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from desktop.choosing import choose_file
from desktop.job_rules import JobSignals
from desktop.pool import Pool
from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.labels import label, scrolling, set_kind
from desktop.widgets.reading_order import set_reading_order
from desktop.widgets.run_check import RunCheck
from desktop.wizard.pages import Step
from desktop.wizard.wizard_state import Answers, Quality
from desktop.words import engine_text, problem_words, said
from engine.config import STARTER
from engine.config_file import check, merge
from engine.front_end_folders import find
from engine.methods.catalog import METHODS
from engine.model_shelf import Shelf, ShelfEntry, look_at, scan
from engine.presets import count_pictures

MOST_FOUND = 20  # models of front ends that are offered


class _Answers(JobSignals):
    found = Signal(object)  # list of ShelfEntry


class ModelPage(Step):
    """What is built on: the starter model, what is on the shelf, what front ends have."""

    def __init__(
        self, theme: Theme, shelf: Shelf, home: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(
            self.tr("Choose a base model"),
            self.tr("The model your training builds on."),
            self.tr(
                "The result fits the kind of model that it was trained on. For your own front end, "
                "choose the model that you use there. The starter model needs nothing and is "
                "quick; it draws small emoji-like pictures only."
            ),
            parent,
        )
        self._shelf, self._home = shelf, home
        self._chosen = STARTER
        self._entries: list[ShelfEntry] = []
        self.choices = QButtonGroup(self)
        self._leaving = Event()
        self._pool = Pool(1, "wizard", self)
        self._answers = _Answers(self)
        self._list = QVBoxLayout()
        self._add = text_button(theme, "add", self.tr("Add a file…"))
        self._line = label("", "quiet", wrap=True)
        inside = QWidget()
        inside.setLayout(self._list)
        self.content.addWidget(scrolling(inside, ground="clear"), 1)
        self.content.addWidget(self._line)
        self.content.addWidget(self._add, 0, Qt.AlignmentFlag.AlignLeft)
        self._answers.found.connect(self._show)
        self.choices.idClicked.connect(self._choose)
        self._add.clicked.connect(self._choose_file)
        self._pool.start(_look, shelf, home, self._leaving, self._answers)

    def show_answers(self, answers: Answers) -> None:
        self._chosen = answers.base_model
        self._tick()

    def take(self, answers: Answers) -> Answers:
        return answers.with_(base_model=self._chosen)

    def add(self, path: str) -> None:
        """A file that the user names; what is no model is told."""
        entry = look_at(path)
        if entry.problem:
            self._line.setText(str(said(entry.problem)))
            set_kind(self._line, "kind", "error")
            return
        self._shelf.add([path])
        self._chosen = path
        self._show([*self._entries, entry])

    def close_threads(self) -> None:
        self._leaving.set()
        self._pool.close()

    @Slot(object)
    def _show(self, entries: list[ShelfEntry]) -> None:
        for button in self.choices.buttons():
            self.choices.removeButton(button)
            button.deleteLater()
        self._entries = entries
        for number, entry in enumerate(entries):
            title = self.tr("Starter model") if entry.path == STARTER else entry.title
            place = self.tr("bundled, nothing to download") if entry.path == STARTER else entry.path
            choice = QRadioButton(f"{title}  ·  {entry.family}  ·  {place}")
            self.choices.addButton(choice, number)
            self._list.addWidget(choice)
        self._list.addStretch(1)
        set_reading_order(self)
        self._tick()

    def _tick(self) -> None:
        for number, entry in enumerate(self._entries):
            button = self.choices.button(number)
            if button is not None and entry.path == self._chosen:
                button.setChecked(True)
        text = self.tr("Used where it lies; nothing is copied.")
        if self._chosen == STARTER:
            text = self.tr(
                "What it learns fits only this model; a front end needs one trained on its own "
                "model. Such models can be downloaded on the page “Models”."
            )
        self._line.setText(text)
        set_kind(self._line, "kind", "quiet")

    @Slot(int)
    def _choose(self, number: int) -> None:
        self._chosen = self._entries[number].path
        self._tick()

    @Slot()
    def _choose_file(self) -> None:
        kinds = self.tr("Models (*.safetensors *.ckpt);;All files (*)")
        if file := choose_file(self, self.tr("Model file"), "models", kinds):
            self.add(str(file))


def _look(shelf: Shelf, home: Path, leaving: Event, answers: _Answers) -> None:
    """In a thread of the pool."""
    entries = [entry for entry in shelf.entries() if not entry.problem]
    known = {entry.path for entry in entries}
    fresh = (entry for entry in _offered(home, leaving) if entry.path not in known)
    entries += islice(fresh, max(0, MOST_FOUND - len(entries)))
    answers.found.emit(entries)


def _offered(home: Path, leaving: Event) -> Iterator[ShelfEntry]:
    """Usable models of front ends. Headers are read one by one, until the page is closed."""
    for program in find(home):
        for entry in scan(program.folder):
            if leaving.is_set():
                return
            if not entry.problem:
                yield entry


class MethodPage(Step):
    """How it learns, and for how long."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        del theme
        super().__init__(
            self.tr("Choose a method"),
            self.tr("LoRA is right for most people."),
            self.tr(
                "A LoRA is a small file beside the model. DreamBooth changes the whole model: the "
                "strongest likeness, a large file. Textual Inversion learns one word only."
            ),
            parent,
        )
        self.choices = QButtonGroup(self)
        self.quality = QSlider(Qt.Orientation.Horizontal)
        self._quality_line = label("", "quiet")
        self._answers = Answers()
        for number, card in enumerate(METHODS.values()):
            badge = self.tr("recommended") if card.recommended else ""
            badge = self.tr("not recommended") if card.warning else badge
            choice = QRadioButton(f"{card.title}   {badge}".rstrip())
            self.choices.addButton(choice, number)
            self.content.addWidget(choice)
            line = label(engine_text(card.line), "quiet", wrap=True)
            line.setIndent(24)
            self.content.addWidget(line)
        self.quality.setRange(0, len(Quality) - 1)
        self.quality.setPageStep(1)
        self.quality.setFixedWidth(220)
        self.quality.setAccessibleName(self.tr("Quality or time"))
        row = QHBoxLayout()
        for part in (
            label(self.tr("Time"), "note"),
            self.quality,
            label(self.tr("Quality"), "note"),
        ):
            row.addWidget(part)
        row.addWidget(self._quality_line)
        row.addStretch(1)
        self.content.addSpacing(8)
        self.content.addLayout(row)
        self.content.addStretch(1)
        self.quality.valueChanged.connect(self._say_steps)
        self.choices.idClicked.connect(self._say_steps)

    def show_answers(self, answers: Answers) -> None:
        self._answers = answers
        self.choices.button(list(METHODS).index(answers.method)).setChecked(True)
        self.quality.setValue(list(Quality).index(answers.quality))
        self._say_steps()

    def take(self, answers: Answers) -> Answers:
        return answers.with_(
            method=list(METHODS)[max(0, self.choices.checkedId())],
            quality=list(Quality)[self.quality.value()],
        )

    @Slot()
    def _say_steps(self) -> None:
        names = {
            Quality.QUICK: self.tr("Quick"),
            Quality.BALANCED: self.tr("Balanced"),
            Quality.THOROUGH: self.tr("Thorough"),
        }
        chosen = self.take(self._answers)
        steps = chosen.as_draft()["training"]["steps"]
        self._quality_line.setText(self.tr("{0}: {1} steps").format(names[chosen.quality], steps))


class ReadyPage(Step):
    """One sentence that says it all, and what was measured."""

    check_wanted = Signal(object)  # settings as plain data
    cancel_wanted = Signal()

    def __init__(self, theme: Theme, keeps_awake: bool, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Ready to start"),
            self.tr("Nothing was changed so far. Start, or go back."),
            self.tr(
                "A few real steps tell how much memory and time the training takes on this very "
                "computer. You can stop at any moment; nothing is lost."
            ),
            parent,
        )
        self.setFinalPage(True)
        self._answers = Answers()
        self.sentence = label("", wrap=True)
        self._problems = label("", "error", wrap=True)
        self.check = RunCheck(theme)
        self.samples = QCheckBox(self.tr("Show sample pictures while training"))
        self.awake = QCheckBox(self.tr("Keep the computer awake until it has finished"))
        self.samples.setChecked(True)
        self.awake.setChecked(keeps_awake)
        for widget in (self.sentence, self._problems, self.samples, self.awake, self.check):
            self.content.addWidget(widget)
        self.content.addStretch(1)
        self.samples.toggled.connect(self._say)
        self.check.wanted.connect(self.ask)
        self.check.cancel_wanted.connect(self.cancel_wanted)

    def show_answers(self, answers: Answers) -> None:
        self._answers = answers
        self.check.clear()
        self._say()

    def take(self, answers: Answers) -> Answers:
        return answers.with_(samples=self.samples.isChecked())

    def isComplete(self) -> bool:  # noqa: N802 (Qt's name)
        return not self._problems.text()

    @Slot()
    def ask(self) -> None:
        """Measure it."""
        if self.isComplete():
            self.check_wanted.emit(self.take(self._answers).as_draft())

    @Slot()
    def _say(self) -> None:
        answers = self.take(self._answers)
        data = answers.as_draft()
        model = self.tr("the starter model")
        if answers.base_model != STARTER:
            model = Path(answers.base_model).stem
        num_pictures = count_pictures(str(answers.pictures))
        self.sentence.setText(
            self.tr("Train a {method} named {name} from {count} on {model}, {steps} steps.").format(
                method=METHODS[answers.method].title,
                name=answers.name,
                count=self.tr("%n picture(s)", "", num_pictures),
                model=model,
                steps=data["training"]["steps"],
            )
        )
        _, problems = check(merge(data, {"runs_folder": "runs"}))
        lines = [problem_words(problem, answers.method) for problem in problems]
        if not num_pictures:  # they were moved or deleted since they were chosen
            text = self.tr("There are no pictures in {0}. Go back and choose them again.")
            lines.insert(0, text.format(answers.pictures))
        self._problems.setText("\n".join(lines))
        self._problems.setVisible(bool(lines))
        self.completeChanged.emit()
