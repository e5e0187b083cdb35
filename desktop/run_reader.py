"""Reads what the history shows of runs, in a thread: the metrics of a long run are megabytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine.project import RunFolder
from engine.run_records import Curve, RunRecord, load_record, loss_curve

Stamp = tuple[tuple[int, int], ...]  # size and time of each file that a record is made of


@dataclass(frozen=True, slots=True)
class _Known:
    """A record, and the files that it was read from."""

    stamp: Stamp
    record: RunRecord | None


class _Answers(JobSignals):
    records = Signal(int, object)  # number of the question, dict of _Known by folder
    curves = Signal(int, object)  # number of the question, list of Curve


class RunReader(QObject):
    """The newest question of each kind counts. A run whose files are the same is not read again."""

    records_read = Signal(object)  # list of RunRecord, in the order of the question
    curves_read = Signal(object)  # list of Curve

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._known: dict[RunFolder, _Known] = {}
        self._num_asked = self._num_answered = self._num_compared = 0
        self._asked: list[RunFolder] = []
        self._pool = Pool(1, "runs", self)
        self._answers = _Answers(self)
        self._answers.records.connect(self._take_records)
        self._answers.curves.connect(self._take_curves)

    def read_records(self, folders: list[RunFolder]) -> None:
        """Those that can be read; `records_read` brings them."""
        self._num_asked += 1
        self._asked = folders
        known = {folder: self._known[folder] for folder in folders if folder in self._known}
        self._pool.start(_read_records, self._num_asked, folders, known, self._answers)

    def ask_again(self) -> None:
        """What is shown was changed: an answer that is under way is of before, and is dropped."""
        if self._num_answered != self._num_asked:
            self.read_records(self._asked)

    def read_curves(self, folders: list[RunFolder]) -> None:
        """The losses of these runs; `curves_read` brings them."""
        self._num_compared += 1
        self._pool.start(_read_curves, self._num_compared, folders, self._answers)

    @Slot(int, object)
    def _take_records(self, question: int, found: dict[RunFolder, _Known]) -> None:
        self._known = found
        if question == self._num_asked:
            self._num_answered = question
            self.records_read.emit([one.record for one in found.values() if one.record])

    @Slot(int, object)
    def _take_curves(self, question: int, curves: list[Curve]) -> None:
        if question == self._num_compared:
            self.curves_read.emit(curves)


def _read_records(
    question: int,
    folders: list[RunFolder],
    known: dict[RunFolder, _Known],
    answers: _Answers,
) -> None:
    """In a thread of the pool."""
    found: dict[RunFolder, _Known] = {}
    for folder in folders:
        stamp = _stamp_of(folder)
        before = known.get(folder)
        same = before is not None and before.stamp == stamp
        found[folder] = before if before and same else _Known(stamp, load_record(folder))
    answers.records.emit(question, found)


def _read_curves(question: int, folders: list[RunFolder], answers: _Answers) -> None:
    """In a thread of the pool."""
    answers.curves.emit(question, [loss_curve(folder) for folder in folders])


def _stamp_of(folder: RunFolder) -> Stamp:
    files = (folder.config_path, folder.metrics, folder.result, folder.notes, folder.samples)
    return tuple(_size_and_time(path) for path in files)


def _size_and_time(path: Path) -> tuple[int, int]:
    try:
        info = path.stat()
    except OSError:
        return (0, 0)
    return (info.st_size, info.st_mtime_ns)
