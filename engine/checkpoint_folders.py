"""Where the checkpoints of a run lie. Imports no torch: the window asks, too."""

from __future__ import annotations

from pathlib import Path

from engine import records
from engine.checkpoint_errors import CheckpointUnreadable
from engine.file_names import whole_number


def folder_of(checkpoints: Path, step: int) -> Path:
    return checkpoints / f"step_{step:06d}"


def steps_in(checkpoints: Path) -> list[int]:
    """Steps that have a checkpoint folder, oldest first; by number, never by time.

    Raises CheckpointUnreadable where the folder cannot be listed.
    """
    try:
        names = [path.name for path in checkpoints.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = records.not_opened(checkpoints, error).reason
        raise CheckpointUnreadable(folder=str(checkpoints), reason=reason) from error
    return sorted(step for name in names if (step := _step_of(checkpoints / name)) is not None)


def _step_of(folder: Path) -> int | None:
    """None for a folder that no checkpoint is called."""
    step = whole_number(folder.name.removeprefix("step_"))
    return step if step is not None and folder_of(folder.parent, step) == folder else None


def last_step(checkpoints: Path) -> int | None:
    """The newest step, or None if there is no checkpoint or the folder cannot be listed."""
    try:
        return max(steps_in(checkpoints), default=None)
    except CheckpointUnreadable:
        return None
