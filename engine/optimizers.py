"""Optimizers by name, and the learning rate as a function of the step."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from engine.config import OptimizerSettings
from engine.methods.base import ParameterGroup

Builder = Callable[[list[dict], OptimizerSettings], torch.optim.Optimizer]


def _adamw(groups: list[dict], settings: OptimizerSettings) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019), fused: half the time of a step for full fine-tuning."""
    return torch.optim.AdamW(
        groups,
        betas=(settings.beta1, settings.beta2),
        weight_decay=settings.weight_decay,
        fused=True,
    )


OPTIMIZERS: dict[str, Builder] = {"adamw": _adamw}


def build_optimizer(
    groups: list[ParameterGroup], settings: OptimizerSettings
) -> torch.optim.Optimizer:
    """Each group remembers its own peak rate as "peak"."""
    tables = [
        {"params": group.parameters, "lr": group.learning_rate, "peak": group.learning_rate}
        for group in groups
    ]
    return OPTIMIZERS[settings.name](tables, settings)


def rate_factor(step: int, num_steps: int, settings: OptimizerSettings) -> float:
    """Share of the peak learning rate at a step (counted from 1), after a linear warm-up.

    The warm-up is a share of the run, so that a short run ends its warm-up too.
    """
    warmup = round(settings.warmup * num_steps)
    if step <= warmup:
        return step / (warmup + 1)
    share = (step - warmup - 1) / max(1, num_steps - warmup)
    match settings.schedule:
        case "cosine":
            return 0.5 * (1 + math.cos(math.pi * share))
        case "linear":
            return 1 - share
        case "constant":
            return 1.0


def set_rates(optimizer: torch.optim.Optimizer, factor: float) -> float:
    """Set every group's rate; returns the first group's."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
    return optimizer.param_groups[0]["lr"]
