"""Each number among the settings at both ends of its range, by method."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from engine.config import RunConfig
from engine.methods.catalog import METHODS
from engine.settings import NUM_SEEDS, Settings

# Where a range has no end: more than anyone means.
_MOST = {int: NUM_SEEDS - 1, float: 1e300}


def edges(kind: str) -> Iterator[tuple[str, float]]:
    """Dotted key and value, of the method's own settings and of everyone's."""
    yield from _edges(METHODS[kind].settings, "method.")
    yield from _edges(RunConfig, "")


def _edges(owner: type[Settings], prefix: str) -> Iterator[tuple[str, float]]:
    for name, field in owner.model_fields.items():
        inner: Any = field.annotation
        if isinstance(inner, type) and issubclass(inner, Settings):
            yield from _edges(inner, f"{prefix}{name}.")
        elif inner in _MOST:
            limits = {
                limit: getattr(item, limit)
                for item in field.metadata
                for limit in ("ge", "gt", "le", "lt")
                if getattr(item, limit, None) is not None
            }
            yield f"{prefix}{name}", _lowest(inner, limits)
            yield f"{prefix}{name}", _highest(inner, limits)


def _lowest(kind: type, limits: dict[str, float]) -> float:
    if "ge" in limits:
        return kind(limits["ge"])
    if "gt" not in limits:
        return -_MOST[kind]
    return limits["gt"] + 1 if kind is int else math.nextafter(limits["gt"], math.inf)


def _highest(kind: type, limits: dict[str, float]) -> float:
    if "le" in limits:
        return kind(limits["le"])
    if "lt" not in limits:
        return _MOST[kind]
    return limits["lt"] - 1 if kind is int else math.nextafter(limits["lt"], -math.inf)
