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
        try:
            future = self._threads.submit(job, *facts)
        except RuntimeError:  # closed: a signal of a window that goes
            return
        self._running.add(future)
        future.add_done_callback(self._on_done)

    def close(self) -> None:
        """Return when all jobs have ended; those that come later are not begun, and no thread
        is left."""
        self._threads.shutdown(wait=True)

    def wait(self) -> None:
        """Return when all jobs have ended; others may follow."""
        wait(list(self._running))

    def _on_done(self, future: Future) -> None:
        """In the job's thread. A job that breaks is a fault of ours: the log keeps it."""
        self._running.discard(future)
        error = None if future.cancelled() else future.exception()
        if error is not None:
            log.error("a job of %s broke", self._name, exc_info=error)
