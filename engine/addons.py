"""Add-ons beside layers, put on a model's weights for a while, at any strength."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from engine.formats.lora_reading import read_adapter
from engine.models.base import DiffusionModel
from engine.results import AdapterLayer, AdapterResult, delta


@dataclass(frozen=True, slots=True)
class Addon:
    """A file and how strongly it counts."""

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


@contextmanager
def applied(model: DiffusionModel, addons: Sequence[Addon]) -> Iterator[None]:
    """`adapters_applied` for files. Raises what `read_adapter` does."""
    with adapters_applied(model, [(read_adapter(a.path, model), a.weight) for a in addons]):
        yield


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
    before: dict[nn.Module, Tensor] = {}
    try:
        for module, parts in layers.items():
            weight: Any = module.weight
            total = weight.detach().float()
            for layer, strength in parts:
                total = total + strength * delta(layer).reshape(weight.shape).to(total.device)
            before[module] = weight.data
            weight.data = total.to(weight.dtype)
        yield
    finally:
        for module, weight in before.items():
            module.weight.data = weight  # type: ignore[union-attr]


def _module(model: DiffusionModel, layer: AdapterLayer) -> nn.Module:
    part = next(part for part in model.parts() if part.name == layer.part)
    return part.module.get_submodule(layer.path)
