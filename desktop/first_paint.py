"""The moment when a window can be seen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

LATEST_MS = 3_000  # one that starts minimized is not drawn


class FirstPaint(QObject):
    """`done` comes once: the window was drawn with all that is in it, or will not be for now."""

    done = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._is_done = False
        # A child, not QTimer.singleShot, which keeps this object beyond its window.
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tell)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() is QEvent.Type.Show:
            self._timer.start(LATEST_MS)
        elif event.type() is QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            self._timer.start(0)  # what is in it is drawn after it
        return super().eventFilter(watched, event)

    @Slot()
    def _tell(self) -> None:
        if not self._is_done:
            self._is_done = True
            self.done.emit()
