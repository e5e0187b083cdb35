"""The engine's first imports, while the window stands already."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop.engine_thread import EngineThread
from desktop.jobs import Jobs
from engine.events import Event, RunFinished, Stage, StageProgress, Terminal


class WarmUp(QObject):
    """Says how it goes, in words."""

    told = Signal(str)  # for the line at the bottom
    found = Signal(str, bool)  # for the page that one starts on; whether the engine is ready
    ended = Signal(bool)  # ready?

    def __init__(self, engine: EngineThread, jobs: Jobs, parent: QObject) -> None:
        super().__init__(parent)
        self._engine, self._jobs = engine, jobs

    def begin(self) -> None:
        self._jobs.watch(self._engine.warm_up(), self.show_event)

    def show_event(self, event: Event) -> None:
        if isinstance(event, StageProgress) and event.stage is Stage.WARM_UP and not event.done:
            self.told.emit(self.tr("Warming up…"))
        elif isinstance(event, Terminal):
            ready = isinstance(event, RunFinished)
            broken = self.tr("The engine could not start. Check this computer to see why.")
            self.told.emit(self.tr("Ready") if ready else self.tr("The engine could not start"))
            self.found.emit(self.tr("The engine is ready.") if ready else broken, ready)
            self.ended.emit(ready)
