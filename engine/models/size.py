"""How large a base model is and how large it draws, without loading it. Imports no torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from engine.errors import UserError
from engine.model_errors import ClipSkipTooLarge, ModelDamaged
from engine.models.catalog import Layout, ModelSource, bundled_config, header_of, part_config
from engine.regular_files import listed, reason_of

# A part's file of weights as the libraries call it, with a variant's name and a shard's number.
_NAME = re.compile(
    r"(diffusion_pytorch_model|model|pytorch_model)(\.(?P<variant>[\w.]+))?(-\d{5}-of-\d{5})?"
)
_UNET = "model.diffusion_model."
_USUAL_LAYERS = 12  # of CLIP's text encoder, where a config does not say; as transformers has it
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
    try:
        texts = listed(source.path, "text_encoder*")
        return ModelSize(
            _in_folder(source.path / "unet"),
            sum(map(_in_folder, texts)),
            _in_folder(source.path / "vae"),
        )
    except OSError as error:
        raise ModelDamaged(path=str(source.path), reason=reason_of(error)) from error


def native_side(source: ModelSource) -> int:
    """Side in pixels of the square pictures that the model was made for.

    A folder's own configs say it; a single file has its family's size.
    """
    if source.layout is Layout.SINGLE_FILE:
        return source.family.resolution
    try:
        unet, vae = (part_config(source.path, part) for part in ("unet", "vae"))
        return int(unet["sample_size"]) * 2 ** (len(vae["block_out_channels"]) - 1)
    except (UserError, KeyError, TypeError):  # a side may be a list, or not be told
        return source.family.resolution


def bucket_step(source: ModelSource) -> int:
    """Sides of pictures that the model is trained on are multiples of so many pixels.

    As the loaded model says it: once for each level of the autoencoder and of the UNet.
    """
    unet, vae = (_config(source, part).get("block_out_channels", ()) for part in ("unet", "vae"))
    return 2 ** (max(len(vae), 1) - 1) * 2 ** (max(len(unet), 1) - 1)


def largest_clip_skip(source: ModelSource) -> int:
    """With it the shortest text encoder is read after its first layer."""
    parts = source.family.text_prefixes
    layers = [_config(source, part).get("num_hidden_layers") for part in parts]
    known = [number for number in layers if isinstance(number, int)]
    return min(known, default=_USUAL_LAYERS) - source.family.unread_layers


def require_clip_skip(clip_skip: int, largest: int, source: ModelSource) -> None:
    """Raises ClipSkipTooLarge."""
    if clip_skip > largest:
        raise ClipSkipTooLarge(clip_skip=clip_skip, largest=largest, model=source.title)


def _config(source: ModelSource, part: str) -> dict[str, Any]:
    if source.layout is Layout.SINGLE_FILE:
        return bundled_config(source.family, part)
    try:
        return part_config(source.path, part)
    except UserError:
        return bundled_config(source.family, part)


def weight_files(folder: Path) -> list[Path]:
    """A part's weights once, the shards in order; empty if there are none.

    Safetensors before old-style files. Of variants of the same weights: averaged before plain
    ones, whole before half precision. What systems and downloads leave there does not count.
    """
    for suffix in ("safetensors", "bin"):
        files = [path for path in listed(folder, f"*.{suffix}") if path.name[0] != "."]
        named = {path: _NAME.fullmatch(path.stem) for path in files}
        variants: dict[str, list[Path]] = {}
        for path, found in named.items():
            if found:
                variants.setdefault(found["variant"] or "", []).append(path)
        if variants:
            return variants[min(variants, key=_rank)]
        if suffix == "safetensors" and files:
            return files
    return []


def _rank(variant: str) -> tuple[bool, bool, str]:
    return ("non_ema" in variant, "fp16" in variant or "bf16" in variant, variant)


def _in_folder(folder: Path) -> int:
    return sum(
        prod(shape) for path in weight_files(folder) for shape in header_of(path).shapes.values()
    )
