"""Good starting points by method, base model and number of pictures.

Those for the starter model were tried on the sample project; those for real models are the
field's, until measured.
"""

from __future__ import annotations

from typing import Any

from engine.config import STARTER

STARTER_RESOLUTION = 64


def starting_point(kind: str, base_model: str, num_pictures: int) -> dict[str, Any]:
    """Settings as plain data, to lay under what the user says."""
    if base_model == STARTER:
        return {
            "method": {"kind": kind, "rank": 8, "alpha": 8.0, "learning_rate": 3e-3},
            "dataset": {"template": "a noto emoji of a {subject}"},
            "training": {"steps": 300, "batch_size": 4, "resolution": STARTER_RESOLUTION},
            "sampling": {"every_steps": 60, "num_inference_steps": 20, "guidance_scale": 3.0},
            "checkpoints": {"every_steps": 60},
        }
    return {
        "method": {"kind": kind, "rank": 16, "alpha": 16.0, "learning_rate": 1e-4},
        "training": {"steps": balanced_steps(num_pictures), "batch_size": 1, "resolution": 512},
    }


def balanced_steps(num_pictures: int) -> int:
    """60 steps a picture, at least 600, at most 2000."""
    return min(max(60 * num_pictures, 600), 2000)
