"""A run that was cut off: its folder has steps and no end, and nobody writes into it."""

from __future__ import annotations

from dataclasses import dataclass

import filelock

from engine import records
from engine.checkpoint_folders import last_step
from engine.metrics_reading import end_in, last_lines
from engine.project import RunFolder
from engine.records import NotRead
from engine.regular_files import is_there
from engine.run_shapes import RunSettings


@dataclass(frozen=True, slots=True)
class Interrupted:
    folder: RunFolder
    name: str
    step: int  # that it had reached
    checkpoint: int | None  # the last step that was saved


def interrupted(folder: RunFolder) -> Interrupted | None:
    """None where the run ended, is gone, or still goes on in another process."""
    try:
        name = records.read_json(folder.config_path, RunSettings).name
    except NotRead:
        return None
    lines = last_lines(folder.metrics)
    if end_in(lines) is not None or _is_held(folder):
        return None
    step = max((line.get("step", 0) for line in lines), default=0)
    return Interrupted(folder, name, step, last_step(folder.checkpoints))


def _is_held(folder: RunFolder) -> bool:
    """Whether another process holds the lock of the run; see RunFolder.locked."""
    path = folder.path / ".lock"
    if not is_there(path):
        return False
    lock = filelock.FileLock(path, timeout=0)
    try:
        with lock:
            return False
    except filelock.Timeout:
        return True
    except OSError:
        return False
