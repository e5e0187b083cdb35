"""The methods by kind. A new one is a folder beside this file and a line here. Imports no torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from engine.methods.card import MethodCard

if TYPE_CHECKING:
    from engine.methods.base import Method, Subject
    from engine.methods.settings import MethodSettings

KINDS = (
    "lora",
    "dreambooth",
    "textual_inversion",
    "hypernetwork",
)

METHODS: dict[str, MethodCard] = {
    kind: import_module(f"engine.methods.{kind}.card").CARD for kind in KINDS
}


def build(settings: MethodSettings, subject: Subject) -> Method:
    """The method for its settings. Imports torch."""
    module, name = METHODS[settings.kind].code.split(":")
    return getattr(import_module(module), name)(settings, subject)
