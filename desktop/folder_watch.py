"""Looks again and again, in a thread, whether files of some folders were changed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine.data.file_marks import Marks, changed, marks_of

EVERY_MS = 700
SHARE = 20  # a look may take so large a part of the time: a slow network share is left in peace


@dataclass(frozen=True, slots=True)
class _Watched:
    """Some places; nobody waits for more once others are watched."""

    places: tuple[Path, ...]
    is_over: Event = field(default_factory=Event)


class _Answers(JobSignals):
    looked = Signal(object, object, object, float)  # _Watched, Marks, what changed, seconds


class FolderWatch(QObject):
    """Unlike QFileSystemWatcher it sees what is written in place, in folders of any size and
    depth, and on network shares."""

    changed = Signal(object)  # path -> Mark, or None where the file is gone

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._watched = _Watched(())
        self._known: Marks = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._begin)
        self._pool = Pool(1, "watch", self)
        self._answers = _Answers(self)
        self._answers.looked.connect(self._on_looked)

    def watch(self, places: tuple[Path, ...], known: Marks) -> None:
        """From the moment on when `known` was looked up."""
        self.stop()
        self._watched, self._known = _Watched(places), known
        self._timer.start(EVERY_MS)

    def stop(self) -> None:
        self._watched.is_over.set()
        self._timer.stop()

    def close(self) -> None:
        """Return when no thread is left."""
        self.stop()
        self._pool.close()

    @Slot()
    def _begin(self) -> None:
        self._pool.start(_look, self._watched, self._known, self._answers)

    @Slot(object, object, object, float)
    def _on_looked(self, watched: _Watched, now: Marks, found: object, seconds: float) -> None:
        if watched is not self._watched or watched.is_over.is_set():
            return
        self._known = now
        self._timer.start(max(EVERY_MS, round(1000 * SHARE * seconds)))
        if found:
            self.changed.emit(found)


def _look(watched: _Watched, known: Marks, answers: _Answers) -> None:
    """In a thread of the pool."""
    began = time.monotonic()
    now = marks_of(watched.places, watched.is_over)
    if not watched.is_over.is_set():
        answers.looked.emit(watched, now, changed(known, now), time.monotonic() - began)
