"""Surveys a folder of pictures in a pool thread, so that the window never waits."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from desktop.pool import Pool
from engine.data.picture_index import PictureIndex, default_index
from engine.data.survey import Listed, Surveyed, survey
from engine.errors import UserError

TELL_EVERY = 0.1  # seconds: ten thousand signals would keep the window busy


class _Answers(QObject):
    found = Signal(int, object)  # generation; Listed, a list of Surveyed, UserError or None


class PictureScan(QObject):
    """One folder at a time; a newer request makes the answers of older ones void."""

    listed = Signal(object)  # Listed
    read = Signal(object)  # list of Surveyed
    finished = Signal()
    failed = Signal(object)  # UserError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.generation = 0
        self._pool = Pool(1, "survey", self)
        self.answers = _Answers(self)
        self.answers.found.connect(self._on_found)

    def start(self, folder: Path, captions: Path) -> None:
        self.generation += 1
        self._pool.start(self._survey, self.generation, folder, captions)

    def cancel(self) -> None:
        """No more answers."""
        self.generation += 1

    def wait(self) -> None:
        """Cancel, and return when the thread is done."""
        self.cancel()
        self._pool.wait()

    @Slot(int, object)
    def _on_found(self, generation: int, what: object) -> None:
        if generation != self.generation:
            return
        if isinstance(what, Listed):
            self.listed.emit(what)
        elif isinstance(what, list):
            self.read.emit(what)
        elif isinstance(what, UserError):
            self.failed.emit(what)
        else:
            self.finished.emit()

    def _survey(self, generation: int, folder: Path, captions: Path) -> None:
        """In a thread of the pool."""

        def tell(what: object) -> None:
            self.answers.found.emit(generation, what)

        batch: list[Surveyed] = []
        told = time.monotonic()
        try:
            for found in survey(folder, captions, PictureIndex(default_index())):
                if self.generation != generation:
                    return
                if isinstance(found, Listed):
                    tell(found)
                    continue
                batch.append(found)
                if time.monotonic() - told > TELL_EVERY:
                    tell(batch)
                    batch, told = [], time.monotonic()
            tell(batch)
            tell(None)
        except UserError as error:
            tell(error)
