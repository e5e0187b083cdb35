"""What to draw: prompt, trained files, size, steps, seed. Makes a wish for the engine of it."""

from __future__ import annotations

import random
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop.theme import Theme
from desktop.widgets.addon_list import AddonList
from desktop.widgets.buttons import ThemedIcon, icon_button, text_button
from desktop.widgets.labels import Card, decimal_box, label, spin_box
from desktop.widgets.limited_text import LimitedText
from desktop.widgets.seed_field import SeedField
from engine.emphasis import weigh
from engine.gallery_records import Made
from engine.prompts import split_tags
from engine.samplers import DEFAULT_SAMPLER, SAMPLERS
from engine.trigger import as_called

DICE = 2**32  # a seed by chance is below it, as in AUTOMATIC1111
MOST_HISTORY = 50
AS_MODEL = 0  # of a number: what suits the base model


class PromptEdit(LimitedText):
    """Ctrl+Up and Down weigh the words, Alt+Up and Down go through earlier prompts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history: list[str] = []
        self._place = 0
        self.setTabChangesFocus(True)

    def remember(self, prompt: str) -> None:
        """This one was drawn."""
        self._history = [known for known in self._history if known != prompt][-MOST_HISTORY:]
        self._history.append(prompt)
        self._place = len(self._history)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        up = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if up and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._weigh(up)
        elif up and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._go_back(up)
        else:
            super().keyPressEvent(event)

    def _weigh(self, steps: int) -> None:
        cursor = self.textCursor()
        text, start, end = weigh(
            self.toPlainText(), cursor.selectionStart(), cursor.selectionEnd(), steps
        )
        self.setPlainText(text)
        cursor.setPosition(start)
        cursor.setPosition(end, cursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)

    def _go_back(self, by: int) -> None:
        place = self._place - by
        if 0 <= place < len(self._history):
            self._place = place
            self.setPlainText(self._history[place])


class WishForm(Card):
    """`wanted` tells that the button was pressed; `wish` is what is wanted."""

    wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._theme = theme
        self.heading.setText(self.tr("What to draw"))
        self.body.insertLayout(0, self.header)
        self.prompt = PromptEdit()
        self.negative = LimitedText()
        self.addons = AddonList()
        self.seed = SeedField()
        self._dice = icon_button(theme, "dice", self.tr("Another seed"))
        self.count = spin_box(1, 64)
        self.steps = spin_box(AS_MODEL, 200)
        self.guidance = decimal_box(AS_MODEL, 30)
        self.sampler = QComboBox()
        self.clip_skip = spin_box(1, 12)
        self.width_box = spin_box(AS_MODEL, 2048)
        self.height_box = spin_box(AS_MODEL, 2048)
        self.compare = QCheckBox(self.tr("Compare with the base model"))
        self.generate = text_button(theme, "gallery", self.tr("Generate"), "primary")
        self.more = QPushButton(self.tr("More settings"))
        self._more_icon = ThemedIcon(theme, self.more, "more", "text2")
        self._dice.clicked.connect(self._roll)
        self.generate.clicked.connect(self.wanted)
        self.addons.trigger_wanted.connect(self.insert_trigger)
        self._lay_out()

    def wish(self) -> dict[str, Any]:
        """Prompt and settings; the base model, the add-ons and the folder are the panel's. Tags of
        files that are not listed are in it: the engine finds those of front ends, or says that
        there is no such file."""
        return {
            "prompt": " ".join(self.prompt.toPlainText().split()),
            "negative_prompt": " ".join(self.negative.toPlainText().split()),
            "seed": self.seed.value(),
            "count": self.count.value(),
            "num_inference_steps": self.steps.value() or None,
            "guidance_scale": self.guidance.value() or None,
            "sampler": self.sampler.currentText(),
            "clip_skip": self.clip_skip.value(),
            "width": self.width_box.value() // 8 * 8 or None,
            "height": self.height_box.value() // 8 * 8 or None,
        }

    def take_tags(self) -> None:
        """`<lora:my-cat:0.8>` in the prompt ticks that file, as people know it from AUTOMATIC1111.
        The tags of files that are not listed stay in the prompt."""
        text, tags = split_tags(self.prompt.toPlainText())
        unknown = [tag for tag in tags if not self.addons.use(tag)]
        if len(unknown) < len(tags):
            self.prompt.setPlainText(" ".join([text.strip(), *map(str, unknown)]))

    @Slot(str)
    def insert_trigger(self, words: str) -> None:
        """Where the cursor is, unless the prompt has the words already."""
        written = as_called(words) or words
        if words and written not in self.prompt.toPlainText():
            self.prompt.insertPlainText(f" {written} ")

    def use_prompt(self, made: Made) -> None:
        self.prompt.setPlainText(made.prompt)
        self.negative.setPlainText(made.negative)

    def use_seed(self, made: Made) -> None:
        if made.seed is not None:
            self.seed.setValue(made.seed)

    def use_all(self, made: Made) -> list[str]:
        """Everything that a picture's text says, but for the model; returns what of the numbers is
        out of the form's range. The files that its tags name are ticked, and no others; the tags
        of files that are not here stay in the prompt."""
        self.use_prompt(made)
        self.addons.take_off(f"{made.prompt}\n{made.negative}")
        if made.tags:
            self.prompt.setPlainText(" ".join([made.prompt, *map(str, made.tags)]))
            self.take_tags()
        self.use_seed(made)
        if made.sampler in SAMPLERS:
            self.sampler.setCurrentText(made.sampler)
        width, height = made.size or (self.width_box.value(), self.height_box.value())
        numbers = (
            ("Steps", self.steps, made.steps or AS_MODEL),
            ("CFG scale", self.guidance, made.guidance or AS_MODEL),
            ("Clip skip", self.clip_skip, made.clip_skip),
            ("Width", self.width_box, width),
            ("Height", self.height_box, height),
        )
        return [f"{key}: {number}" for key, box, number in numbers if not _set(box, number)]

    @Slot(bool)
    def _show_folded(self, unfolded: bool) -> None:
        self._more_icon.set_meaning("up" if unfolded else "more")

    @Slot()
    def _roll(self) -> None:
        self.seed.setValue(random.randrange(DICE))

    def _lay_out(self) -> None:
        self.prompt.setAccessibleName(self.tr("Prompt"))
        self.prompt.setMaximumHeight(88)
        self.negative.setAccessibleName(self.tr("What not to draw"))
        self.negative.setMaximumHeight(56)
        self.negative.setTabChangesFocus(True)
        self.seed.setValue(42)
        self.seed.setAccessibleName(self.tr("Seed"))
        self.count.setValue(4)
        self.count.setAccessibleName(self.tr("How many"))
        self.compare.setChecked(True)
        self.generate.setShortcut("Ctrl+Return")
        self.guidance.setSingleStep(0.5)
        self.sampler.addItems(list(SAMPLERS))
        self.sampler.setCurrentText(DEFAULT_SAMPLER)
        for box in (self.steps, self.guidance, self.width_box, self.height_box):
            box.setSpecialValueText(self.tr("as the model"))
        self.width_box.setSingleStep(8)
        self.height_box.setSingleStep(8)
        inside = QWidget()
        form = QFormLayout(inside)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for name, editor in (
            (self.tr("What not to draw"), self.negative),
            (self.tr("Steps"), self.steps),
            (self.tr("Guidance"), self.guidance),
            (self.tr("Sampler"), self.sampler),
            (self.tr("Clip skip"), self.clip_skip),
            (self.tr("Width"), self.width_box),
            (self.tr("Height"), self.height_box),
        ):
            editor.setAccessibleName(name)
            form.addRow(label(name, "quiet"), editor)
        inside.hide()
        self.more.setCheckable(True)
        self.more.setProperty("role", "small")
        self.more.toggled.connect(inside.setVisible)
        self.more.toggled.connect(self._show_folded)
        seed = QHBoxLayout()
        for name, box in ((self.tr("Seed"), self.seed), (self.tr("How many"), self.count)):
            column = QVBoxLayout()
            column.addWidget(label(name, "quiet"))
            column.addWidget(box)
            seed.addLayout(column, 1)
        seed.addWidget(self._dice, 0, Qt.AlignmentFlag.AlignBottom)
        self.body.addWidget(label(self.tr("Prompt"), "quiet"))
        self.body.addWidget(self.prompt)
        self.body.addWidget(label(self.tr("Trained files"), "quiet"))
        self.body.addWidget(self.addons, 1)
        self.body.addLayout(seed)
        self.body.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(inside)
        self.body.addWidget(self.compare)
        self.body.addWidget(self.generate)


def without_tags(wish: dict[str, Any]) -> dict[str, Any]:
    """For a drawing that takes no add-ons."""
    return {**wish, "prompt": " ".join(split_tags(wish["prompt"])[0].split())}


def _set(box: QSpinBox | QDoubleSpinBox, number: float) -> bool:
    """False where the number is out of the box's range; the box shows the nearest one then."""
    nearest = min(max(number, box.minimum()), box.maximum())
    if isinstance(box, QSpinBox):
        box.setValue(int(nearest))
    else:
        box.setValue(nearest)
    return box.minimum() <= number <= box.maximum()
