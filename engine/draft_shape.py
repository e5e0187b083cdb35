"""Takes values of the wrong type out of a project's settings, so that the window can show the rest.

A value of the right type that is not possible stays: the window marks it. A number may be a text,
as somebody has typed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from engine.config import DEFAULT_METHOD, RunConfig
from engine.config_file import Data
from engine.methods.catalog import METHODS
from engine.settings import Settings

_LONG = 2**31  # a whole number beyond it is typed into a line
_MISFIT = object()


def usable(draft: Mapping[str, Any]) -> Data:
    """The draft without what has a wrong type. Settings that are not known here stay: a later
    Imprint may know them."""
    kept = _section(draft, RunConfig)
    if "method" in kept:
        kind = kept["method"].get("kind", DEFAULT_METHOD)
        if kind in METHODS:
            kept["method"] = _section(kept["method"], METHODS[kind].settings)
    return kept


def _section(values: Mapping[str, Any], settings: type[Settings]) -> Data:
    kept: Data = {}
    for name, value in values.items():
        field = settings.model_fields.get(name)
        fitting = value if field is None else _fitting(value, field.annotation, field)
        if fitting is not _MISFIT:
            kept[name] = fitting
    return kept


def _fitting(value: Any, kind: Any, field: FieldInfo) -> Any:
    """The value, a section without its misfits, or _MISFIT."""
    if isinstance(kind, type) and issubclass(kind, Settings):
        return _section(value, kind) if isinstance(value, dict) else _MISFIT
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if isinstance(inside[0], type) and issubclass(inside[0], Settings):  # of the method
            fits = isinstance(value, dict) and isinstance(value.get("kind", ""), str)
            return value if fits else _MISFIT
        fits = any(_fitting(value, one, field) is not _MISFIT for one in inside)
    elif origin is Literal:
        fits = type(value) in {type(choice) for choice in inside}
    elif origin is tuple:
        fits = isinstance(value, list) and all(type(one) is inside[0] for one in value)
    elif origin is dict:
        fits = isinstance(value, dict)
    elif kind in (int, float):
        fits = type(value) is kind or (kind is float and type(value) is int)
        fits = fits or (isinstance(value, str) and (kind is float or _is_long(field)))
    else:
        fits = value is None if kind is NoneType else type(value) is kind
    return value if fits else _MISFIT


def _is_long(field: FieldInfo) -> bool:
    limits = [getattr(item, name, None) for item in field.metadata for name in ("le", "lt")]
    return max((limit for limit in limits if limit is not None), default=_LONG) >= _LONG
