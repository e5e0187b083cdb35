"""What a method leaves behind, in a form that knows neither methods nor files."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class LowRankLayer:
    """One adapted layer: delta W = strength * (alpha / rank) * up @ down.

    `part` and `path` name the layer in the base model ("unet",
    "down_blocks.0...attn1.to_q"). Linear: down (r, in), up (out, r). Convolution:
    down (r, in, k, k), up (out, r, 1, 1).
    """

    part: str
    path: str
    down: Tensor
    up: Tensor
    alpha: float

    @property
    def rank(self) -> int:
        return self.down.shape[0]


@dataclass(frozen=True, slots=True)
class LowRankResult:
    """A LoRA (Hu et al. 2021)."""

    layers: tuple[LowRankLayer, ...]
    rank: int
    alpha: float

    @property
    def reads_text(self) -> bool:
        return any(layer.part != "unet" for layer in self.layers)


Result = LowRankResult
