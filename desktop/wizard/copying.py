"""Copies in a thread what was chosen in the wizard, so that the window never waits."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue

from PySide6.QtCore import QObject, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine.errors import UserError

Job = Callable[[], None]  # may raise UserError


class _Answers(JobSignals):
    ended = Signal()


class Copying(QObject):
    """One job after another; `ended` tells of each what went wrong, or None."""

    ended = Signal(object)  # UserError or None

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting = 0
        self._results: SimpleQueue[UserError | None] = SimpleQueue()
        self._pool = Pool(1, "copying", self)
        self._answers = _Answers(self)
        self._answers.ended.connect(self._tell)

    @property
    def is_busy(self) -> bool:
        return self._waiting > 0

    def start(self, job: Job) -> None:
        self._waiting += 1
        self._pool.start(_do, job, self._results, self._answers)

    def finish(self) -> None:
        """Return when all is copied and told."""
        self._pool.wait()
        self._tell()

    def close(self) -> None:
        """No thread is left."""
        self._pool.close()

    @Slot()
    def _tell(self) -> None:
        while True:
            try:
                result = self._results.get_nowait()
            except Empty:
                return
            self._waiting -= 1
            self.ended.emit(result)


def _do(job: Job, results: SimpleQueue[UserError | None], answers: _Answers) -> None:
    """In a thread of the pool."""
    result = None  # also where something breaks that nobody thought of
    try:
        job()
    except UserError as error:
        result = error
    finally:
        results.put(result)
        answers.ended.emit()
