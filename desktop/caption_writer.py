"""Writes captions in a thread of its own: a disk may take its time for each file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine import storage
from engine.errors import UserError


class _Answers(JobSignals):
    failed = Signal(object)


class CaptionWriter(QObject):
    """In the order in which they come."""

    failed = Signal(object)  # UserError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = Pool(1, "captions", self)
        self._answers = _Answers(self)
        self._answers.failed.connect(self.failed)

    def write(self, texts: dict[Path, str]) -> None:
        self._pool.start(_write, texts, self._answers)

    def flush(self) -> None:
        """Return when all is on disk."""
        self._pool.wait()


def _write(texts: dict[Path, str], answers: _Answers) -> None:
    """In a thread of the pool."""
    try:
        for path, text in texts.items():
            storage.write_text(path, text)
    except UserError as error:
        answers.failed.emit(error)
