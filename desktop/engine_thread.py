"""The door between window and engine: a job goes in, events come out.

The only file of the window that touches the heavy half, and only inside the thread. Between
two events of a training, short jobs (making pictures) run to their end, unless the training is
to stop: then they go on after it. A job beside it (a grid of many pictures) shares the time: one
event of the training, one of the job.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from desktop.job_rules import require_plain
from desktop.thread_errors import report_error
from engine.config import RunConfig
from engine.control import Control
from engine.events import (
    Event,
    RunCrashed,
    RunFinished,
    Stage,
    StageProgress,
    Terminal,
    failure_of,
)
from engine.methods.catalog import METHODS

if TYPE_CHECKING:
    from engine.data.edits import PictureEdit
    from engine.generate import ModelCache

HEAVY = (
    "engine.run",
    "engine.dry_run",
    "engine.fit",
    "engine.generate",
    *(card.code.split(":")[0] for card in METHODS.values()),
)
Job = Callable[[Control], Iterator[Event]]
log = logging.getLogger("imprint")
_numbers = itertools.count(1)


class JobHandle:
    """A job that was handed in, and the means to steer it."""

    def __init__(self, job: Job) -> None:
        self.number = next(_numbers)
        self.control = Control()
        self.is_done = False
        self._job = job

    def events(self) -> Iterator[Event]:
        """The job's events, ending in exactly one terminal event, whatever happens."""
        ended = False
        try:
            for event in self._job(self.control):
                ended = ended or isinstance(event, Terminal)
                yield event
        except Exception as error:  # the last resort of the window
            failure = failure_of(error)
            if isinstance(failure, RunCrashed):
                report_error(error)
            elif ended:
                log.exception("an error after the end of a job")
            if not ended:
                yield failure
        finally:
            self.is_done = True


class _Models:
    """The models that stay loaded between pictures; made in the thread that uses them."""

    cache: ModelCache | None = None


class EngineThread(QThread):
    """Runs jobs one after another. Each event that a job yields becomes one signal."""

    engine_event = Signal(object, object)  # job handle, event

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: SimpleQueue[JobHandle | None] = SimpleQueue()
        self._short: SimpleQueue[JobHandle] = SimpleQueue()
        self._models = _Models()
        self._current: JobHandle | None = None
        self._current_short: JobHandle | None = None
        self._short_events: Iterator[Event] | None = None  # what is left of a short job's
        self._beside: SimpleQueue[JobHandle] = SimpleQueue()
        self._current_beside: JobHandle | None = None
        self._beside_events: Iterator[Event] | None = None

    def submit(self, job: Job) -> JobHandle:
        """Queue a long job; it starts when the ones before it have ended. Raises TypeError where
        the job could reach a widget, as a pool does."""
        require_plain(job)
        handle = JobHandle(job)
        self._jobs.put(handle)
        return handle

    def submit_short(self, job: Job) -> JobHandle:
        """Queue a short job; it may run between two steps of a long one. Raises TypeError as
        `submit` does."""
        require_plain(job)
        handle = JobHandle(job)
        self._short.put(handle)
        self._jobs.put(None)  # wake an idle thread
        return handle

    def submit_beside(self, job: Job) -> JobHandle:
        """Queue a job that takes turns with a long one, event by event; without a long one it
        runs by itself. Raises TypeError as `submit` does."""
        require_plain(job)
        handle = JobHandle(job)
        self._beside.put(handle)
        self._jobs.put(None)
        return handle

    def warm_up(self) -> JobHandle:
        """Import the heavy half, once, while "Warming up" is on screen."""
        return self.submit(_warm_up)

    def train(self, config: RunConfig) -> JobHandle:
        return self.submit(partial(_train, config))

    def resume_run(self, folder: Path) -> JobHandle:
        return self.submit(partial(_resume, folder))

    def dry_run(self, config: RunConfig) -> JobHandle:
        """A few steps, to measure what the run will need."""
        return self.submit(partial(_dry_run, config))

    def export_step(self, folder: Path, step: int) -> JobHandle:
        """Write the file of a run again, from the state of one of its steps."""
        return self.submit_short(partial(_export_step, folder, step))

    def write_captions(
        self, model: Path, pictures: dict[str, Path], edits: dict[str, PictureEdit]
    ) -> JobHandle:
        """Have a model of the user's describe these pictures."""
        return self.submit_short(partial(_write_captions, model, pictures, edits))

    def examine(self) -> JobHandle:
        """Look at this computer; waits for the end of a training, which needs all of it."""
        return self.submit(_examine)

    def method_fits(self, drafts: dict[str, dict]) -> JobHandle:
        """Which methods have room in this computer's memory."""
        return self.submit_short(partial(_method_fits, drafts))

    def generate(self, wish: dict) -> JobHandle:
        """`wish`: prompt, base_model, addons [(path, weight)], seed, count, folder, OPTIONS."""
        if "grid" in wish:
            return self.submit_beside(partial(_draw_grid, wish))
        return self.submit_short(partial(_generate, wish, self._models))

    def stop_and_wait(self, milliseconds: int = 120_000) -> bool:
        """Ask the current job to end, then the thread; True when it is gone."""
        # First the flag, then the job: whichever of the two the thread meets, it ends.
        self.requestInterruption()
        for current in (self._current, self._current_short, self._current_beside):
            if current is not None:
                current.control.stop()
        self._jobs.put(None)
        return self.wait(milliseconds)

    def run(self) -> None:
        while not self.isInterruptionRequested():
            handle = self._jobs.get()
            self._run_short_jobs()
            if handle is not None:
                self._current = handle
                if self.isInterruptionRequested():
                    return
                for event in handle.events():
                    self.engine_event.emit(handle, event)
                    self._run_short_jobs()
                    self._advance_beside()
                self._current = None
                self._run_short_jobs()
            while not self.isInterruptionRequested() and self._jobs.empty():
                if not self._advance_beside():
                    break

    def _run_short_jobs(self) -> None:
        while not self._is_stopping:
            if self._short_events is None:
                try:
                    self._current_short = self._short.get_nowait()
                except Empty:
                    return
                self._short_events = self._current_short.events()
            if self.isInterruptionRequested():
                return
            for event in self._short_events:
                self.engine_event.emit(self._current_short, event)
                if self._is_stopping:
                    return  # nobody waits for sixty pictures to have a training stopped
            self._current_short = self._short_events = None

    def _advance_beside(self) -> bool:
        """One event of the job beside the long one; False where there is none to advance."""
        if self._is_stopping or self.isInterruptionRequested():
            return False
        if self._beside_events is None:
            try:
                self._current_beside = self._beside.get_nowait()
            except Empty:
                return False
            self._beside_events = self._current_beside.events()
        event = next(self._beside_events, None)
        if event is None:
            self._current_beside = self._beside_events = None
        else:
            self.engine_event.emit(self._current_beside, event)
        return True

    @property
    def _is_stopping(self) -> bool:
        """Whether the long job is asked to end: it comes first then."""
        return self._current is not None and self._current.control.stop_requested


def _warm_up(control: Control) -> Iterator[Event]:
    del control
    yield StageProgress(stage=Stage.WARM_UP, done=0, total=1)
    for module in HEAVY:
        import_module(module)
    from engine.device import use_one_thread_in_tests

    use_one_thread_in_tests()
    yield StageProgress(stage=Stage.WARM_UP, done=1, total=1)
    yield RunFinished(steps=0, stopped_early=False, exports=())


def _train(config: RunConfig, control: Control) -> Iterator[Event]:
    from engine.run import run

    return run(config, control)


def _resume(folder: Path, control: Control) -> Iterator[Event]:
    from engine.run import resume

    return resume(folder, control)


def _dry_run(config: RunConfig, control: Control) -> Iterator[Event]:
    from engine.dry_run import dry_run

    return dry_run(config, control)


def _export_step(folder: Path, step: int, control: Control) -> Iterator[Event]:
    from engine.later_exports import export_step_again

    del control  # one short step
    return export_step_again(folder, step)


def _write_captions(
    model: Path, pictures: dict[str, Path], edits: dict[str, PictureEdit], control: Control
) -> Iterator[Event]:
    from engine.captioner import CaptionRequest, write_captions

    return write_captions(CaptionRequest(model, pictures, edits), control)


def _examine(control: Control) -> Iterator[Event]:
    from engine.doctor import examine

    return examine(control)


def _method_fits(drafts: dict[str, dict], control: Control) -> Iterator[Event]:
    from engine.fit import method_fits

    return method_fits(drafts, control)


def _draw_grid(wish: dict, control: Control) -> Iterator[Event]:
    from engine.strength_and_step import grid_from

    return grid_from(wish, control)


def _generate(wish: dict, models: _Models, control: Control) -> Iterator[Event]:
    from engine.generate import ModelCache, generate, request_from

    models.cache = models.cache or ModelCache()
    return generate(request_from(wish), control, models.cache)
