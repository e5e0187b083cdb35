"""Writes captions in a thread of its own: a disk may take its time for each file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine import storage
from engine.errors import UserError


class _Answers(JobSignals):
    not_written = Signal(object, object)
    failed = Signal(object)
    reached = Signal()


class CaptionWriter(QObject):
    """In the order in which they come."""

    not_written = Signal(object, object)  # texts by path, UserError that says why
    failed = Signal(object)  # UserError, one for all texts of a call

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = Pool(1, "captions", self)
        self._answers = _Answers(self)
        self._answers.not_written.connect(self.not_written)
        self._answers.failed.connect(self.failed)
        self._answers.reached.connect(self._go_on)
        self._later: list[Callable[[], object]] = []

    def write(self, texts: dict[Path, str]) -> None:
        """One that cannot be written does not keep the others from being written."""
        self._pool.start(_write, texts, self._answers)

    def flush(self) -> None:
        """Return when all is on disk."""
        self._pool.wait()

    def when_written(self, action: Callable[[], object]) -> None:
        """Call it, in this thread, once all that came before is on disk: at once where nothing
        waits. Hundreds of captions take a while, and the window goes on meanwhile."""
        if self._pool.is_idle:
            action()
        else:
            self._later.append(action)
            self._pool.start(_reach, self._answers)

    @Slot()
    def _go_on(self) -> None:
        self._later.pop(0)()


def _reach(answers: _Answers) -> None:
    """In a thread of the pool, after all that came before."""
    answers.reached.emit()


def _write(texts: dict[Path, str], answers: _Answers) -> None:
    """In a thread of the pool."""
    first: UserError | None = None
    left: dict[Path, str] = {}
    for path, text in texts.items():
        try:
            storage.write_text(path, text)
        except UserError as error:
            first, left[path] = first or error, text
    if first is not None:
        answers.not_written.emit(left, first)
        answers.failed.emit(first)
