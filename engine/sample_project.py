"""The bundled sample: a cat character that the starter model has never seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.config import DEFAULT_METHOD, STARTER
from engine.config_file import merge
from engine.models.catalog import RESOURCES
from engine.presets import starting_point

FOLDER = RESOURCES / "sample_project"
IMAGES = FOLDER / "images"
REFERENCE = FOLDER / "reference"  # poses that are compared with and never trained on
TRIGGER = "sks"
CLASS_WORD = "cat"
PROMPTS = tuple(
    f"a noto emoji of a {TRIGGER} {CLASS_WORD} on a {colour} background"
    for colour in ("white", "blue", "yellow", "red")
)


def sample_data(runs_folder: Path, kind: str = DEFAULT_METHOD) -> dict[str, Any]:
    """Settings of a run on the sample, as plain data."""
    own = {
        "name": "sample-cat",
        "base_model": STARTER,
        "runs_folder": str(runs_folder),
        "dataset": {"folder": str(IMAGES), "trigger": TRIGGER, "class_word": CLASS_WORD},
        "sampling": {"prompts": list(PROMPTS)},
        "evaluation": {"references": str(REFERENCE)},
    }
    return merge(starting_point(kind, STARTER, num_pictures=6), own)
