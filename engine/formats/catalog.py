"""The file formats by name, and what each takes. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from engine.errors import FormatUnknown

UNVERIFIED = ".unverified"  # at the end of a file's stem until it has passed its check

# In the header of a LoRA: the name of the embedding that was trained with it, in a file of its own.
EMBEDDING_KEY = "imprint.embedding"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatEntry:
    """One way to save a result. The module has `save(path, result, facts)`."""

    name: str
    takes: str  # "adapter", "embedding", "hypernetwork" or "model", see MethodSettings.leaves
    suffix: str  # "" for a folder
    module: str
    file_stem: str = "{name}"  # may hold {name} and {trigger}
    any_size: bool = True  # False: readers take it for a model of its family's own size


FORMATS = {
    entry.name: entry
    for entry in (
        FormatEntry(
            name="kohya",
            takes="adapter",
            suffix=".safetensors",
            module="engine.formats.lora_kohya",
        ),
        FormatEntry(
            name="diffusers",
            takes="adapter",
            suffix=".safetensors",
            module="engine.formats.lora_diffusers",
            file_stem="{name}-diffusers",
        ),
        # The name of an embedding's file is the word in the prompt, in nearly every front end.
        FormatEntry(
            name="embedding",
            takes="embedding",
            suffix=".safetensors",
            module="engine.formats.embedding",
            file_stem="{trigger}",
        ),
        FormatEntry(
            name="embedding_a1111",
            takes="embedding",
            suffix=".pt",
            module="engine.formats.embedding_a1111",
            file_stem="{trigger}",
        ),
        FormatEntry(
            name="embedding_diffusers",
            takes="embedding",
            suffix=".safetensors",
            module="engine.formats.embedding_diffusers",
            file_stem="{trigger}-diffusers",
        ),
        FormatEntry(
            name="hypernetwork",
            takes="hypernetwork",
            suffix=".pt",
            module="engine.formats.hypernetwork",
        ),
        FormatEntry(
            name="checkpoint",
            takes="model",
            suffix=".safetensors",
            module="engine.formats.checkpoint",
            file_stem="{name}-model",
            any_size=False,
        ),
        FormatEntry(
            name="diffusers_folder",
            takes="model",
            suffix="",
            module="engine.formats.diffusers_folder",
            file_stem="{name}-diffusers-model",
        ),
    )
}


def formats_of(
    kind: str, leaves: Sequence[str], wanted: Sequence[str], *, is_published_size: bool = True
) -> tuple[FormatEntry, ...]:
    """The formats that were asked for, or the default: the first for each thing that is left
    which says the model's size, where it is not the published one.

    A whole model is only written unasked where nothing smaller is left. Raises FormatUnknown.
    """
    possible = {name: entry for name, entry in FORMATS.items() if entry.takes in leaves}
    for name in wanted:
        if name not in possible:
            raise FormatUnknown(method=kind, format=name, formats=", ".join(possible))
    if wanted:
        return tuple(possible[name] for name in wanted)
    small = [what for what in leaves if what != "model"] or leaves
    usual = [entry for entry in possible.values() if is_published_size or entry.any_size]
    return tuple(next(entry for entry in usual if entry.takes == what) for what in small)


def unverified(entry: FormatEntry, path: Path) -> Path:
    """Where a file is until it has passed its check."""
    stem, suffix = (path.stem, path.suffix) if entry.suffix else (path.name, "")
    return path.with_name(f"{stem}{UNVERIFIED}{suffix}")


def is_unverified(path: Path) -> bool:
    """Whether the name is one that only an export of ours has, until it has passed its check."""
    return UNVERIFIED in path.name


def proper_stem(path: Path) -> str:
    """The stem that a file has once it has passed its check."""
    return path.stem.removesuffix(UNVERIFIED)


def code_of(entry: FormatEntry) -> ModuleType:
    return import_module(entry.module)
