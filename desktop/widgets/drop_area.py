"""The empty state of the pictures page, and what is done with what is dropped."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt, Signal
from PySide6.QtGui import QImage, QImageWriter, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.theme import Theme
from desktop.widgets.buttons import Sign
from desktop.widgets.labels import label, set_kind
from engine import storage
from engine.project import Project


class DropArea(QFrame):
    """A large inviting place; a click or the Enter key opens the chooser."""

    clicked = Signal()

    def __init__(self, theme: Theme, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drop")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        icon = Sign(theme, 48).show_icon("add", "text3")
        column = QVBoxLayout(self)
        column.addStretch(1)
        for widget in (
            icon,
            label(text, "heading"),
            label(self.tr("8 to 30 good pictures beat 200 mixed ones."), "quiet"),
        ):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def set_over(self, over: bool) -> None:
        set_kind(self, "over", "true" if over else "false")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self.clicked.emit()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


def save_pasted(image: QImage, project: Project) -> Path:
    """A picture of the clipboard as a file in the project. Raises OutputNotWritable, DiskFull."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    content = bytes(data.data())
    path = project.images / f"pasted-{hashlib.sha256(content).hexdigest()[:12]}.png"
    storage.write_new(path, content)  # else it is there already: the name is of its content
    return path
