"""Threads for short work: decoding, reading, writing. Answers come back as signals.

Plain Python threads: a QRunnable made in Python may be deleted by Qt while the interpreter
still holds it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from PySide6.QtCore import QObject

log = logging.getLogger("imprint")


class Gate:
    """Shut while a window is being made and drawn for the first time.

    What is in threads meanwhile takes the interpreter from it: each call of Qt's gives it away,
    and waits until the thread has had its time.
    """

    def __init__(self) -> None:
        self._is_shut = False
        self._waiting: list[tuple[Pool, Callable[..., None], tuple[object, ...]]] = []

    def shut(self) -> None:
        self._is_shut = True

    def open(self) -> None:
        self._is_shut = False
        waiting, self._waiting = self._waiting, []
        for pool, job, facts in waiting:
            pool.begin(job, *facts)

    def holds(self, pool: Pool, job: Callable[..., None], facts: tuple[object, ...]) -> bool:
        if self._is_shut:
            self._waiting.append((pool, job, facts))
        return self._is_shut

    def let_in(self, pool: Pool) -> None:
        """Somebody waits for this one."""
        its = [job for job in self._waiting if job[0] is pool]
        self._waiting = [job for job in self._waiting if job[0] is not pool]
        for _, job, facts in its:
            pool.begin(job, *facts)


GATE = Gate()


class Pool(QObject):
    """Jobs begin in the order in which they come. A job tells what it found by emitting a signal
    of an object that lives in the window's thread; it never touches a widget.

    A pool that goes with its parent waits for the job at hand. Make it before the object that
    speaks for it: children go in the order in which they came, and a signal of one that is gone
    ends the program.
    """

    def __init__(self, threads: int, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self._name = name
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"imprint-{name}")
        self._running: set[Future] = set()
        pool = self._threads
        # A lambda: PySide would hold a bound method weakly. It knows the threads and no widget.
        self.destroyed.connect(lambda: pool.shutdown(wait=True, cancel_futures=True))

    def start(self, job: Callable[..., None], *facts: object) -> None:
        """As soon as a thread is free and the window stands."""
        if not GATE.holds(self, job, facts):
            self.begin(job, *facts)

    def begin(self, job: Callable[..., None], *facts: object) -> None:
        """As soon as a thread is free."""
        try:
            future = self._threads.submit(job, *facts)
        except RuntimeError:  # closed: a signal of a window that goes
            return
        self._running.add(future)
        future.add_done_callback(self._on_done)

    def close(self) -> None:
        """Return when all jobs have ended; those that come later are not begun, and no thread
        is left."""
        GATE.let_in(self)
        self._threads.shutdown(wait=True)

    def wait(self) -> None:
        """Return when all jobs have ended; others may follow."""
        GATE.let_in(self)
        wait(list(self._running))

    def _on_done(self, future: Future) -> None:
        """In the job's thread. A job that breaks is a fault of ours: the log keeps it."""
        self._running.discard(future)
        error = None if future.cancelled() else future.exception()
        if error is not None:
            log.error("a job of %s broke", self._name, exc_info=error)
