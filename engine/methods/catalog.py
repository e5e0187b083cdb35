"""The methods by kind: how each is described, and where its code lies. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from engine.methods.lora.settings import LoraSettings
from engine.settings import Settings
from engine.wording import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from engine.methods.base import Method


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodEntry:
    """One card of the method page. Meters run from 1 to 4 and say what beginners are told."""

    kind: str
    title: str
    line: str
    best_for: str
    effect: int
    speed: int
    memory: int
    settings: type[Settings] | None = None  # None: comes next
    code: str = ""  # "module:Class"

    @property
    def is_available(self) -> bool:
        return self.settings is not None


METHODS = {
    entry.kind: entry
    for entry in (
        MethodEntry(
            kind="lora",
            title="LoRA",
            line=QT_TRANSLATE_NOOP(
                "engine", "A small add-on file. Fast, good, easy to share and mix."
            ),
            best_for=QT_TRANSLATE_NOOP(
                "engine", "Characters, styles, objects; several can be combined."
            ),
            effect=3,
            speed=4,
            memory=2,
            settings=LoraSettings,
            code="engine.methods.lora.method:Lora",
        ),
        MethodEntry(
            kind="dreambooth",
            title="DreamBooth",
            line=QT_TRANSLATE_NOOP(
                "engine", "Retrains the whole model. Strongest likeness, biggest file."
            ),
            best_for=QT_TRANSLATE_NOOP("engine", "When likeness matters most."),
            effect=4,
            speed=3,
            memory=4,
        ),
        MethodEntry(
            kind="textual_inversion",
            title="Textual Inversion",
            line=QT_TRANSLATE_NOOP(
                "engine", "Learns one new word. Tiny file, lowest memory, slower."
            ),
            best_for=QT_TRANSLATE_NOOP(
                "engine", "Small cards; cannot learn what the model cannot draw."
            ),
            effect=3,
            speed=2,
            memory=1,
        ),
        MethodEntry(
            kind="hypernetwork",
            title="Hypernetwork",
            line=QT_TRANSLATE_NOOP("engine", "Older method. Kept for existing workflows."),
            best_for=QT_TRANSLATE_NOOP(
                "engine", "Slow and weakest; only AUTOMATIC1111 and ComfyUI load it."
            ),
            effect=1,
            speed=1,
            memory=2,
        ),
    )
}


def build(settings: Settings) -> Method:
    """The method for its settings. Imports torch."""
    entry = METHODS[settings.kind]  # type: ignore[attr-defined]
    module, name = entry.code.split(":")
    return getattr(import_module(module), name)(settings)
