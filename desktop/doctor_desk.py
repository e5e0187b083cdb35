"""Has the engine look at this computer, in a dialog of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot

from desktop.engine_thread import EngineThread, JobHandle
from desktop.jobs import Jobs
from desktop.panels.home_panel import HomePanel
from desktop.theme import Theme
from engine.events import Event

if TYPE_CHECKING:
    from desktop.dialogs.doctor_dialog import DoctorDialog


class DoctorDesk(QObject):
    """One examination at a time. It begins when the engine has nothing else to do."""

    def __init__(self, engine: EngineThread, jobs: Jobs, home: HomePanel, theme: Theme) -> None:
        super().__init__(home)
        self._engine, self._jobs, self._home, self._theme = engine, jobs, home, theme
        self._job: JobHandle | None = None
        self.dialog: DoctorDialog | None = None
        home.check.clicked.connect(self.open)

    @Slot()
    def open(self) -> None:
        if self.dialog is not None:
            self.dialog.raise_()
            return
        from desktop.dialogs.doctor_dialog import DoctorDialog  # late: few ask for it

        self.dialog = dialog = DoctorDialog(self._theme, self._home)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._forget)
        dialog.open()
        self._job = self._jobs.watch(self._engine.examine(), self._show)

    def _show(self, event: Event) -> None:
        if self.dialog is not None:
            self.dialog.show_event(event)

    @Slot()
    def _forget(self) -> None:
        if self._job is not None:
            self._job.control.stop()
            self._jobs.forget(self._job)  # its end is not the end of the next dialog's
        self.dialog = self._job = None
