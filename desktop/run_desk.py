"""The run that trains now: begun, steered and ended; what it tells goes out as one signal."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal, Slot

from desktop.engine_thread import EngineThread, JobHandle
from desktop.jobs import Jobs
from desktop.panels.monitor_panel import MonitorPanel
from desktop.words import remedy_of, summary_of
from engine import config_file
from engine.config import RunConfig
from engine.errors import Message, UserError
from engine.events import Event, RunCrashed, RunFailed, RunFinished, RunStarted, Terminal
from engine.methods.catalog import METHODS
from engine.project import RunFolder


class RunDesk(QObject):
    """At most one run at a time."""

    began = Signal(str)  # title
    told = Signal(object)  # Event
    stopping = Signal()
    ended = Signal(object)  # the terminal Event
    exported = Signal(str)  # path of a file that was written anew
    written = Signal(object, int)  # RunFolder whose file holds the state of this step now
    not_written = Signal(object, str)  # RunFolder, why
    failed = Signal(object)  # UserError of such a file
    crashed = Signal(str, str, str)  # what, the last line of why, the kind of a strip

    def __init__(self, engine: EngineThread, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine, self._jobs = engine, jobs
        self._handle: JobHandle | None = None
        self._folder: RunFolder | None = None  # of the run that trains, once it has one
        # Which run ended by which error: a button beside the error may be pressed much later.
        # Weak, because an error holds on to the frames that it came through.
        self.failures: WeakKeyDictionary[Message, RunFolder | None] = WeakKeyDictionary()

    def serve(self, page: MonitorPanel) -> None:
        """Show the run on this page, and do what is asked for there."""
        self.began.connect(page.begin)
        self.told.connect(page.show_event)
        self.stopping.connect(page.show_stopping)
        self.failed.connect(page.show_problem)
        self.crashed.connect(page.strip.show_text)
        self.written.connect(page.result.show_written)
        self.not_written.connect(page.result.show_not_written)
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

    @property
    def is_over(self) -> bool:
        """The window closes, or has closed: nothing more will be trained."""
        return self._engine.isInterruptionRequested() or self._engine.isFinished()

    def start(self, config: RunConfig) -> None:
        self.take(_title(config.name, config.method.kind), self._engine.train(config))

    def resume(self, folder: Path) -> None:
        """Go on with a run from its newest checkpoint, with the settings it began with."""
        run = RunFolder(folder)
        self.take(title_of(run), self._engine.resume_run(folder), run)

    @Slot(object)
    def resume_if_free(self, folder: RunFolder) -> None:
        if not self.is_busy:
            self.resume(folder.path)

    @Slot(object, int)
    def export_step(self, folder: RunFolder, step: int) -> None:
        """The user likes the state of another step: it becomes the file."""
        hear = partial(self._on_export, folder)
        self._jobs.watch(self._engine.export_step(folder.path, step), hear)

    def _on_export(self, folder: RunFolder, event: Event) -> None:
        match event:
            case RunFinished():
                self.written.emit(folder, event.steps)
                if event.exports:
                    self.exported.emit(event.exports[0])
            case RunFailed():
                error = event.error
                self.not_written.emit(folder, f"{summary_of(error)} {remedy_of(error)}".strip())
                self.failed.emit(error)
            case RunCrashed():
                what = self.tr("Imprint made a mistake while it wrote the file.")
                self.not_written.emit(folder, what)
                self.crashed.emit(what, event.traceback.strip().splitlines()[-1], "error")

    def take(self, title: str, handle: JobHandle, folder: RunFolder | None = None) -> None:
        """Steer this job and tell what it tells. `folder`: where it has one already."""
        self._folder = folder
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
        if isinstance(event, RunStarted):
            self._folder = RunFolder(Path(event.folder))
        elif isinstance(event, RunFailed):
            self.failures[event.error] = self._folder
        if isinstance(event, Terminal):
            self._handle = None
        self.told.emit(event)
        if isinstance(event, Terminal):
            self.ended.emit(event)


def title_of(run: RunFolder) -> str:
    """The name and the method that its settings say; the folder's name where they say nothing."""
    try:
        settings = config_file.read(run.config_path)
        return _title(str(settings["name"]), settings["method"]["kind"])
    except (UserError, KeyError, TypeError):
        return run.path.name


def _title(name: str, kind: str) -> str:
    return f"{name} · {METHODS[kind].title}"
