"""How a method is described: one card of the method page, its presets, where its code lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.methods.settings import MethodSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodCard:
    """Meters run from 1 to 4. Imports no torch."""

    kind: str
    title: str
    line: str
    best_for: str
    effect: int
    speed: int
    memory: int
    settings: type[MethodSettings]
    code: str  # "module:name" of what makes the method from settings and subject
    warning: str = ""  # why it is not recommended, where it is not
    recommended: bool = False
    # Settings that suit a base model, by the family's name, "starter", or "" for any other.
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
