"""Before a run: do the files hold what the window has set edits and captions for?

By content, since another file may have the size and the time of the one before. In a thread: it
reads each of these pictures once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

from PySide6.QtCore import QObject, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine import storage
from engine.data.picture_index import PictureIndex, default_index


class _Answers(JobSignals):
    compared = Signal(object)  # paths of files that hold something else, or are gone


class SumCheck(QObject):
    """Answers in the order of the questions."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._leaving = Event()
        self._waiting: list[Callable[[list[Path]], object]] = []
        self._pool = Pool(1, "sums", self)
        self._answers = _Answers(self)
        self._answers.compared.connect(self._on_compared)

    def ask(self, pictures: dict[Path, str], then: Callable[[list[Path]], object]) -> None:
        """Call `then` in this thread with those whose sum is another one: at once where there is
        nothing to compare."""
        if not pictures and not self._waiting:
            then([])
            return
        self._waiting.append(then)
        self._pool.start(_compare, pictures, self._leaving, self._answers)

    def close(self) -> None:
        """Return when no thread is left; nothing more is answered."""
        self._leaving.set()
        self._waiting.clear()
        self._pool.close()

    @Slot(object)
    def _on_compared(self, others: list[Path]) -> None:
        if self._waiting:
            self._waiting.pop(0)(others)


def _compare(pictures: dict[Path, str], leaving: Event, answers: _Answers) -> None:
    """In a thread of the pool. What is another picture is read anew, whatever its time says."""
    others = []
    for path, known in pictures.items():
        if leaving.is_set():
            return
        if _sum_of(path) != known:
            others.append(path)
    PictureIndex(default_index()).forget(others)
    answers.compared.emit(others)


def _sum_of(path: Path) -> str:
    try:
        return storage.sha256_of(path)
    except OSError:
        return ""
