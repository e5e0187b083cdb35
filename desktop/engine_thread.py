"""The door between window and engine: a job goes in, events come out.

The only file of the window that touches the heavy half, and only inside the thread. Between
two events of a training, short jobs (making pictures) run to their end, unless the training is
to stop: then they go on after it. A job beside it (a grid of many pictures) shares the time: one
event of the training, one of the job.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from engine.config import RunConfig
from engine.control import Control
from engine.events import (
    Event,
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
        except Exception as error:  # noqa: BLE001 (the last resort of the window)
            if not ended:
                yield failure_of(error)
        finally:
            self.is_done = True


class EngineThread(QThread):
    """Runs jobs one after another. Each event that a job yields becomes one signal."""

    engine_event = Signal(object, object)  # job handle, event

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: SimpleQueue[JobHandle | None] = SimpleQueue()
        self._short: SimpleQueue[JobHandle] = SimpleQueue()
        self._models: ModelCache | None = None
        self._current: JobHandle | None = None
        self._current_short: JobHandle | None = None
        self._short_events: Iterator[Event] | None = None  # what is left of a short job's
        self._beside: SimpleQueue[JobHandle] = SimpleQueue()
        self._current_beside: JobHandle | None = None
        self._beside_events: Iterator[Event] | None = None

    def submit(self, job: Job) -> JobHandle:
        """Queue a long job; it starts when the ones before it have ended."""
        handle = JobHandle(job)
        self._jobs.put(handle)
        return handle

    def submit_short(self, job: Job) -> JobHandle:
        """Queue a short job; it may run between two steps of a long one."""
        handle = JobHandle(job)
        self._short.put(handle)
        self._jobs.put(None)  # wake an idle thread
        return handle

    def submit_beside(self, job: Job) -> JobHandle:
        """Queue a job that takes turns with a long one, event by event; without a long one it
        runs by itself."""
        handle = JobHandle(job)
        self._beside.put(handle)
        self._jobs.put(None)
        return handle

    def warm_up(self) -> JobHandle:
        """Import the heavy half, once, while "Warming up" is on screen."""
        return self.submit(_warm_up)

    def train(self, config: RunConfig) -> JobHandle:
        def job(control: Control) -> Iterator[Event]:
            from engine.run import run

            return run(config, control)

        return self.submit(job)

    def resume_run(self, folder: Path) -> JobHandle:
        def job(control: Control) -> Iterator[Event]:
            from engine.run import resume

            return resume(folder, control)

        return self.submit(job)

    def dry_run(self, config: RunConfig) -> JobHandle:
        """A few steps, to measure what the run will need."""

        def job(control: Control) -> Iterator[Event]:
            from engine.dry_run import dry_run

            return dry_run(config, control)

        return self.submit(job)

    def export_step(self, folder: Path, step: int) -> JobHandle:
        """Write the file of a run anew, from the state of one of its steps."""

        def job(control: Control) -> Iterator[Event]:
            from engine.run import export_step_again

            del control  # one short step
            return export_step_again(folder, step)

        return self.submit_short(job)

    def write_captions(
        self, model: Path, pictures: dict[str, Path], edits: dict[str, PictureEdit]
    ) -> JobHandle:
        """Have a model of the user's say what is in these pictures."""

        def job(control: Control) -> Iterator[Event]:
            from engine.captioner import CaptionRequest, write_captions

            return write_captions(CaptionRequest(model, pictures, edits), control)

        return self.submit_short(job)

    def examine(self) -> JobHandle:
        """Look at this computer; waits for the end of a training, which needs all of it."""

        def job(control: Control) -> Iterator[Event]:
            from engine.doctor import examine

            return examine(control)

        return self.submit(job)

    def method_fits(self, drafts: dict[str, dict]) -> JobHandle:
        """Which methods have room in this computer's memory."""

        def job(control: Control) -> Iterator[Event]:
            from engine.fit import method_fits

            return method_fits(drafts, control)

        return self.submit_short(job)

    def generate(self, wish: dict) -> JobHandle:
        """`wish`: prompt, base_model, addons [(path, weight)], seed, count, folder, OPTIONS."""

        def job(control: Control) -> Iterator[Event]:
            from engine.generate import ModelCache, generate, request_from

            if "grid" in wish:
                from engine.strength_and_step import grid_from

                return grid_from(wish, control)
            self._models = self._models or ModelCache()
            return generate(request_from(wish), control, self._models)

        return self.submit_beside(job) if "grid" in wish else self.submit_short(job)

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
