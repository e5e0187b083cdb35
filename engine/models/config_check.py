"""Checks the numbers in the configs of a diffusers folder before anything is made by them.

A config comes from whoever made the model. Of what Imprint uses, each number must be one that a
model of these families can have: a hundred million timesteps would take all memory, and a beta of
NaN would make every weight NaN. Imports no torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.model_errors import ModelNumberWrong
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_WHOLE = QT_TRANSLATE_NOOP("engine", "a whole number from {low} to {high}")
_BETWEEN = QT_TRANSLATE_NOOP("engine", "a number between {low} and {high}")
_LIST = QT_TRANSLATE_NOOP("engine", "a list of {count} values, each {wanted}")
_ONE_OF = QT_TRANSLATE_NOOP("engine", "one of {choices}")
_NOT_BELOW = QT_TRANSLATE_NOOP("engine", "at least {name}, which is {limit}")
_MOST_ENTRIES = 16  # levels of a network
_DEEPEST = 3  # lists inside one another: layers, by level, by block
_MOST = 1_000_000  # of anything that a config counts
_MOST_LAYERS = 200
# By a part of the setting's name.
_LIMITS = {"layers": _MOST_LAYERS, "image_size": 2_048, "patch_size": 224}
_SHOWN = 40  # characters of a value in a sentence


@dataclass(frozen=True, slots=True)
class _Whole:
    """A whole number, ends included. `lists`: or lists of such numbers."""

    low: int
    high: int
    lists: bool = False
    may_be_null: bool = False

    @property
    def wanted(self) -> Phrase:
        return Phrase(_WHOLE, low=self.low, high=self.high)

    def holds(self, value: Any, depth: int = 0) -> bool:
        if value is None:
            return self.may_be_null
        if isinstance(value, list) and self.lists and depth < _DEEPEST:
            is_short = 0 < len(value) <= _MOST_ENTRIES
            return is_short and all(self.holds(one, depth + 1) for one in value)
        return type(value) is int and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class _Between:
    """A finite number, without the ends; `or_zero`: or 0."""

    low: float
    high: float
    or_zero: bool = False
    may_be_null: bool = False

    @property
    def wanted(self) -> Phrase:
        return Phrase(_BETWEEN, low=f"{self.low:g}", high=f"{self.high:g}")

    def holds(self, value: Any) -> bool:
        if value is None:
            return self.may_be_null
        is_number = type(value) in (int, float) and math.isfinite(value)
        return is_number and (self.low < value < self.high or (self.or_zero and value == 0))


@dataclass(frozen=True, slots=True)
class _OneOf:
    choices: tuple[str | int, ...]

    @property
    def wanted(self) -> Phrase:
        return Phrase(_ONE_OF, choices=", ".join(map(str, self.choices)))

    def holds(self, value: Any) -> bool:
        return any(type(value) is type(choice) and value == choice for choice in self.choices)


_Rule = _Whole | _Between | _OneOf
_STEPS, _BETA = _Whole(100, 10_000), _Between(0, 1)
_WIDTHS, _LAYERS = _Whole(1, 16_384, lists=True), _Whole(1, 200, lists=True)
_SIDE = _Whole(1, 8_192, lists=True, may_be_null=True)
_ID = _Whole(0, 1_000_000, may_be_null=True)

_SCHEDULER: dict[str, _Rule] = {
    "num_train_timesteps": _STEPS,
    "beta_start": _BETA,
    "beta_end": _BETA,
    "beta_schedule": _OneOf(("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "laplace")),
    "prediction_type": _OneOf(("epsilon", "v_prediction")),
}
_RULES: dict[str, dict[str, _Rule]] = {
    "unet": {
        "in_channels": _OneOf((4,)),
        "out_channels": _OneOf((4,)),
        "sample_size": _Whole(1, 1_024, lists=True, may_be_null=True),
        "block_out_channels": _WIDTHS,
        "layers_per_block": _LAYERS,
        "transformer_layers_per_block": _LAYERS,
        "reverse_transformer_layers_per_block": _Whole(1, 200, lists=True, may_be_null=True),
        "cross_attention_dim": _WIDTHS,
        "attention_head_dim": _WIDTHS,
        "num_attention_heads": _Whole(1, 16_384, lists=True, may_be_null=True),
        "norm_num_groups": _Whole(1, 1_024, may_be_null=True),
        "norm_eps": _BETA,
        "dropout": _Between(0, 1, or_zero=True),
        "addition_time_embed_dim": _Whole(1, 16_384, may_be_null=True),
        "projection_class_embeddings_input_dim": _Whole(1, 65_536, may_be_null=True),
    },
    "vae": {
        "in_channels": _OneOf((3,)),
        "out_channels": _OneOf((3,)),
        "latent_channels": _OneOf((4,)),
        "sample_size": _SIDE,
        "block_out_channels": _WIDTHS,
        "layers_per_block": _LAYERS,
        "norm_num_groups": _Whole(1, 1_024),
        "scaling_factor": _Between(0, 100),
    },
}
_TEXT: dict[str, _Rule] = {
    "vocab_size": _Whole(1, 1_000_000),
    "hidden_size": _Whole(1, 16_384),
    "intermediate_size": _Whole(1, 65_536),
    "projection_dim": _Whole(1, 16_384),
    "num_hidden_layers": _Whole(1, 200),
    "num_attention_heads": _Whole(1, 1_024),
    "max_position_embeddings": _Whole(77, 4_096),  # tokens of a prompt
    "layer_norm_eps": _BETA,
    "attention_dropout": _Between(0, 1, or_zero=True),
    "pad_token_id": _ID,
    "bos_token_id": _ID,
    "eos_token_id": _ID,
}


def require_part(folder: Path, part: str, config: Mapping[str, Any]) -> None:
    """A part's config.json. Raises ModelNumberWrong."""
    _require(folder, f"{part}/config.json", config, _RULES.get(part, _TEXT))


def require_scheduler(folder: Path, config: Mapping[str, Any]) -> None:
    """scheduler_config.json. Raises ModelNumberWrong."""
    file = "scheduler_config.json"
    _require(folder, file, config, _SCHEDULER)
    steps = config.get("num_train_timesteps", 1_000)
    betas = config.get("trained_betas")
    if betas is not None:
        is_list = isinstance(betas, list) and len(betas) == steps
        if not is_list or not all(map(_BETA.holds, betas)):
            wanted = Phrase(_LIST, count=steps, wanted=_BETA.wanted)
            raise _wrong(folder, file, "trained_betas", betas, wanted)
    first, last = config.get("beta_start", 0.0001), config.get("beta_end", 0.02)
    if last < first:
        raise _wrong(
            folder, file, "beta_end", last, Phrase(_NOT_BELOW, name="beta_start", limit=first)
        )


def _require(
    folder: Path, file: str, config: Mapping[str, Any], rules: Mapping[str, _Rule]
) -> None:
    for name, rule in rules.items():
        if name in config and not rule.holds(config[name]):
            raise _wrong(folder, file, name, config[name], rule.wanted)


def _wrong(folder: Path, file: str, name: str, given: Any, wanted: Phrase) -> ModelNumberWrong:
    shown = str(given) if len(str(given)) <= _SHOWN else f"{str(given)[:_SHOWN]}…"
    return ModelNumberWrong(path=str(folder), file=file, name=name, given=shown, wanted=wanted)


def require_sensible(config: Mapping[Any, object]) -> None:
    """For a config of which a library uses more than is checked here. Raises ValueError at a
    number that would take all memory, or keep the machine busy for hours. Names may be numbers, as
    in the `id2label` of transformers."""
    for name, value in config.items():
        most = next((most for part, most in _LIMITS.items() if part in str(name)), _MOST)
        for number in _flat(str(name), value):
            if isinstance(number, int | float) and number > most:
                raise ValueError(f"{name} is {number}")
            if isinstance(number, Mapping):
                require_sensible(number)


def _flat(name: str, value: object, depth: int = 0) -> Iterator[object]:
    """What stands in a setting, in lists inside lists too."""
    if not isinstance(value, list | tuple):
        yield value
        return
    if depth > _DEEPEST or len(value) > _MOST_LAYERS:
        raise ValueError(f"{name} is too long")
    for inner in value:
        yield from _flat(name, inner, depth + 1)
