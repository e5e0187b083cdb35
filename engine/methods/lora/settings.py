"""What a LoRA run may be told."""

from __future__ import annotations

from typing import Literal

from engine.settings import Settings, setting
from engine.wording import QT_TRANSLATE_NOOP


class LoraSettings(Settings):
    """Rank, strength and rates of a LoRA."""

    kind: Literal["lora"] = "lora"
    rank: int = setting(
        16,
        label=QT_TRANSLATE_NOOP("engine", "Rank"),
        help=QT_TRANSLATE_NOOP(
            "engine", "How much the add-on can hold. Higher is larger, not always better."
        ),
        ge=1,
        le=256,
    )
    alpha: float = setting(
        16.0,
        label=QT_TRANSLATE_NOOP("engine", "Alpha"),
        help=QT_TRANSLATE_NOOP("engine", "The result is scaled by alpha / rank."),
        advanced=True,
        gt=0,
        le=1024,
    )
    learning_rate: float = setting(
        1e-4,
        label=QT_TRANSLATE_NOOP("engine", "Learning rate"),
        help=QT_TRANSLATE_NOOP("engine", "How big each step is. Too high ends in noise."),
        gt=0,
        le=1,
    )
    text_learning_rate: float = setting(
        0.0,
        label=QT_TRANSLATE_NOOP("engine", "Text encoder learning rate"),
        help=QT_TRANSLATE_NOOP("engine", "0 leaves the text encoder as it is."),
        advanced=True,
        ge=0,
        le=1,
    )
    dropout: float = setting(
        0.0,
        label=QT_TRANSLATE_NOOP("engine", "Dropout"),
        help=QT_TRANSLATE_NOOP(
            "engine", "Share of the add-on's inputs that is left out at random."
        ),
        advanced=True,
        ge=0,
        lt=1,
    )
    feed_forward: bool = setting(
        True,
        label=QT_TRANSLATE_NOOP("engine", "Feed-forward layers too"),
        help=QT_TRANSLATE_NOOP("engine", "Off: only the attention layers learn."),
        advanced=True,
    )
