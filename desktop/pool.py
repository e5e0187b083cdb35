"""Threads for short work: decoding, reading, writing. Answers come back as signals.

Plain Python threads: a QRunnable made in Python may be deleted by Qt while the interpreter
still holds it.

The rules for a job, which keep widgets out of the pool's threads:

1. A job is a plain function of plain data and of a JobSignals. `start` refuses a method of a
   QObject, a closure over one and a widget among the arguments (TypeError).
2. It answers by emitting a signal of its JobSignals, and touches nothing else of the window.
3. What it was given, and what it raised with all its frames, is released in the window's thread.
4. Python's garbage collector runs in the window's thread only: see desktop/collector.py.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from PySide6.QtCore import QObject, Signal, Slot

from desktop.job_rules import JobSignals, require_plain
from desktop.thread_errors import report_error

Function = Callable[..., None]
Facts = tuple[object, ...]


class Gate:
    """Closed while a window is made and drawn for the first time.

    Threads that run meanwhile slow the window down: each call into Qt releases the interpreter
    and has to wait until it gets it back.
    """

    def __init__(self) -> None:
        self._is_shut = False
        self._waiting: list[tuple[Pool, Function, Facts]] = []

    def shut(self) -> None:
        self._is_shut = True

    def open(self) -> None:
        self._is_shut = False
        waiting, self._waiting = self._waiting, []
        for pool, job, facts in waiting:
            pool.begin(job, *facts)

    def holds(self, pool: Pool, job: Function, facts: Facts) -> bool:
        if self._is_shut:
            self._waiting.append((pool, job, facts))
        return self._is_shut

    def keeps(self, pool: Pool) -> bool:
        return any(job[0] is pool for job in self._waiting)

    def let_in(self, pool: Pool) -> None:
        """Begin the jobs of this pool: someone waits for them."""
        its = [job for job in self._waiting if job[0] is pool]
        self._waiting = [job for job in self._waiting if job[0] is not pool]
        for _, job, facts in its:
            pool.begin(job, *facts)


GATE = Gate()


class _Work:
    """A job with everything that it holds. A thread runs it; the window's thread releases it."""

    def __init__(self, job: Function, facts: Facts) -> None:
        self._job: Function | None = job
        self._facts = facts
        self._error: Exception | None = None
        self.has_ended = False

    def run(self) -> None:
        """In a thread of the pool. An exception is a bug of ours: it is reported like that of
        any other thread."""
        assert self._job is not None
        try:
            self._job(*self._facts)
        except Exception as error:  # noqa: BLE001 (the thread goes on with the next job)
            self._error = error
            report_error(error)
        finally:
            self.has_ended = True

    def release(self) -> None:
        self._job, self._facts, self._error = None, (), None


class _Ended(JobSignals):
    ended = Signal()


class Pool(QObject):
    """Runs jobs in the order in which they come. See the rules at the top of this file.

    A pool that is destroyed with its parent waits for the job at hand. Make it before the
    JobSignals of its jobs: Qt destroys children in the order in which they were made, and a
    signal of a destroyed object ends the program.
    """

    def __init__(self, threads: int, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"imprint-{name}")
        self._running: dict[Future, _Work] = {}
        self._signals = _Ended(self)
        self._signals.ended.connect(self._release_ended)
        threads_of_it, running = self._threads, self._running
        # A lambda: PySide would hold a bound method weakly. It knows the threads and no widget.
        self.destroyed.connect(lambda: _shut_down(threads_of_it, running))

    def start(self, job: Function, *facts: object) -> None:
        """Run the job as soon as a thread is free and the window is shown. Raises TypeError where
        the job could reach a widget."""
        require_plain(job, facts)
        if not GATE.holds(self, job, facts):
            self._submit(job, facts)

    def begin(self, job: Function, *facts: object) -> None:
        """Run the job as soon as a thread is free. Raises TypeError as `start` does."""
        require_plain(job, facts)
        self._submit(job, facts)

    def close(self) -> None:
        """Return when all jobs have ended and no thread is left; later jobs are not begun."""
        GATE.let_in(self)
        self._threads.shutdown(wait=True)
        self._release_ended()

    def wait(self) -> None:
        """Return when all jobs have ended; others may follow."""
        GATE.let_in(self)
        wait(list(self._running))
        self._release_ended()

    @property
    def is_idle(self) -> bool:
        """No job runs or waits, behind the gate neither."""
        return all(work.has_ended for work in self._running.values()) and not GATE.keeps(self)

    def _submit(self, job: Function, facts: Facts) -> None:
        work = _Work(job, facts)
        try:
            future = self._threads.submit(_run, work, self._signals)
        except RuntimeError:  # closed: a signal of a window that goes
            return
        self._running[future] = work

    @Slot()
    def _release_ended(self) -> None:
        """What jobs were given and what they raised; see rule 3."""
        for future in [future for future, work in self._running.items() if work.has_ended]:
            self._running.pop(future).release()


def _run(work: _Work, signals: _Ended) -> None:
    """In a thread of the pool."""
    work.run()
    signals.ended.emit()


def _shut_down(threads: ThreadPoolExecutor, running: dict[Future, _Work]) -> None:
    """Qt destroys the pool: nothing that was not begun is begun, and no thread is left."""
    threads.shutdown(wait=True, cancel_futures=True)
    for work in running.values():
        work.release()
    running.clear()
