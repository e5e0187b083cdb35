"""Surveys a folder of pictures in a pool thread, so that the window never waits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from PySide6.QtCore import QObject, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine.data.file_marks import marks_of
from engine.data.picture_index import PictureIndex, default_index
from engine.data.survey import Listed, Surveyed, survey
from engine.errors import UserError
from engine.storage.system_errors import refused_by_the_computer

TELL_EVERY = 0.1  # seconds: ten thousand signals would keep the window busy


@dataclass(frozen=True, slots=True)
class _Request:
    """A folder to survey; nobody waits for the rest once it is cancelled."""

    folder: Path
    captions: Path
    watched: tuple[Path, ...]  # looked at first, so that no later change is missed
    is_cancelled: Event = field(default_factory=Event)


class _Answers(JobSignals):
    found = Signal(object, object)  # _Request; Marks, Listed, a list of Surveyed, UserError or None


class PictureScan(QObject):
    """One folder at a time; a newer request makes the answers of older ones void."""

    looked = Signal(object)  # Marks, of what is watched
    listed = Signal(object)  # Listed
    read = Signal(object)  # list of Surveyed
    finished = Signal()
    failed = Signal(object)  # UserError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._request: _Request | None = None  # the newest; None once it is cancelled
        self._pool = Pool(1, "survey", self)
        self.answers = _Answers(self)
        self.answers.found.connect(self._on_found)

    def start(self, folder: Path, captions: Path, watched: tuple[Path, ...]) -> None:
        self.cancel()
        self._request = _Request(folder, captions, watched)
        self._pool.start(_survey, self._request, self.answers)

    def cancel(self) -> None:
        """No more answers."""
        if self._request is not None:
            self._request.is_cancelled.set()
            self._request = None

    def wait(self) -> None:
        """Cancel, and return when the thread is done."""
        self.cancel()
        self._pool.wait()

    @Slot(object, object)
    def _on_found(self, request: _Request, what: object) -> None:
        if request is not self._request:
            return
        if isinstance(what, dict):
            self.looked.emit(what)
        elif isinstance(what, Listed):
            self.listed.emit(what)
        elif isinstance(what, list):
            self.read.emit(what)
        elif isinstance(what, UserError):
            self.failed.emit(what)
        else:
            self.finished.emit()


def _survey(request: _Request, answers: _Answers) -> None:
    """In a thread of the pool."""
    batch: list[Surveyed] = []
    told_at = time.monotonic()
    answers.found.emit(request, marks_of(request.watched, request.is_cancelled))
    try:
        index, stop = PictureIndex(default_index()), request.is_cancelled
        for found in survey(request.folder, request.captions, index, stop):
            if stop.is_set():
                return
            if isinstance(found, Listed):
                answers.found.emit(request, found)
                continue
            batch.append(found)
            if time.monotonic() - told_at > TELL_EVERY:
                answers.found.emit(request, batch)
                batch, told_at = [], time.monotonic()
        answers.found.emit(request, batch)
        answers.found.emit(request, None)
    except (UserError, OSError) as error:
        told = error if isinstance(error, UserError) else refused_by_the_computer(error)
        if told is None:
            raise
        answers.found.emit(request, told)
