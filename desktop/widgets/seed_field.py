"""A field for a seed. QSpinBox ends at 2^31 - 1, and other programs draw seeds above that."""

from __future__ import annotations

from PySide6.QtCore import QRegularExpression, Qt, Slot
from PySide6.QtGui import QKeyEvent, QRegularExpressionValidator
from PySide6.QtWidgets import QLineEdit, QWidget

from engine.settings import NUM_SEEDS


class SeedField(QLineEdit):
    """Digits; the arrow keys count up and down as in a spin box."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("0", parent)
        digits = QRegularExpression(rf"\d{{0,{len(str(NUM_SEEDS))}}}")
        self.setValidator(QRegularExpressionValidator(digits, self))
        self.editingFinished.connect(self._show_value)

    def value(self) -> int:
        return min(int(self.text() or 0), NUM_SEEDS - 1)

    def setValue(self, value: int) -> None:  # noqa: N802 (as a spin box has it)
        self.setText(str(min(max(value, 0), NUM_SEEDS - 1)))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.setValue(self.value() + step)

    @Slot()
    def _show_value(self) -> None:
        """What was typed as it counts: an empty field is 0."""
        self.setValue(self.value())
