"""What a hypernetwork run may be told."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from engine.methods.settings import MethodSettings, learning_rate
from engine.settings import setting
from engine.wording import QT_TRANSLATE_NOOP, Phrase

# What both front ends know; AUTOMATIC1111 takes more, ComfyUI leaves the picture unchanged then.
Activation = Literal[
    "linear", "relu", "leakyrelu", "elu", "swish", "tanh", "sigmoid", "softsign", "mish"
]
WeightInit = Literal[
    "Zero", "Normal", "XavierUniform", "XavierNormal", "KaimingUniform", "KaimingNormal"
]
_MIN_MULTIPLE = 0.1
_MAX_LAYERS = 16
_MAX_SIZE = 100  # weights of a net, in squares of its width; 1, 2, 1 has 4


class HypernetworkSettings(MethodSettings):
    """Shape and rate of the nets before to_k and to_v."""

    kind: Literal["hypernetwork"] = "hypernetwork"
    learning_rate: float = learning_rate(1e-5)
    layer_structure: str = setting(
        "1, 2, 1",
        label=QT_TRANSLATE_NOOP("engine", "Layer structure"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "Widths of the layers of each net, as multiples of its input; begins and ends with 1.",
        ),
        fixed="value",
    )
    activation: Activation = setting(
        "linear",
        label=QT_TRANSLATE_NOOP("engine", "Activation"),
        help=QT_TRANSLATE_NOOP("engine", "What stands between the layers; linear is nothing."),
        advanced=True,
        fixed="value",
    )
    activate_output: bool = setting(
        False,
        label=QT_TRANSLATE_NOOP("engine", "Activation after the last layer too"),
        advanced=True,
        fixed="value",
    )
    layer_norm: bool = setting(
        False,
        label=QT_TRANSLATE_NOOP("engine", "Layer normalisation"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "With an activation, and none after the last layer, ComfyUI draws other pictures "
            "with the file than AUTOMATIC1111 and Imprint do.",
        ),
        advanced=True,
        fixed="value",
    )
    dropout: float = setting(
        0.0,
        label=QT_TRANSLATE_NOOP("engine", "Dropout"),
        help=QT_TRANSLATE_NOOP(
            "engine", "Share of the inner layers' values that is left out at random."
        ),
        advanced=True,
        ge=0,
        lt=1,
    )
    weight_init: WeightInit = setting(
        "Zero",
        label=QT_TRANSLATE_NOOP("engine", "First weights"),
        help=QT_TRANSLATE_NOOP(
            "engine", "Zero begins at the base model as it is; the others begin a little beside it."
        ),
        advanced=True,
        validate_default=True,
    )
    self_attention: bool = setting(
        True,
        label=QT_TRANSLATE_NOOP("engine", "Self-attention too"),
        help=QT_TRANSLATE_NOOP(
            "engine", "Off: only what is read from the prompt is changed. Faster, weaker."
        ),
        advanced=True,
        fixed="value",
    )

    @property
    def leaves(self) -> tuple[str, ...]:
        return ("hypernetwork",)

    @property
    def structure(self) -> tuple[float, ...]:
        """The layer structure in numbers."""
        return _numbers(self.layer_structure)

    @field_validator("layer_structure", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return ", ".join(str(number) for number in value)
        return value

    @field_validator("layer_structure")
    @classmethod
    def _is_a_structure(cls, value: str) -> str:
        numbers = _numbers(value)
        if len(numbers) < 2 or numbers[0] != 1 or numbers[-1] != 1:
            raise ValueError(
                Phrase(QT_TRANSLATE_NOOP("engine", "the first and the last number must be 1"))
            )
        if not all(number >= _MIN_MULTIPLE and math.isfinite(number) for number in numbers):
            raise ValueError(
                Phrase(
                    QT_TRANSLATE_NOOP("engine", "every number must be at least {limit}"),
                    limit=_MIN_MULTIPLE,
                )
            )
        if len(numbers) > _MAX_LAYERS or sum(a * b for a, b in pairwise(numbers)) > _MAX_SIZE:
            raise ValueError(
                Phrase(QT_TRANSLATE_NOOP("engine", "the nets would be too big; try 1, 2, 1"))
            )
        return value

    @field_validator("weight_init")
    @classmethod
    def _can_learn(cls, value: str, info: ValidationInfo) -> str:
        activation = info.data.get("activation")
        ends_in_it = info.data.get("activate_output") and not info.data.get("layer_norm")
        # At 0 a ReLU has no slope, so nothing would ever be learnt; a sigmoid is not 0 there.
        if value == "Zero" and ends_in_it and activation in ("relu", "sigmoid"):
            raise ValueError(
                Phrase(
                    QT_TRANSLATE_NOOP(
                        "engine",
                        "nets that end in {activation} cannot begin at zero; choose Normal",
                    ),
                    activation=activation,
                )
            )
        return value


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError as error:
        raise ValueError(
            Phrase(QT_TRANSLATE_NOOP("engine", "it must be numbers between commas, as in 1, 2, 1"))
        ) from error
