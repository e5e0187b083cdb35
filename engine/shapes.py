"""Checks the shape of data from JSON: which keys, of which types, within which limits.

What is read is plain data, so nothing is converted: a text is not a number, and true is not 1.
"""

from __future__ import annotations

from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from engine.settings import MOST_STEPS

MOST_SECONDS = 1e10  # three hundred years

T = TypeVar("T")


class Record(BaseModel):
    """A JSON object. Keys that are not declared are kept, but not checked."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)

    def as_data(self) -> dict[str, Any]:
        """What was read, with the keys that are not declared."""
        return self.model_dump(exclude_unset=True)


class OtherShape(ValueError):
    """Raised where data is not of the shape that was asked for."""


def shaped(data: Any, shape: type[T]) -> T:
    """Raises OtherShape. `shape`: a Record, a type such as list[str], or a dataclass, whose fields
    take what can be converted to their types."""
    try:
        return cast("T", _adapter(shape).validate_python(data))
    except (ValidationError, RecursionError) as error:
        raise OtherShape(str(error)) from error


def is_plain_name(name: str) -> bool:
    """Whether it names something that lies directly in a folder, on every system."""
    is_one = name not in ("", ".", "..") and not any(sign in name for sign in "/\\\0")
    return is_one and Path(name).name == name  # on Windows "C:x" is not


def _plain(name: str) -> str:
    if not is_plain_name(name):
        raise ValueError("not the name of a file in this folder")
    return name


PlainName = Annotated[str, AfterValidator(_plain)]
Step = Annotated[int, Field(ge=0, le=MOST_STEPS)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Seconds = Annotated[float, Field(ge=0, le=MOST_SECONDS)]


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    if isinstance(shape, type) and (issubclass(shape, BaseModel) or is_dataclass(shape)):
        return TypeAdapter(shape)
    if any(is_dataclass(inner) for inner in get_args(shape)):
        raise TypeError(f"{shape}: a strict list or dict takes no dataclasses: read each")
    return TypeAdapter(shape, config=ConfigDict(strict=True))
