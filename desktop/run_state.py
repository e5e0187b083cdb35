"""Where a run stands, as the training page shows it."""

from __future__ import annotations

from enum import Enum


class RunState(Enum):
    """Where a run stands, for the window."""

    IDLE = "idle"
    PREPARING = "preparing"
    TRAINING = "training"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def is_running(self) -> bool:
        return self in (RunState.PREPARING, RunState.TRAINING, RunState.PAUSED, RunState.STOPPING)
