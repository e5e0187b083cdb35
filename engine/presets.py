"""Good starting points by method, base model and number of pictures.

What a base model wants stands here, what a method wants on its card. Those for the starter
model were tried on the sample project; those for real models are the field's, until measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.config import STARTER
from engine.config_file import merge
from engine.data.pictures import PICTURE_SUFFIXES
from engine.data.walk import Walked, walk
from engine.errors import UserError
from engine.methods.catalog import METHODS
from engine.models.catalog import locate
from engine.models.size import native_side
from engine.regular_files import is_folder
from engine.storage import expand

STARTER_RESOLUTION = 64
MOST = 5000  # files that are counted: the recommended steps grow no more long before that


def starting_point(kind: str, base_model: str, num_pictures: int) -> dict[str, Any]:
    """Settings as plain data, to lay under what the user says."""
    family, data = _base(base_model, num_pictures)
    data["method"] = {"kind": kind}
    card = METHODS.get(kind)
    if card is None:  # the check will say so
        return data
    return merge(data, card.presets.get(family, card.presets.get("", {})))


def keys_of_presets() -> set[str]:
    """Every setting that the preset of some method speaks of, beside those of methods."""
    return {
        f"{section}.{key}"
        for card in METHODS.values()
        for preset in card.presets.values()
        for section, values in preset.items()
        if section != "method"
        for key in values
    }


def count_pictures(folder: str) -> int:
    """How many pictures a run would find, by their names; 0 where there is no folder, or none that
    can be read: the run says why."""
    if not folder_is_there(folder):
        return 0
    try:
        return len(named_pictures(walk(expand(folder), MOST)))
    except UserError:
        return 0


def folder_is_there(folder: str) -> bool:
    return bool(folder) and is_folder(expand(folder))


def named_pictures(walked: Walked) -> list[Path]:
    return [path for path in walked.files if path.suffix.lower() in PICTURE_SUFFIXES]


def balanced_steps(num_pictures: int) -> int:
    """60 steps a picture, at least 600, at most 2000."""
    return min(max(60 * num_pictures, 600), 2000)


def _base(base_model: str, num_pictures: int) -> tuple[str, dict[str, Any]]:
    """Name of the family, and what suits its models."""
    if base_model == STARTER:
        return STARTER, {
            "dataset": {"template": "a noto emoji of a {subject}"},
            "training": {"steps": 300, "batch_size": 4, "resolution": STARTER_RESOLUTION},
            "sampling": {"every_steps": 100, "num_inference_steps": 20, "guidance_scale": 3.0},
            "checkpoints": {"every_steps": 100},
        }
    try:
        source = locate(base_model)
    except UserError:  # the run will say what is wrong with it
        name, resolution = "", 512
    else:
        name, resolution = source.family.name, native_side(source)
    steps = balanced_steps(num_pictures)
    return name, {"training": {"steps": steps, "batch_size": 1, "resolution": resolution}}
