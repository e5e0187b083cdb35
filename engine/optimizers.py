"""Optimizers by name, each with the options that suit fine-tuning.

One optimizer moves weights of one learning rate; engine.stepping puts many together. Learning
rates mean what each optimizer's paper means by them: Prodigy finds its own and takes the
group's rate as a factor on it, so 1.0 is its usual value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import torch
from torch import nn
from torch.optim import Optimizer

from engine.config import OptimizerSettings
from engine.errors import OptimizerNeedsCard, OptimizerUnfit
from engine.schedules import SCHEDULE_FREE
from engine.wording import QT_TRANSLATE_NOOP, Phrase

LION_BETA2 = 0.99  # Chen et al. 2023; its momentum needs no longer memory
CAME_BETA3 = 0.9999  # Luo et al. 2023

Builder = Callable[[list[nn.Parameter], float, OptimizerSettings], Optimizer]


@dataclass(frozen=True, slots=True)
class OptimizerKind:
    """How an optimizer is made, and what it asks of the one that calls it."""

    build: Builder
    looks_at_all: bool = False  # decides from all weights of a group together
    factored: bool = False  # keeps rows and columns of matrices, so kernels must be matrices


def _adamw(parameters: list[nn.Parameter], rate: float, settings: OptimizerSettings) -> Optimizer:
    """AdamW (Loshchilov & Hutter 2019), fused: half the time of a step for full fine-tuning."""
    return torch.optim.AdamW(
        parameters,
        lr=rate,
        betas=(settings.beta1, settings.beta2),
        weight_decay=settings.weight_decay,
        fused=True,
    )


def _adamw_8bit(
    parameters: list[nn.Parameter], rate: float, settings: OptimizerSettings
) -> Optimizer:
    """AdamW with its state in 8 bits, by blocks (Dettmers et al. 2022)."""
    if parameters[0].device.type != "cuda" or find_spec("bitsandbytes") is None:
        raise OptimizerNeedsCard()
    return import_module("bitsandbytes.optim").AdamW8bit(
        parameters,
        lr=rate,
        betas=(settings.beta1, settings.beta2),
        weight_decay=settings.weight_decay,
    )


def _prodigy(parameters: list[nn.Parameter], rate: float, settings: OptimizerSettings) -> Optimizer:
    """Prodigy (Mishchenko & Defazio 2024): the rate is multiplied onto its own estimate d."""
    from pytorch_optimizer import Prodigy

    return Prodigy(
        parameters,
        lr=rate,
        betas=(settings.beta1, settings.beta2),
        weight_decay=settings.weight_decay,
        bias_correction=True,
        safeguard_warmup=True,
    )


def _lion(parameters: list[nn.Parameter], rate: float, settings: OptimizerSettings) -> Optimizer:
    """Lion (Chen et al. 2023): only signs move; wants a rate 3 to 10 times lower than AdamW."""
    from pytorch_optimizer import Lion

    return Lion(
        parameters,
        lr=rate,
        betas=(settings.beta1, min(settings.beta2, LION_BETA2)),
        weight_decay=settings.weight_decay,
    )


def _adafactor(
    parameters: list[nn.Parameter], rate: float, settings: OptimizerSettings
) -> Optimizer:
    """Adafactor (Shazeer & Stern 2018) without momentum, at the rate that it is told."""
    from pytorch_optimizer import AdaFactor

    return AdaFactor(
        parameters,
        lr=rate,
        betas=(None, settings.beta2),
        weight_decay=settings.weight_decay,
        scale_parameter=False,
        relative_step=False,
    )


def _came(parameters: list[nn.Parameter], rate: float, settings: OptimizerSettings) -> Optimizer:
    """CAME (Luo et al. 2023): Adafactor with momentum and a measure of trust in it."""
    from pytorch_optimizer import CAME

    return CAME(
        parameters,
        lr=rate,
        betas=(settings.beta1, settings.beta2, CAME_BETA3),
        weight_decay=settings.weight_decay,
    )


def _schedulefree_adamw(
    parameters: list[nn.Parameter], rate: float, settings: OptimizerSettings
) -> Optimizer:
    """Schedule-free AdamW (Defazio et al. 2024): averages its weights, needs no schedule."""
    from pytorch_optimizer import ScheduleFreeAdamW

    if settings.beta1 == 0:
        raise OptimizerUnfit(
            optimizer=settings.name,
            reason=Phrase(QT_TRANSLATE_NOOP("engine", "it needs a Beta 1 above 0, such as 0.9")),
        )
    return ScheduleFreeAdamW(
        parameters,
        lr=rate,
        betas=(settings.beta1, settings.beta2),
        weight_decay=settings.weight_decay,
    )


OPTIMIZERS: dict[str, OptimizerKind] = {
    "adamw": OptimizerKind(_adamw),
    "adamw_8bit": OptimizerKind(_adamw_8bit),
    "prodigy": OptimizerKind(_prodigy, looks_at_all=True),
    "lion": OptimizerKind(_lion),
    "adafactor": OptimizerKind(_adafactor, factored=True),
    "came": OptimizerKind(_came, factored=True),
    SCHEDULE_FREE: OptimizerKind(_schedulefree_adamw),
}


def build_optimizer(
    parameters: list[nn.Parameter], rate: float, settings: OptimizerSettings
) -> Optimizer:
    """The optimizer that the settings name, over at least one parameter, in one group.

    Raises OptimizerNeedsCard, OptimizerUnfit.
    """
    return OPTIMIZERS[settings.name].build(parameters, rate, settings)
