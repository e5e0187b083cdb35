"""Everything that can be done now, found by typing a part of its name."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

MOST = 40


class Palette(QDialog):
    """Lists the buttons of a window that can be pressed; Enter presses the chosen one."""

    def __init__(self, window: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent or window)
        self.setWindowTitle(self.tr("What do you want to do?"))
        self._buttons = _pressable(window)
        self.line = QLineEdit()
        self.line.setPlaceholderText(self.tr("Type what you want"))
        self.line.setAccessibleName(self.tr("What do you want to do?"))
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("What can be done now"))
        self.line.textChanged.connect(self._filter)
        self.line.returnPressed.connect(self.press)
        self.line.installEventFilter(self)
        self.list.itemActivated.connect(self.press)
        column = QVBoxLayout(self)
        column.addWidget(self.line)
        column.addWidget(self.list)
        self.resize(460, 380)
        self._filter("")

    @Slot()
    def press(self) -> None:
        """Do what is chosen."""
        item = self.list.currentItem()
        if item is None:
            return
        button = self._buttons[item.data(Qt.ItemDataRole.UserRole)][1]
        self.accept()
        button.click()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Up and Down move in the list while one types."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step:
                row = self.list.currentRow() + step
                self.list.setCurrentRow(min(max(row, 0), self.list.count() - 1))
                return True
        return super().eventFilter(watched, event)

    @Slot(str)
    def _filter(self, text: str) -> None:
        self.list.clear()
        wanted = text.lower().split()
        found = [
            (number, name)
            for number, (name, _) in enumerate(self._buttons)
            if all(word in name.lower() for word in wanted)
        ]
        for number, name in found[:MOST]:
            item = QListWidgetItem(name)
            item.setData(Qt.ItemDataRole.UserRole, number)
            self.list.addItem(item)
        self.list.setCurrentRow(0)


def _pressable(window: QWidget) -> list[tuple[str, QAbstractButton]]:
    """Names and buttons that are in sight and can be pressed, with their keys."""
    found: dict[str, QAbstractButton] = {}
    for button in window.findChildren(QAbstractButton):
        name = (button.text() or button.accessibleName()).replace("&", "").strip()
        if name and button.isVisible() and button.isEnabled():
            keys = button.shortcut().toString()
            found.setdefault(f"{name}   {keys}".strip(), button)
    return list(found.items())
