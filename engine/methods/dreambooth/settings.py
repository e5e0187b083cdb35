"""What a DreamBooth run may be told. Imports no torch."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.methods.settings import (
    PriorSettings,
    class_images,
    class_weight,
    learning_rate,
)


class DreamBoothSettings(PriorSettings):
    """Rates of the networks, and what keeps the class from drifting."""

    learns_whole_networks: ClassVar[bool] = True

    kind: Literal["dreambooth"] = "dreambooth"
    learning_rate: float = learning_rate(2e-6)
    prior_weight: float = class_weight(1.0)
    num_class_images: int = class_images(100)

    @property
    def leaves(self) -> tuple[str, ...]:
        return ("model",)
