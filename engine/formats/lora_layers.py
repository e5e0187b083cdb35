"""Whether the tensors of a layer make up one, and whether it fits the model's layer."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engine.formats.lora_keys import NUMBERS
from engine.results import (
    BIAS,
    DIFF,
    GLORA,
    LORA_DOWN,
    LORA_MID,
    LORA_UP,
    AdapterLayer,
    bias_delta,
    delta,
)

_HADA = frozenset(f"hada_w{n}_{side}" for n in "12" for side in "ab")
_WHOLE = (
    frozenset({LORA_DOWN, LORA_UP}),
    frozenset({LORA_DOWN, LORA_UP, LORA_MID}),
    _HADA,
    _HADA | {"hada_t1", "hada_t2"},
    frozenset({DIFF}),
    frozenset(GLORA),
)
_LOKR_FIRST = (frozenset({"lokr_w1"}), frozenset({"lokr_w1_a", "lokr_w1_b"}))
_LOKR_SECOND = (
    frozenset({"lokr_w2"}),
    frozenset({"lokr_w2_a", "lokr_w2_b"}),
    frozenset({"lokr_w2_a", "lokr_w2_b", "lokr_t2"}),
)


def built(roles: Mapping[str, Tensor]) -> bool:
    """Whether the roles make up one layer, and nothing is left over."""
    names = frozenset(roles) - frozenset(NUMBERS)
    rest = names - {BIAS}
    if not rest:
        return bool(names)  # a bias alone
    first = frozenset(name for name in rest if name.startswith("lokr_w1"))
    return rest in _WHOLE or (first in _LOKR_FIRST and rest - first in _LOKR_SECOND)


def fits(layer: AdapterLayer, part: nn.Module) -> bool:
    """By working the change out on the meta device: shapes alone, no arithmetic."""
    module = part.get_submodule(layer.path)
    weight: Tensor = torch.empty_like(module.weight, device="meta")  # type: ignore[arg-type]
    bare = {role: torch.empty_like(t, device="meta") for role, t in layer.tensors.items()}
    try:
        empty = AdapterLayer(layer.part, layer.path, bare, layer.alpha)
        change, bias = delta(empty, weight), bias_delta(empty)
    except (RuntimeError, KeyError, IndexError, TypeError):
        return False
    if change is not None and change.numel() != weight.numel():
        return False
    if change is not None and change.shape[0] != weight.shape[0]:
        return False
    own: Tensor | None = getattr(module, "bias", None)
    return bias is None or (own is not None and bias.shape == own.shape)
