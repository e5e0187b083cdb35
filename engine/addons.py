"""Add-ons beside layers, put on a model's weights for a while, at any strength."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from engine.formats.lora_reading import read_adapter
from engine.models.base import DiffusionModel
from engine.regular_files import is_file
from engine.results import AdapterLayer, AdapterResult, bias_delta, delta


@dataclass(frozen=True, slots=True)
class Addon:
    """A file and how strongly it counts; `unet_weight` where it counts otherwise in the UNet."""

    path: Path
    weight: float = 1.0
    unet_weight: float | None = None

    @classmethod
    def parse(cls, text: str) -> Addon:
        """`FILE:weight` splits at the last colon, but only if a number follows, and if no file is
        called so."""
        head, colon, tail = text.rpartition(":")
        if is_file(Path(text)):
            return cls(Path(text))
        try:
            weight = float(tail)
        except ValueError:
            return cls(Path(text))
        if not colon or not head or not math.isfinite(weight):
            return cls(Path(text))
        return cls(Path(head), weight)


@contextmanager
def applied(model: DiffusionModel, addons: Sequence[Addon]) -> Iterator[None]:
    """`adapters_applied` for files. Raises what `read_adapter` does."""
    adapters = [
        half
        for addon in addons
        for half in halves(read_adapter(addon.path, model), addon.weight, addon.unet_weight)
    ]
    with adapters_applied(model, adapters):
        yield


def halves(
    result: AdapterResult, weight: float, unet_weight: float | None
) -> list[tuple[AdapterResult, float]]:
    """The add-on with its strength; apart for the text encoders and the UNet where they differ."""
    if unet_weight is None:
        return [(result, weight)]
    texts = tuple(layer for layer in result.layers if layer.part != "unet")
    unet = tuple(layer for layer in result.layers if layer.part == "unet")
    return [(replace(result, layers=texts), weight), (replace(result, layers=unet), unet_weight)]


@contextmanager
def adapters_applied(
    model: DiffusionModel, adapters: Sequence[tuple[AdapterResult, float]]
) -> Iterator[None]:
    """Add what they say to the weights inside the block; afterwards every weight is as before.

    Added in fp32 and rounded once, whatever the weights are held in; one weight at a time, so
    that no more than the changed weights lie beside the old ones.
    """
    layers: dict[nn.Module, list[tuple[AdapterLayer, float]]] = {}
    for result, strength in adapters:
        for layer in result.layers:
            layers.setdefault(_module(model, layer), []).append((layer, strength))
    before: list[tuple[Tensor, Tensor]] = []  # parameters and what they held
    try:
        for module, parts in layers.items():
            for parameter, total in _totals(module, parts):
                before.append((parameter, parameter.data))
                parameter.data = total.to(parameter.dtype)
        yield
    finally:
        for parameter, data in before:
            parameter.data = data


def _totals(
    module: Any, parts: Sequence[tuple[AdapterLayer, float]]
) -> Iterator[tuple[Tensor, Tensor]]:
    """The parameters of a module that change, and their new values in fp32.

    What each layer adds is worked out from the base weight, so their order does not matter.
    """
    base = module.weight.detach()
    total = base.float()
    for layer, strength in parts:
        total = total + strength * delta(layer, base).reshape(base.shape).to(total.device)
    yield module.weight, total
    biases = [(bias_delta(layer), strength) for layer, strength in parts]
    changes = [strength * bias.to(base.device) for bias, strength in biases if bias is not None]
    if changes:
        yield module.bias, module.bias.detach().float() + sum(changes)


def _module(model: DiffusionModel, layer: AdapterLayer) -> nn.Module:
    part = next(part for part in model.parts() if part.name == layer.part)
    return part.module.get_submodule(layer.path)
