"""The run that trains now: begun, steered and ended; what it tells goes out as one signal."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from desktop.engine_thread import EngineThread, JobHandle
from desktop.jobs import Jobs
from desktop.panels.monitor_panel import MonitorPanel
from engine.config import RunConfig
from engine.events import Event, RunFailed, RunFinished, Terminal
from engine.methods.catalog import METHODS
from engine.project import RunFolder


class RunDesk(QObject):
    """At most one run at a time."""

    began = Signal(str)  # title
    told = Signal(object)  # Event
    stopping = Signal()
    ended = Signal(object)  # the terminal Event
    exported = Signal(str)  # path of a file that was written anew
    failed = Signal(object)  # UserError of such a file

    def __init__(self, engine: EngineThread, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine, self._jobs = engine, jobs
        self._handle: JobHandle | None = None

    def serve(self, page: MonitorPanel) -> None:
        """Show the run on this page, and do what is asked for there."""
        self.began.connect(page.begin)
        self.told.connect(page.show_event)
        self.stopping.connect(page.show_stopping)
        self.failed.connect(page.show_problem)
        page.pause_requested.connect(self.pause)
        page.resume_requested.connect(self.go_on)
        page.stop_requested.connect(self.stop)
        page.save_requested.connect(self.save_now)
        page.sample_requested.connect(self.sample_now)
        page.step_requested.connect(self.export_step)
        page.resume_requested_of.connect(self.resume_if_free)

    @property
    def is_busy(self) -> bool:
        return self._handle is not None

    def start(self, config: RunConfig) -> None:
        title = f"{config.name} · {METHODS[config.method.kind].title}"
        self.take(title, self._engine.train(config))

    def resume(self, folder: Path) -> None:
        """Go on with a run from its newest checkpoint, with the settings it began with."""
        self.take(folder.name, self._engine.resume_run(folder))

    @Slot(object)
    def resume_if_free(self, folder: RunFolder) -> None:
        if not self.is_busy:
            self.resume(folder.path)

    @Slot(object, int)
    def export_step(self, folder: RunFolder, step: int) -> None:
        """The user likes the state of another step: it becomes the file."""
        self._jobs.watch(self._engine.export_step(folder.path, step), self._on_export)

    def _on_export(self, event: Event) -> None:
        if isinstance(event, RunFinished) and event.exports:
            self.exported.emit(event.exports[0])
        elif isinstance(event, RunFailed):
            self.failed.emit(event.error)

    def take(self, title: str, handle: JobHandle) -> None:
        """Steer this job and tell what it tells."""
        self.began.emit(title)
        self._handle = self._jobs.watch(handle, self._on_event)

    @Slot()
    def stop(self) -> None:
        if self._handle is not None:
            self._handle.control.stop()
            self.stopping.emit()

    @Slot()
    def pause(self) -> None:
        if self._handle is not None:
            self._handle.control.pause()

    @Slot()
    def go_on(self) -> None:
        if self._handle is not None:
            self._handle.control.resume()

    @Slot()
    def save_now(self) -> None:
        if self._handle is not None:
            self._handle.control.save_now()

    @Slot()
    def sample_now(self) -> None:
        if self._handle is not None:
            self._handle.control.sample_now()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Terminal):
            self._handle = None
        self.told.emit(event)
        if isinstance(event, Terminal):
            self.ended.emit(event)
