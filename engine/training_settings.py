"""The settings of the loop itself: how weights move, how long, and what counts as wrong."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from engine.settings import MOST_STEPS, NUM_SEEDS, Settings, setting
from engine.wording import QT_TRANSLATE_NOOP, Phrase

LEAST_GRAD_NORM = 1e-6  # Adam adds 1e-8 to the size of each gradient that it divides by


class OptimizerSettings(Settings):
    """How the weights move."""

    name: Literal[
        "adamw", "adamw_8bit", "prodigy", "lion", "adafactor", "came", "schedulefree_adamw"
    ] = setting(
        "adamw",
        label=QT_TRANSLATE_NOOP("engine", "Optimizer"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "adafactor and came need the least memory. prodigy finds its own learning rate: give "
            "it 1. lion wants a learning rate 3 to 10 times lower than adamw.",
        ),
        advanced=True,
    )
    weight_decay: float = setting(
        0.01, label=QT_TRANSLATE_NOOP("engine", "Weight decay"), advanced=True, ge=0, le=1
    )
    beta1: float = setting(
        0.9, label=QT_TRANSLATE_NOOP("engine", "Beta 1"), advanced=True, ge=0, lt=1
    )
    beta2: float = setting(
        0.999, label=QT_TRANSLATE_NOOP("engine", "Beta 2"), advanced=True, ge=0, lt=1
    )
    schedule: Literal["constant", "linear", "cosine", "cosine_restarts", "polynomial", "rex"] = (
        setting(
            "cosine",
            label=QT_TRANSLATE_NOOP("engine", "Learning-rate schedule"),
            help=QT_TRANSLATE_NOOP(
                "engine",
                "How the learning rate falls over the run; schedulefree_adamw does without.",
            ),
            advanced=True,
        )
    )
    num_restarts: int = setting(
        3,
        label=QT_TRANSLATE_NOOP("engine", "Restarts"),
        help=QT_TRANSLATE_NOOP(
            "engine", "With cosine_restarts: how often the learning rate goes back to its peak."
        ),
        advanced=True,
        ge=1,
        le=100,
    )
    power: float = setting(
        2.0,
        label=QT_TRANSLATE_NOOP("engine", "Power"),
        help=QT_TRANSLATE_NOOP("engine", "With polynomial: 1 falls evenly, more falls earlier."),
        advanced=True,
        gt=0,
        le=10,
    )
    warmup: float = setting(
        0.05,
        label=QT_TRANSLATE_NOOP("engine", "Warm-up"),
        help=QT_TRANSLATE_NOOP("engine", "Share of the run in which the learning rate rises."),
        advanced=True,
        ge=0,
        le=0.9,
    )
    max_grad_norm: float = setting(
        1.0,
        label=QT_TRANSLATE_NOOP("engine", "Largest gradient"),
        help=QT_TRANSLATE_NOOP("engine", "Longer gradients are cut to this. 0 switches it off."),
        advanced=True,
        ge=0,
        le=1e9,
    )
    ema_decay: float = setting(
        0.0,
        label=QT_TRANSLATE_NOOP("engine", "Averaged weights"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "Share of the average that a step keeps, such as 0.999. Samples and exports then show "
            "the average. 0 switches it off.",
        ),
        advanced=True,
        ge=0,
        lt=1,
        fixed="on",
    )
    fused_backward: bool = setting(
        False,
        label=QT_TRANSLATE_NOOP("engine", "Step inside the backward pass"),
        help=QT_TRANSLATE_NOOP("engine", "Less memory; each gradient is used and freed at once."),
        advanced=True,
    )

    @field_validator("max_grad_norm")
    @classmethod
    def _is_off_or_moves_weights(cls, value: float) -> float:
        if 0 < value < LEAST_GRAD_NORM:
            raise ValueError(
                Phrase(
                    QT_TRANSLATE_NOOP(
                        "engine",
                        "no weight moves by gradients below {least}; 0 switches the limit off",
                    ),
                    least=LEAST_GRAD_NORM,
                )
            )
        return value


class TrainingSettings(Settings):
    """How long, how large, how exact."""

    steps: int = setting(
        1000,
        label=QT_TRANSLATE_NOOP("engine", "Steps"),
        help=QT_TRANSLATE_NOOP("engine", "How often the weights move."),
        ge=1,
        le=MOST_STEPS,
    )
    batch_size: int = setting(
        1,
        label=QT_TRANSLATE_NOOP("engine", "Pictures per step"),
        help=QT_TRANSLATE_NOOP("engine", "More is smoother, slower and needs more memory."),
        ge=1,
        le=1024,
    )
    gradient_accumulation: int = setting(
        1,
        label=QT_TRANSLATE_NOOP("engine", "Gradient accumulation"),
        help=QT_TRANSLATE_NOOP("engine", "Batches that make up one step."),
        advanced=True,
        ge=1,
        le=1024,
    )
    resolution: int = setting(
        512,
        label=QT_TRANSLATE_NOOP("engine", "Resolution"),
        unit=QT_TRANSLATE_NOOP("engine", "pixels"),
        help=QT_TRANSLATE_NOOP("engine", "Side of a square picture with the same area."),
        ge=32,
        le=4096,
    )
    seed: int = setting(
        42,
        label=QT_TRANSLATE_NOOP("engine", "Seed"),
        help=QT_TRANSLATE_NOOP("engine", "The same seed and settings give the same result."),
        advanced=True,
        ge=0,
        lt=NUM_SEEDS,
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto", label=QT_TRANSLATE_NOOP("engine", "Precision"), advanced=True
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = setting(
        "auto", label=QT_TRANSLATE_NOOP("engine", "Device"), advanced=True
    )
    weights: Literal["auto", "fp32", "bf16"] = setting(
        "auto",
        label=QT_TRANSLATE_NOOP("engine", "Precision of weights that learn"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "bf16 halves the memory of whole networks; what is lost in one step is rounded at "
            "random, so that it is not lost on average.",
        ),
        advanced=True,
    )
    gradient_checkpointing: Literal["auto", "on", "off"] = setting(
        "auto",
        label=QT_TRANSLATE_NOOP("engine", "Gradient checkpointing"),
        help=QT_TRANSLATE_NOOP("engine", "Much less memory, steps take about 1.4 times as long."),
        advanced=True,
    )
    clip_skip: int = setting(
        1,
        label=QT_TRANSLATE_NOOP("engine", "Clip skip"),
        help=QT_TRANSLATE_NOOP(
            "engine", "1 reads the text where the model expects it; 2 one layer earlier."
        ),
        advanced=True,
        ge=1,
        le=12,
    )


class LossSettings(Settings):
    """How right and wrong are measured."""

    kind: Literal["mse", "huber"] = setting(
        "mse",
        label=QT_TRANSLATE_NOOP("engine", "Loss"),
        help=QT_TRANSLATE_NOOP("engine", "huber forgives pictures that do not belong."),
        advanced=True,
    )
    huber_delta: float = setting(
        0.1,
        label=QT_TRANSLATE_NOOP("engine", "Huber delta"),
        help=QT_TRANSLATE_NOOP("engine", "Errors beyond this count less than squared."),
        advanced=True,
        gt=0,
        le=10,
    )
    huber_schedule: Literal["constant", "exponential", "snr"] = setting(
        "snr",
        label=QT_TRANSLATE_NOOP("engine", "Huber schedule"),
        help=QT_TRANSLATE_NOOP("engine", "How delta changes with the noise."),
        advanced=True,
    )
    weighting: Literal["none", "min_snr", "debiased"] = setting(
        "min_snr",
        label=QT_TRANSLATE_NOOP("engine", "Weight of noise levels"),
        help=QT_TRANSLATE_NOOP("engine", "Balances easy and hard noise levels."),
        advanced=True,
    )
    min_snr_gamma: float = setting(
        5.0,
        label=QT_TRANSLATE_NOOP("engine", "Min-SNR gamma"),
        help=QT_TRANSLATE_NOOP("engine", "Used with min_snr; lower weighs noisy pictures more."),
        advanced=True,
        ge=0.001,  # below it the optimizers take the gradients for zero
        le=100,
    )
    noise_offset: float = setting(
        0.0,
        label=QT_TRANSLATE_NOOP("engine", "Noise offset"),
        help=QT_TRANSLATE_NOOP("engine", "Helps very dark and very bright pictures."),
        advanced=True,
        ge=0,
        le=1,
    )
    zero_terminal_snr: bool = setting(
        False,
        label=QT_TRANSLATE_NOOP("engine", "Zero terminal SNR"),
        help=QT_TRANSLATE_NOOP(
            "engine", "The last noise level is pure noise; for models that say v-prediction."
        ),
        advanced=True,
        fixed="value",
    )
