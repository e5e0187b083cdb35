"""The learning rate as a function of the step."""

from __future__ import annotations

import math

from engine.config import OptimizerSettings

# Averages its weights over the run instead of lowering the rate (Defazio et al. 2024).
SCHEDULE_FREE = "schedulefree_adamw"


def rate_factor(step: int, num_steps: int, settings: OptimizerSettings) -> float:
    """Share of the peak learning rate at a step (counted from 1), after a linear warm-up.

    The warm-up is a share of the run, so that a short run ends its warm-up too. A schedule-free
    optimizer stays at its peak after the warm-up, whatever schedule is set.
    """
    warmup = round(settings.warmup * num_steps)
    if step <= warmup:
        return step / (warmup + 1)
    if settings.name == SCHEDULE_FREE:
        return 1.0
    done, total = step - warmup - 1, max(1, num_steps - warmup)
    share = done / total
    match settings.schedule:
        case "constant":
            return 1.0
        case "linear":
            return 1 - share
        case "cosine":
            return 0.5 * (1 + math.cos(math.pi * share))
        case "cosine_restarts":  # whole numbers, so that a restart hits its step exactly
            share = (done * (settings.num_restarts + 1)) % total / total
            return 0.5 * (1 + math.cos(math.pi * share))
        case "polynomial":
            return (1 - share) ** settings.power
        case "rex":  # Chen et al. 2021: slow at first, fast at the end
            return (1 - share) / (0.5 + 0.5 * (1 - share))
