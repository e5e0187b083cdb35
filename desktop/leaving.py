"""How the window goes: asks where a training runs, keeps what was typed, waits for the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QCloseEvent

from desktop.dialogs.closing import ask_before_closing
from desktop.pool import Pool

if TYPE_CHECKING:
    from desktop.main_window import MainWindow

LEAVE_MS = 5_000  # for the engine's step, before the window says that it waits


class Leaving(QObject):
    """Decides what a wish to close the window comes to."""

    told = Signal(str)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.has_begun = False

    def answer(self, event: QCloseEvent) -> None:
        window = self._window
        if not self.has_begun and window.runs.is_busy and not self.may_stop():
            event.ignore()
            return
        self.has_begun = True
        window.guide.close()
        window.images.keep_caption()
        window.draft.flush()
        window.preferences.geometry = window.saveGeometry()
        window.hide()  # nobody looks at a window that does not answer
        if not window.engine.stop_and_wait(LEAVE_MS):
            self._leave_later()
            event.ignore()
            return
        for part in (window.images, window.models, window.gallery, window.cards, window.presence):
            part.close_threads()
        for pool in window.findChildren(Pool):
            pool.close()
        window.draft.let_go()
        event.accept()

    def _leave_later(self) -> None:
        """A step of a large model takes long on a processor: the window goes when it has ended."""
        self.told.emit(self.tr("Finishing the current step, then closing…"))
        inside = self._window.centralWidget()
        if inside is not None:
            inside.setEnabled(False)
        self._window.show()
        self._window.engine.finished.connect(self._window.close, Qt.ConnectionType.UniqueConnection)

    def may_stop(self) -> bool:
        """True when the training may be stopped, its state saved, and the window closed."""
        window = self._window
        state = window.monitor.state.text()
        answer = ask_before_closing(window, state, has_tray=window.attendant.has_tray)
        if answer == "keep":
            window.attendant.go_on_unseen()
        return answer == "stop"
