"""Where the checkpoints of a run lie. Imports no torch: the window asks, too."""

from __future__ import annotations

from pathlib import Path

from engine import records
from engine.checkpoint_errors import CheckpointUnreadable


def folder_of(checkpoints: Path, step: int) -> Path:
    return checkpoints / f"step_{step:06d}"


def steps_in(checkpoints: Path) -> list[int]:
    """Steps that have a checkpoint folder, oldest first; by number, never by time.

    Raises CheckpointUnreadable where the folder cannot be listed.
    """
    try:
        names = [path.name for path in checkpoints.iterdir() if path.name.startswith("step_")]
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = records.not_opened(checkpoints, error).reason
        raise CheckpointUnreadable(folder=str(checkpoints), reason=reason) from error
    return sorted(int(name[5:]) for name in names if name[5:].isdigit())


def last_step(checkpoints: Path) -> int | None:
    """The newest step, or None if there is no checkpoint or the folder cannot be listed."""
    try:
        return max(steps_in(checkpoints), default=None)
    except CheckpointUnreadable:
        return None
