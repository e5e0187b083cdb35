"""How many weights a base model has, counted without loading it. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path

from engine.models.catalog import Layout, ModelSource, header_of
from engine.models.safetensors_header import read_header

_UNET = "model.diffusion_model."
_TEXT = ("cond_stage_model.", "conditioner.")


@dataclass(frozen=True, slots=True)
class ModelSize:
    """Numbers of weights."""

    unet: int
    text: int  # of all text encoders
    vae: int


def measure_model(source: ModelSource) -> ModelSize:
    """Raises one of the Model... errors where a file is damaged."""
    if source.layout is Layout.SINGLE_FILE:
        shapes = header_of(source.path).shapes
        text = sum(prod(shape) for name, shape in shapes.items() if name.startswith(_TEXT))
        unet = sum(prod(shape) for name, shape in shapes.items() if name.startswith(_UNET))
        return ModelSize(unet, text, sum(map(prod, shapes.values())) - text - unet)
    texts = sorted(source.path.glob("text_encoder*"))
    return ModelSize(
        _in_folder(source.path / "unet"),
        sum(map(_in_folder, texts)),
        _in_folder(source.path / "vae"),
    )


def _in_folder(folder: Path) -> int:
    """Of two precisions of the same weights one counts."""
    files = sorted(folder.glob("*.safetensors"))
    whole = [path for path in files if ".fp16." not in path.name] or files
    return sum(prod(shape) for path in whole for shape in read_header(path).shapes.values())
