"""What a Textual Inversion run may be told. Imports no torch."""

from __future__ import annotations

from typing import Literal

from engine.methods.settings import MethodSettings, learning_rate
from engine.settings import setting
from engine.wording import QT_TRANSLATE_NOOP


class TextualInversionSettings(MethodSettings):
    """How many vectors a word has, where they begin, and how far they may go."""

    kind: Literal["textual_inversion"] = "textual_inversion"
    learning_rate: float = learning_rate(5e-3)
    num_vectors: int = setting(
        4,
        label=QT_TRANSLATE_NOOP("engine", "Vectors"),
        help=QT_TRANSLATE_NOOP(
            "engine", "How much the word can hold; each takes a place of the prompt's 75."
        ),
        ge=1,
        le=32,
        fixed="value",
    )
    initializer: str = setting(
        "",
        label=QT_TRANSLATE_NOOP("engine", "Begin as"),
        help=QT_TRANSLATE_NOOP(
            "engine", "A word or phrase that comes close. Empty: what the pictures show."
        ),
        max_length=200,
    )
    max_norm: float = setting(
        4.0,
        label=QT_TRANSLATE_NOOP("engine", "Longest vector"),
        help=QT_TRANSLATE_NOOP(
            "engine", "In lengths of an ordinary word's vector. 0 sets no limit."
        ),
        advanced=True,
        ge=0,
        le=1000,
    )

    @property
    def needs_trigger(self) -> bool:
        return True

    @property
    def leaves(self) -> tuple[str, ...]:
        return ("embedding",)
