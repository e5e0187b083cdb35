"""Reads metrics.jsonl without parsing each of its lines: a long run has a hundred thousand."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine import records, storage
from engine.config_file import Data
from engine.errors import RecordUnreadable
from engine.events import (
    CheckpointScored,
    RunCrashed,
    RunFailed,
    RunFinished,
    RunStarted,
    StepFinished,
)
from engine.metrics_lines import MAX_LINE, parsed_line
from engine.regular_files import is_file, opened

TAIL_BYTES = 1 << 16  # some hundred steps
# An average with weight 0.9 forgets what is 300 steps old to the last digit.
MOST_STEPS = 1_000
_STEP = b'{"event": "StepFinished"'
_MEMORY = re.compile(rb'"memory_bytes": (\d{1,18})[,}]')
_ENDS = (RunFinished.__name__, RunFailed.__name__, RunCrashed.__name__)


@dataclass(frozen=True, slots=True)
class MetricsSummary:
    """What the history of runs shows of the metrics."""

    steps: int  # that were taken
    losses: list[float]  # of the last steps
    peak_bytes: int
    best: Data | None  # the CheckpointScored line with the highest likeness
    end: Data | None  # the line of the last end; None while the run goes on or was cut off
    is_open: bool  # the run was started, perhaps again, and that start has no end


def summary_of(path: Path) -> MetricsSummary:
    """Reads the whole file, so not for the window's thread. A file that cannot be read has no
    lines, so that the other runs are shown."""
    recent: deque[bytes] = deque(maxlen=MOST_STEPS)
    others: list[Data] = []
    peak = 0
    for line in _lines_of(path):
        if line.startswith(_STEP):
            recent.append(line)
            found = _MEMORY.search(line)
            peak = max(peak, int(found[1])) if found else peak
            continue
        for data in _parsed([line]):
            peak = max(peak, data.get("memory_bytes", 0))
            if data.get("event") == StepFinished.__name__:  # written in another style
                recent.append(line)
            else:
                others.append(data)
    steps = list(_parsed(recent))
    scores = [line for line in others if line.get("event") == CheckpointScored.__name__]
    return MetricsSummary(
        steps=max((line.get("step", 0) for line in [*others, *steps]), default=0),
        losses=[float(line["loss"]) for line in steps],
        peak_bytes=peak,
        best=max(scores, key=lambda score: score["likeness"], default=None),
        end=end_in(others),
        is_open=end_in(others) is None and any(_starts(line) for line in others),
    )


def last_lines(path: Path) -> list[Data]:
    """The whole lines at the end of the file; empty where it cannot be read."""
    try:
        with opened(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read().split(b"\n")
    except OSError:
        return []
    return list(_parsed(lines if size <= TAIL_BYTES else lines[1:]))


def end_in(lines: Iterable[Data]) -> Data | None:
    """The line of the last end, unless the run was started again after it."""
    end = None
    for line in lines:
        if line.get("event") in _ENDS:
            end = line
        elif _starts(line):
            end = None
    return end


def _starts(line: Data) -> bool:
    return line.get("event") == RunStarted.__name__


def read_metrics(path: Path) -> list[Data]:
    """All whole lines; the last one may be torn by a crash and is left out.

    Raises RecordUnreadable where there is a file and it cannot be read.
    """
    return list(_parsed(_told_lines_of(path)))


def cut_metrics(path: Path, first_step: int) -> None:
    """Take out what came after a step. Lines that are not ours to understand are kept in a copy;
    the last one may be half a line, since a kill may come at any time.

    Raises RecordUnreadable, OutputNotWritable or DiskFull.
    """
    kept: list[bytes] = []
    is_damaged, was_understood = False, True
    for line in _told_lines_of(path):
        is_damaged = is_damaged or not was_understood  # the line before: it was not the last
        data = parsed_line(line)
        was_understood = data is not None
        if data and data.get("step", 0) <= first_step:
            kept.append(line.rstrip(b"\n") + b"\n")
    if is_damaged:
        storage.copy_to_free(path, path.with_name("metrics.damaged.jsonl"))
    if is_file(path):
        storage.write_bytes(path, b"".join(kept))


def _told_lines_of(path: Path) -> Iterator[bytes]:
    """None where there is no file. Raises RecordUnreadable."""
    try:
        with opened(path) as file:
            yield from _lines_in(file)
    except OSError as error:
        refused = records.not_opened(path, error)
        if refused.why is not records.Why.MISSING:
            raise RecordUnreadable(folder=str(path.parent), reason=refused.reason) from error


def _lines_of(path: Path) -> Iterator[bytes]:
    with suppress(OSError), opened(path) as file:
        yield from _lines_in(file)


def _lines_in(file: IO[bytes]) -> Iterator[bytes]:
    """A very long one comes in pieces, which are no lines."""
    while line := file.readline(MAX_LINE + 1):
        if line != b"\n":
            yield line


def _parsed(lines: Iterable[bytes]) -> Iterator[Data]:
    """A line that a crash has torn is left out."""
    for line in lines:
        data = parsed_line(line)
        if data is not None:
            yield data
