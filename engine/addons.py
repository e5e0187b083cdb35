"""LoRA files read back and put on a model for a while, at any strength."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from engine.errors import AddonDoesNotFit, AddonUnreadable, ModelIsLora, UserError
from engine.formats import lora_diffusers, lora_kohya
from engine.models.base import DiffusionModel
from engine.models.catalog import family_of_header
from engine.models.safetensors_header import read_header
from engine.results import LowRankLayer
from engine.wording import QT_TRANSLATE_NOOP, Phrase


@dataclass(frozen=True, slots=True)
class Addon:
    """A LoRA file and how strongly it counts."""

    path: Path
    weight: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Addon:
        """`FILE:weight` splits at the last colon, but only if a number follows."""
        head, colon, tail = text.rpartition(":")
        try:
            weight = float(tail)
        except ValueError:
            return cls(Path(text))
        if not colon or not head or not math.isfinite(weight):
            return cls(Path(text))
        return cls(Path(head), weight)


def read_layers(path: Path, model: DiffusionModel) -> list[LowRankLayer]:
    """The layers of a LoRA file in the kohya or diffusers form, all of which the model has.

    Raises AddonUnreadable, AddonDoesNotFit or one of the Model... errors.
    """
    header = read_header(path)
    try:
        family_of_header(path, header)
    except ModelIsLora:
        pass
    except UserError as error:
        raise AddonUnreadable(path=path.name, reason=error.sentence.rstrip(".")) from error
    else:
        raise AddonUnreadable(
            path=path.name,
            reason=Phrase(QT_TRANSLATE_NOOP("engine", "it is a whole model, not a LoRA")),
        )
    try:
        tensors = safetensors.torch.load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise AddonUnreadable(path=path.name, reason=str(error)) from error
    if lora_kohya.is_kohya(tensors):
        names = {lora_kohya.layer_name(*place): place for place in _places(model)}
        layers, unknown = lora_kohya.parse(tensors, names)
    elif lora_diffusers.is_diffusers(tensors):
        names = {".".join(place): place for place in _places(model)}
        layers, unknown = lora_diffusers.parse(tensors, names)
    else:
        raise AddonUnreadable(
            path=path.name, reason=Phrase(QT_TRANSLATE_NOOP("engine", "its form is not known"))
        )
    fitting = [layer for layer in layers if _fits(layer, _module(model, layer))]
    num_layers = len(layers) + len(unknown)
    if len(fitting) < num_layers:
        missing = num_layers - len(fitting)
        raise AddonDoesNotFit(path=path.name, num_missing=missing, num_layers=num_layers)
    return fitting


@contextmanager
def applied(model: DiffusionModel, addons: Sequence[Addon]) -> Iterator[None]:
    """Add the LoRAs to the weights inside the block; afterwards every weight is as before."""
    before: dict[nn.Module, Tensor] = {}
    try:
        for addon in addons:
            for layer in read_layers(addon.path, model):
                module = _module(model, layer)
                weight: Tensor = module.weight  # type: ignore[assignment]
                before.setdefault(module, weight.detach().clone())
                with torch.no_grad():
                    weight += addon.weight * delta(layer).reshape(weight.shape).to(weight)
        yield
    finally:
        for module, weight in before.items():
            module.weight.data.copy_(weight)  # type: ignore[union-attr]


def delta(layer: LowRankLayer) -> Tensor:
    """(alpha / rank) * up @ down in fp32, (out, in * k * k)."""
    up, down = layer.up.float().flatten(1), layer.down.float().flatten(1)
    return (layer.alpha / layer.rank) * (up @ down)


def _places(model: DiffusionModel) -> Iterator[tuple[str, str]]:
    for part in model.parts():
        for path, module in part.module.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                yield part.name, path


def _module(model: DiffusionModel, layer: LowRankLayer) -> nn.Module:
    part = next(part for part in model.parts() if part.name == layer.part)
    return part.module.get_submodule(layer.path)


def _fits(layer: LowRankLayer, module: nn.Module) -> bool:
    weight: Tensor = module.weight  # type: ignore[assignment]
    if min(layer.up.dim(), layer.down.dim()) < 2 or layer.rank == 0:
        return False
    rows, columns = weight.shape[0], weight[0].numel()
    return (
        layer.up.shape[0] == rows
        and layer.down[0].numel() == columns
        and layer.up[0].numel() == layer.down.shape[0]
    )
