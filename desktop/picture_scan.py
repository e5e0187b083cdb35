"""Reads a folder of pictures in a pool thread, so that the window never waits."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot

from engine.data.scan import Scan, scan_folder
from engine.errors import UserError


class _Answers(QObject):
    progress = Signal(int, int)  # generation, files read
    finished = Signal(int, object)  # generation, Scan or UserError


class _Read(QRunnable):
    def __init__(self, generation: int, folder: Path, captions: Path, answers: _Answers) -> None:
        super().__init__()
        self._generation, self._folder, self._captions = generation, folder, captions
        self._answers = answers

    def run(self) -> None:
        try:
            for found in scan_folder(self._folder, self._captions):
                if isinstance(found, Scan):
                    self._answers.finished.emit(self._generation, found)
                else:
                    self._answers.progress.emit(self._generation, found)
        except UserError as error:
            self._answers.finished.emit(self._generation, error)


class PictureScan(QObject):
    """One folder at a time; a newer request makes the answers of older ones void."""

    progress = Signal(int)
    finished = Signal(object)  # Scan
    failed = Signal(object)  # UserError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._generation = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._answers = _Answers(self)
        self._answers.progress.connect(self._on_progress)
        self._answers.finished.connect(self._on_finished)

    def start(self, folder: Path, captions: Path) -> None:
        self._generation += 1
        self._pool.start(_Read(self._generation, folder, captions, self._answers))

    @Slot(int, int)
    def _on_progress(self, generation: int, count: int) -> None:
        if generation == self._generation:
            self.progress.emit(count)

    @Slot(int, object)
    def _on_finished(self, generation: int, answer: object) -> None:
        if generation != self._generation:
            return
        if isinstance(answer, Scan):
            self.finished.emit(answer)
        else:
            self.failed.emit(answer)
