"""One change to the captions of many pictures: what it would do is seen before it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.labels import label, spin_box
from engine.data import caption_edits
from engine.data.caption_edits import CaptionEdit
from engine.wording import QT_TRANSLATE_NOOP

SHOWN = 3  # examples
LONGEST = 70  # letters of an example


@dataclass(frozen=True, slots=True)
class Operation:
    """A change, and the fields that it needs."""

    name: str
    fields: tuple[str, ...]  # what stands in the empty fields
    make: Callable[[str, str, int], CaptionEdit]
    has_number: bool = False


OPERATIONS = (
    Operation(
        QT_TRANSLATE_NOOP("BatchBar", "Find and replace"),
        (QT_TRANSLATE_NOOP("BatchBar", "Find"), QT_TRANSLATE_NOOP("BatchBar", "Replace by")),
        lambda one, two, _: caption_edits.replace(one, two),
    ),
    Operation(
        QT_TRANSLATE_NOOP("BatchBar", "Add in front"),
        (QT_TRANSLATE_NOOP("BatchBar", "Words"),),
        lambda one, *_: caption_edits.put_before(one),
    ),
    Operation(
        QT_TRANSLATE_NOOP("BatchBar", "Add at the end"),
        (QT_TRANSLATE_NOOP("BatchBar", "Words"),),
        lambda one, *_: caption_edits.put_behind(one),
    ),
    Operation(
        QT_TRANSLATE_NOOP("BatchBar", "Remove a tag"),
        (QT_TRANSLATE_NOOP("BatchBar", "Tag"),),
        lambda one, *_: caption_edits.remove_tag(one),
    ),
    Operation(
        QT_TRANSLATE_NOOP("BatchBar", "Shuffle tags, keep the first"),
        (),
        lambda _one, _two, count: caption_edits.shuffle(count),
        has_number=True,
    ),
    Operation(
        QT_TRANSLATE_NOOP("BatchBar", "The same caption for all"),
        (QT_TRANSLATE_NOOP("BatchBar", "Caption"),),
        lambda one, *_: caption_edits.set_to(one),
    ),
)


class BatchBar(QFrame):
    """Asks for `applied` with the new captions by key."""

    applied = Signal(object, str)  # {key: caption}, name of the step for undo

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self._captions: dict[str, str] = {}
        self.operation = QComboBox()
        self.operation.addItems([self.tr(known.name) for known in OPERATIONS])
        self.operation.setAccessibleName(self.tr("Change of captions"))
        self.fields = [QLineEdit(), QLineEdit()]
        self.number = spin_box(0, 99)
        self.number.setValue(1)
        self.number.setAccessibleName(self.tr("Tags that stay in front"))
        self._count = label("", "quiet")
        self._examples = label("", "note", wrap=True)
        self.apply = text_button(theme, "ok", self.tr("Apply"), "primary")
        self.operation.currentIndexChanged.connect(self._show_fields)
        self.number.valueChanged.connect(self._preview)
        self.apply.clicked.connect(self._apply)
        row = QHBoxLayout()
        for field in self.fields:
            field.textChanged.connect(self._preview)
            row.addWidget(field, 1)
        for widget in (self.number, self.apply):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        top = QHBoxLayout()
        top.addWidget(self.operation)
        top.addWidget(self._count)
        top.addStretch(1)
        column.addLayout(top)
        column.addLayout(row)
        column.addWidget(self._examples)
        self._show_fields()

    def set_captions(self, captions: dict[str, str]) -> None:
        """Of the pictures that are selected, by key."""
        self._captions = captions
        self._preview()

    @property
    def text(self) -> str:
        """What the preview says, for tests and screen readers."""
        return f"{self._count.text()}\n{self._examples.text()}"

    def _changes(self) -> dict[str, str]:
        one, two = (field.text() for field in self.fields)
        edit = OPERATIONS[self.operation.currentIndex()].make(one, two, self.number.value())
        made = {key: edit(caption) for key, caption in self._captions.items()}
        return {key: text for key, text in made.items() if text != self._captions[key]}

    @Slot()
    def _show_fields(self) -> None:
        operation = OPERATIONS[self.operation.currentIndex()]
        for number, field in enumerate(self.fields):
            has_it = number < len(operation.fields)
            field.setVisible(has_it)
            text = self.tr(operation.fields[number]) if has_it else ""
            field.setPlaceholderText(text)
            field.setAccessibleName(text)
        self.number.setVisible(operation.has_number)
        self._preview()

    @Slot()
    def _preview(self) -> None:
        changes = self._changes()
        self._count.setText(self.tr("changes {0} of {1}").format(len(changes), len(self._captions)))
        self.apply.setEnabled(bool(changes))
        lines = [
            f"{_short(self._captions[key])}  →  {_short(text)}"
            for key, text in list(changes.items())[:SHOWN]
        ]
        self._examples.setText("\n".join(lines))
        self._examples.setVisible(bool(lines))
        self._count.setAccessibleDescription(self._examples.text())

    @Slot()
    def _apply(self) -> None:
        changes = self._changes()
        if changes:
            self.applied.emit(changes, self.operation.currentText())


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
