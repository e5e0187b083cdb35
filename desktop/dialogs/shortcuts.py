"""The keys of the program on one sheet."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.wording import QT_TRANSLATE_NOOP

KEYS = (
    ("Ctrl+1 … Ctrl+6", QT_TRANSLATE_NOOP("Shortcuts", "pages")),
    ("F1", QT_TRANSLATE_NOOP("Shortcuts", "help for the page")),
    ("Ctrl+N", QT_TRANSLATE_NOOP("Shortcuts", "guided first training")),
    ("Ctrl+K", QT_TRANSLATE_NOOP("Shortcuts", "find what can be done")),
    ("Ctrl+/", QT_TRANSLATE_NOOP("Shortcuts", "this sheet")),
    ("Ctrl+,", QT_TRANSLATE_NOOP("Shortcuts", "settings")),
    ("Ctrl+Shift+L", QT_TRANSLATE_NOOP("Shortcuts", "light or dark")),
    ("Ctrl+V", QT_TRANSLATE_NOOP("Shortcuts", "images: add what was copied")),
    ("Ctrl+F", QT_TRANSLATE_NOOP("Shortcuts", "images: filter; method: find a setting")),
    ("Ctrl+Z · Ctrl+Shift+Z", QT_TRANSLATE_NOOP("Shortcuts", "images: undo, redo")),
    ("Ctrl+L · Ctrl+R", QT_TRANSLATE_NOOP("Shortcuts", "images: turn left, right")),
    ("C", QT_TRANSLATE_NOOP("Shortcuts", "images: crop; Enter applies, Esc leaves")),
    ("Del", QT_TRANSLATE_NOOP("Shortcuts", "images: leave out; gallery: to the bin")),
    ("Ctrl+↑ · Ctrl+↓", QT_TRANSLATE_NOOP("Shortcuts", "caption: picture before, after")),
    ("Ctrl+Enter", QT_TRANSLATE_NOOP("Shortcuts", "caption: take the offered tag; gallery: draw")),
    ("Ctrl+P", QT_TRANSLATE_NOOP("Shortcuts", "training: pause, continue")),
    ("Ctrl+.", QT_TRANSLATE_NOOP("Shortcuts", "training: stop and save")),
    ("Ctrl+Shift+G", QT_TRANSLATE_NOOP("Shortcuts", "training: sample now")),
    ("S", QT_TRANSLATE_NOOP("Shortcuts", "gallery: star")),
    ("M · X", QT_TRANSLATE_NOOP("Shortcuts", "viewer: next way to compare, change over")),
    ("0 · 1", QT_TRANSLATE_NOOP("Shortcuts", "picture: whole, in its own size")),
    ("Ctrl+↑ · Ctrl+↓", QT_TRANSLATE_NOOP("Shortcuts", "prompt: more or less weight")),
    ("Alt+↑ · Alt+↓", QT_TRANSLATE_NOOP("Shortcuts", "prompt: earlier, later")),
)


class Shortcuts(QDialog):
    """Can be searched."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        self.line = QLineEdit(self)
        self.line.setPlaceholderText(self.tr("Search"))
        self.line.setAccessibleName(self.tr("Search the keys"))
        self.table = QTableWidget(len(KEYS), 2, self)
        self.table.setAccessibleName(self.tr("Keys"))
        self.table.setHorizontalHeaderLabels([self.tr("Keys"), self.tr("What they do")])
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        for row, (keys, words) in enumerate(KEYS):
            self.table.setItem(row, 0, QTableWidgetItem(keys))
            said = QCoreApplication.translate("Shortcuts", words)
            self.table.setItem(row, 1, QTableWidgetItem(said))
        self.table.resizeColumnToContents(0)
        # Large letters: a line more rather than a bar to push.
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.line.textChanged.connect(self._filter)
        column = QVBoxLayout(self)
        column.addWidget(self.line)
        column.addWidget(self.table)
        self.resize(560, 520)

    def _filter(self, text: str) -> None:
        for row in range(self.table.rowCount()):
            cells = (self.table.item(row, column) for column in (0, 1))
            words = " ".join(cell.text() for cell in cells if cell is not None)
            self.table.setRowHidden(row, text.lower() not in words.lower())
