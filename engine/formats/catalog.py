"""The file formats by name, and which method's result can leave in which. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from engine.errors import FormatUnknown


@dataclass(frozen=True, slots=True)
class FormatEntry:
    """One way to save a result. The module has `save(path, result, header)`."""

    name: str
    suffix: str
    module: str
    file_stem: str = "{name}"


FORMATS = {
    entry.name: entry
    for entry in (
        FormatEntry("kohya", ".safetensors", "engine.formats.lora_kohya"),
        FormatEntry(
            "diffusers", ".safetensors", "engine.formats.lora_diffusers", "{name}-diffusers"
        ),
    )
}

# The first is what a run leaves in exports/ unless told otherwise.
BY_METHOD = {"lora": ("kohya", "diffusers")}


def formats_of(kind: str, wanted: tuple[str, ...]) -> tuple[FormatEntry, ...]:
    """The formats that were asked for, or the method's default. Raises FormatUnknown."""
    possible = BY_METHOD.get(kind, ())
    for name in wanted:
        if name not in possible:
            raise FormatUnknown(method=kind, format=name, formats=", ".join(possible))
    return tuple(FORMATS[name] for name in (wanted or possible[:1]))


def code_of(entry: FormatEntry) -> ModuleType:
    return import_module(entry.module)
