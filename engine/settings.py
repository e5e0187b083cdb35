"""One declaration per setting: the form row, the `--set` key, the check and the JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

Fixed = Literal["", "value", "on"]
NUM_SEEDS = 2**63  # seeds are below it, wherever one is taken
MOST_STEPS = 1_000_000  # of a run


_NUMBERS = (int, float, int | None, float | None)


class _Word(str):
    """`true`, which no number can be read from; a sentence shows it without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


class Settings(BaseModel):
    """Frozen, strict about names, never NaN. Build a new one instead of changing one."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _take_no_boolean_for_a_number(cls, data: Any) -> Any:
        """To Python, and so to pydantic, True is the number 1."""
        if not isinstance(data, Mapping):
            return data
        fields = cls.model_fields
        return {
            name: _Word(str(value).lower())
            if isinstance(value, bool) and name in fields and fields[name].annotation in _NUMBERS
            else value
            for name, value in data.items()
        }


def setting(
    default: Any = ...,
    *,
    label: str,
    help: str = "",  # noqa: A002 (the field's own word)
    unit: str = "",
    advanced: bool = False,
    fixed: Fixed = "",
    **constraints: Any,
) -> Any:
    """A pydantic field that also says how a person sees it.

    `fixed`: a run cannot go on from a checkpoint that was written with another "value", or with
    the setting switched "on" instead of off (0).
    """
    return Field(
        default,
        title=label,
        description=help or None,
        json_schema_extra={"unit": unit, "advanced": advanced, "fixed": fixed},
        **constraints,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as a form or a help page shows it."""

    key: str
    label: str
    help: str
    unit: str
    advanced: bool
    annotation: Any
    default: Any
    minimum: float | None
    maximum: float | None


def rows(settings_class: type[Settings], prefix: str = "") -> Iterator[Row]:
    """The labelled settings of a class in their order; sections inside it are walked too."""
    for name, field in settings_class.model_fields.items():
        key = f"{prefix}{name}"
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Settings):
            yield from rows(inner, f"{key}.")
        elif field.title is not None:
            yield _row(key, field)


@dataclass(frozen=True, slots=True)
class FixedSetting:
    """One that must be the same when a run is resumed, and its value."""

    key: str
    label: str
    value: Any
    fixed: Fixed

    def differs_from(self, before: object) -> bool:
        if self.fixed == "on":
            return bool(self.value) != bool(before)
        return self.value != before


def fixed_settings(settings: Settings, prefix: str = "") -> Iterator[FixedSetting]:
    """The fixed ones of a section, in their order."""
    values = settings.model_dump(mode="json")
    for name, field in type(settings).model_fields.items():
        extra = field.json_schema_extra
        fixed: Any = extra.get("fixed", "") if isinstance(extra, dict) else ""
        if fixed:
            yield FixedSetting(f"{prefix}{name}", field.title or name, values[name], fixed)


def _row(key: str, field: FieldInfo) -> Row:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    limits = {
        name: getattr(item, name)
        for item in field.metadata
        for name in ("ge", "gt", "le", "lt")
        if getattr(item, name, None) is not None
    }
    return Row(
        key=key,
        label=field.title or key,
        help=field.description or "",
        unit=str(extra.get("unit", "")),
        advanced=bool(extra.get("advanced", False)),
        annotation=field.annotation,
        default=None if field.is_required() else field.get_default(call_default_factory=True),
        minimum=limits.get("ge", limits.get("gt")),
        maximum=limits.get("le", limits.get("lt")),
    )
