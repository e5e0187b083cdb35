"""What a single file says of itself: does it predict the noise, or the velocity v? No torch.

The marks are those that ComfyUI, AUTOMATIC1111 and Forge look at.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np

from engine.models.pickled_values import as_floats, read_values
from engine.models.safetensors_header import ITEM_BYTES, Header, is_pickle
from engine.regular_files import opened

PredictionType = Literal["epsilon", "v_prediction"]

# ComfyUI's rule for SD 2: the biases of this norm spread wider in a model that predicts v.
_NORM = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"
_SPREAD = 0.09
_MOST_YAML_BYTES = 64 << 10
_PARAMETERIZATION = re.compile(r"^[ \t]*+parameterization[ \t]*+:[ \t]*+[\"']?(\w+)", re.MULTILINE)
_SCALING = re.compile(r"^[ \t]*+target[ \t]*+:[ \t]*+[\"']?[\w.]*\b(V|Eps)Scaling\b", re.MULTILINE)
_WORDS: dict[str, PredictionType] = {
    "v": "v_prediction",
    "v_prediction": "v_prediction",
    "v-prediction": "v_prediction",
    "v_pred": "v_prediction",
    "vpred": "v_prediction",
    "velocity": "v_prediction",
    "eps": "epsilon",
    "epsilon": "epsilon",
}

# ModelSpec's names of the two kinds of SD 2.
_ARCHITECTURES: dict[str, PredictionType] = {
    "stable-diffusion-v2-512": "epsilon",
    "stable-diffusion-v2-768-v": "v_prediction",
}


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known; None where nothing is said."""

    prediction_type: PredictionType | None
    zero_terminal_snr: bool


def read_marks(path: Path, header: Header, *, is_sd2: bool) -> Marks:
    """A yaml beside the file counts most, then the file's own marks, then what it looks like."""
    said = _yaml_beside(path)
    if said is None and "v_pred" in header.shapes:
        said = "v_prediction"
    if said is None:
        said = _WORDS.get(header.metadata.get("modelspec.prediction_type", "").strip().lower())
    if said is None and is_sd2:
        said = _ARCHITECTURES.get(header.metadata.get("modelspec.architecture", ""))
    if said is None and is_sd2:
        said = _by_spread(path, header)
    return Marks(said, "ztsnr" in header.shapes)


def by_spread(biases: np.ndarray) -> PredictionType:
    """The biases of the norm that ComfyUI looks at -> what an SD 2 predicts."""
    return "v_prediction" if float(biases.astype(np.float64).std()) > _SPREAD else "epsilon"


def _yaml_beside(path: Path) -> PredictionType | None:
    """From the config that AUTOMATIC1111 reads, `<stem>.yaml`. It is read as text, not parsed."""
    try:
        with opened(path.with_suffix(".yaml")) as file:
            text = file.read(_MOST_YAML_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    if match := _PARAMETERIZATION.search(text):
        return _WORDS.get(match[1].lower())
    if match := _SCALING.search(text):
        return _WORDS[match[1].lower()]
    return None


def _by_spread(path: Path, header: Header) -> PredictionType | None:
    if header.dtypes.get(_NORM) not in ("F16", "BF16", "F32"):
        return None
    values = read_values(path, _NORM) if is_pickle(path) else _values(path, header, _NORM)
    return None if values is None else by_spread(values)


def _values(path: Path, header: Header, name: str) -> np.ndarray:
    """One tensor's values, flat. The tensors lie in the header's order, without gaps."""
    place = 0
    for other, shape in header.shapes.items():
        if other == name:
            break
        place += prod(shape) * ITEM_BYTES[header.dtypes[other]]
    count, dtype = prod(header.shapes[name]), header.dtypes[name]
    with opened(path) as file:
        start = struct.unpack("<Q", file.read(8))[0]
        file.seek(8 + start + place)
        raw = file.read(count * ITEM_BYTES[dtype])
    return as_floats(raw, dtype)
