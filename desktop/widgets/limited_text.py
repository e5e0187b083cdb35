"""A field whose length is bounded, and that says so.

Qt lays a text without blanks out in time that grows with its square: a megabyte, as of a picture
that was copied as text, would hold the window for a minute.
"""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit

MOST = 20_000  # characters that can be typed, pasted or dropped: 250 times what CLIP reads at once
_SHORTCUT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier


class LimitedText(QPlainTextEdit):
    """What a file holds may be longer: it is shown as it is, and can only become shorter."""

    was_cut = Signal()

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802 (Qt's name)
        """Pasted or dropped: cut before it is laid out."""
        text, room = source.text(), self._room()
        if len(text) <= room:
            super().insertFromMimeData(source)
            return
        self.textCursor().insertText(text[:room])
        self.was_cut.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        typed = event.text()
        writes = typed.isprintable() or typed in ("\r", "\n", "\t")
        if typed and writes and not event.modifiers() & _SHORTCUT and len(typed) > self._room():
            self.was_cut.emit()
            return
        super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:  # noqa: N802
        room = self._room()
        if len(event.commitString()) > room:
            event.setCommitString(event.commitString()[:room])
            self.was_cut.emit()
        super().inputMethodEvent(event)

    def _room(self) -> int:
        """Beside what is not selected."""
        kept = self.document().characterCount() - 1 - len(self.textCursor().selectedText())
        return max(MOST - kept, 0)
