"""Looks after a run that nobody watches: keeps the computer awake, tells when it has ended."""

from __future__ import annotations

from contextlib import ExitStack

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from desktop.preferences import Preferences


class Attendant(QObject):
    """`could_stay_awake` is False where the system has no way to be kept awake."""

    def __init__(self, window: QWidget, preferences: Preferences) -> None:
        super().__init__(window)
        self._window, self._preferences = window, preferences
        self._stack = ExitStack()
        self.could_stay_awake = True
        self._tray: QSystemTrayIcon | None = None

    @property
    def has_tray(self) -> bool:
        return QSystemTrayIcon.isSystemTrayAvailable()

    @Slot()
    def begin(self) -> None:
        """Keep awake, where the user wants that and the system can."""
        self.end()
        if not self._preferences.keep_awake:
            return
        from wakepy import keep  # late: it looks at the system's buses

        mode = self._stack.enter_context(keep.running(on_fail="pass"))
        self.could_stay_awake = bool(mode.active)

    def end(self) -> None:
        self._stack.close()

    def notify(self, title: str, text: str) -> None:
        """A message of the system, if the window is not looked at."""
        if self._window.isActiveWindow() or not self.has_tray:
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(self._window.windowIcon() or QIcon(), self)
        self._tray.show()
        self._tray.showMessage(title, text)
