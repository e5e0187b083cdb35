"""The shapes of the JSON files of a checkpoint, which may come from anyone."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from engine.file_names import whole_number
from engine.shapes import Count, PlainName, Record, Step

Number = Annotated[float, Field(allow_inf_nan=False)]
Scalar = bool | int | Number | list[bool | int | Number] | None  # of an optimizer, beside tensors


def _place(text: str) -> str:
    if whole_number(text) is None:
        raise ValueError("not the place of a parameter")
    return text


class CheckpointManifest(Record):
    """MANIFEST.json: file name -> sha256."""

    sha256: dict[PlainName, str]


class ParameterGroup(Record):
    """What torch or Imprint keeps for a group; the first versions kept all of torch's."""

    params: list[Count]
    name: str = ""
    optimizer: str = "adamw"
    lr: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    scaler: dict[str, int | Number] = {}  # noqa: RUF012 (pydantic copies it)


class OptimizerState(Record):
    state: dict[Annotated[str, AfterValidator(_place)], dict[str, Scalar]]
    param_groups: list[ParameterGroup]


class GuardState(Record):
    """Of engine.guard, engine.easing and Stepper.has_learnt; the first versions had none."""

    rate_scale: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 1.0
    times_back: Annotated[int, Field(ge=0, le=1000)] = 0
    recomputes: Annotated[int, Field(ge=0, le=1)] = 0
    parts: Annotated[int, Field(ge=1, le=1 << 20)] = 1
    has_learnt: Annotated[int, Field(ge=0, le=1)] = 1


class CheckpointState(Record):
    """state.json."""

    step: Step
    optimizer: OptimizerState
    guard: GuardState = GuardState()
    made_with: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it)
