"""What a DreamBooth run may be told. Imports no torch."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.methods.settings import PriorSettings, setting
from engine.wording import QT_TRANSLATE_NOOP


class DreamBoothSettings(PriorSettings):
    """Rates of the networks, and what keeps the class from drifting."""

    learns_whole_networks: ClassVar[bool] = True

    kind: Literal["dreambooth"] = "dreambooth"
    learning_rate: float = setting(
        2e-6,
        label=QT_TRANSLATE_NOOP("engine", "Learning rate"),
        help=QT_TRANSLATE_NOOP("engine", "How big each step is. Too high ends in noise."),
        gt=0,
        le=10,
    )
    prior_weight: float = setting(
        1.0,
        label=QT_TRANSLATE_NOOP("engine", "Weight of the class"),
        help=QT_TRANSLATE_NOOP(
            "engine", "Keeps other members of the class as they were. 0 switches it off."
        ),
        ge=0,
        le=10,
    )
    num_class_images: int = setting(
        100,
        label=QT_TRANSLATE_NOOP("engine", "Class pictures"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "Drawn once by the base model, then kept. 0 needs none: the base model's own answer "
            "is the target instead.",
        ),
        ge=0,
        le=10_000,
    )

    @property
    def leaves(self) -> tuple[str, ...]:
        return ("model",)
