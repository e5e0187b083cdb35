"""Looks after a run that nobody watches: keeps the computer awake, stays in the tray, tells."""

from __future__ import annotations

from contextlib import ExitStack

import psutil
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon, QWidget

from desktop.gpu_watch import GpuWatch
from desktop.panels.monitor_panel import MonitorPanel
from desktop.preferences import Preferences
from desktop.run_desk import RunDesk
from desktop.theme import Theme
from engine.errors import Notice
from engine.notices import NotKeptAwake, OnBattery

LOOK_MS = 60_000


class Attendant(QObject):
    """Where there is no tray, the window is made small instead."""

    noticed = Signal(object)  # Notice
    stop_wanted = Signal()

    def __init__(self, window: QWidget, preferences: Preferences, theme: Theme) -> None:
        super().__init__(window)
        self._window, self._preferences, self._theme = window, preferences, theme
        self._stack = ExitStack()
        self._was_on_battery = False
        self.card = GpuWatch(self)
        self._tray: QSystemTrayIcon | None = None
        self._menu: QMenu | None = None
        self._clock = QTimer(self)
        self._clock.setInterval(LOOK_MS)
        self._clock.timeout.connect(self.look_at_power)

    def serve(self, page: MonitorPanel, runs: RunDesk) -> None:
        """Look after these runs, and say on this page what there is to say."""
        runs.began.connect(self.begin)
        runs.ended.connect(self.end)
        page.progressed.connect(self.show_percent)
        self.noticed.connect(page.show_notice)
        self.stop_wanted.connect(runs.stop)
        self.card.noticed.connect(page.show_notice)
        self.card.measured.connect(page.overview.show_card)
        self.card.pause_wanted.connect(runs.pause)
        self.card.go_on_wanted.connect(runs.go_on)
        page.pause_requested.connect(self.card.stop_cooling)
        page.resume_requested.connect(self.card.stop_cooling)

    @property
    def has_tray(self) -> bool:
        return QSystemTrayIcon.isSystemTrayAvailable()

    @Slot()
    def begin(self) -> None:
        """A run began: keep awake, where the user wants that, and say where that cannot be."""
        self.end()
        self._was_on_battery = False
        self.look_at_power()
        self._clock.start()
        self.card.begin()
        if self._preferences.keep_awake and not self._keep_awake():
            self.noticed.emit(NotKeptAwake())

    @Slot()
    def end(self) -> None:
        self._clock.stop()
        self.card.end()
        self._stack.close()

    @Slot()
    def look_at_power(self) -> None:
        """Tell once when the computer has come to run on its battery."""
        notice = power_notice()
        if notice is not None and not self._was_on_battery:
            self.noticed.emit(notice)
        self._was_on_battery = notice is not None

    def go_on_unseen(self) -> None:
        """The run goes on; its window is out of the way and can be called back."""
        if self.has_tray:
            self._shown_tray()
            self._window.hide()
        else:
            self._window.showMinimized()

    @Slot(int)
    def show_percent(self, percent: int) -> None:
        if self._tray is not None:
            self._tray.setToolTip(self.tr("Imprint: training, {0} %").format(percent))

    def notify(self, title: str, text: str) -> None:
        """A message of the system, if the window is not looked at; without a tray there is no
        place for one, and the window's entry in the task bar asks for a look."""
        if self._window.isActiveWindow():
            return
        if self.has_tray:
            self._shown_tray().showMessage(title, text)
        else:
            QApplication.alert(self._window)

    @Slot()
    def call_back(self) -> None:
        """The window, in front of the others."""
        self._window.showNormal() if self._window.isMinimized() else self._window.show()
        self._window.raise_()
        self._window.activateWindow()

    def _keep_awake(self) -> bool:
        from wakepy import keep  # late: it looks at the system's buses

        mode = self._stack.enter_context(keep.running(on_fail="pass"))
        return bool(mode.active)

    def _shown_tray(self) -> QSystemTrayIcon:
        if self._tray is None:
            self._menu = QMenu(self._window)
            self._menu.addAction(self.tr("Show Imprint")).triggered.connect(self.call_back)
            self._menu.addAction(self.tr("Stop and save")).triggered.connect(self.stop_wanted)
            own = self._window.windowIcon()
            icon: QIcon = self._theme.icon("gallery", "accent") if own.isNull() else own
            self._tray = QSystemTrayIcon(icon, self)
            self._tray.setContextMenu(self._menu)
            self._tray.activated.connect(self._on_tray)
            self._tray.messageClicked.connect(self.call_back)
        self._tray.show()
        return self._tray

    @Slot(QSystemTrayIcon.ActivationReason)
    def _on_tray(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self.call_back()


def power_notice() -> Notice | None:
    """That the computer runs on its battery; None where it does not, or where nobody knows."""
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    if battery is None or battery.power_plugged is not False:
        return None
    return OnBattery(percent=float(battery.percent))
