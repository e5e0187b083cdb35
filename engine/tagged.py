"""The files that tags in a prompt name: `<lora:my-cat:0.8>`.

A tag means the file of its name among those that were given, in the exports of the runs here, or
in the folders of the front ends that are installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from engine.addons import Addon
from engine.config import RunConfig
from engine.front_end_folders import find
from engine.prompts import Tag
from engine.regular_files import paths_in, seen_below

_KINDS = {"lora": "lora", "hypernet": "hypernetwork"}  # a tag's kind -> that of front ends' folders
_SUFFIXES = (".safetensors", ".pt", ".ckpt", ".bin")
_MOST_FILES = 20_000


def resolved(tags: Sequence[Tag], given: Sequence[Addon]) -> tuple[tuple[Addon, ...], list[Tag]]:
    """The given add-ons with those that the tags name, and the tags that name none.

    A given file that a tag names has the tag's weight; it is not applied twice.
    """
    addons, unknown = list(given), []
    for tag in tags:
        place = next((n for n, addon in enumerate(addons) if tag.names(addon.path)), None)
        if place is not None:
            addons[place] = replace(addons[place], weight=tag.weight, unet_weight=tag.unet_weight)
            continue
        path = next((p for p in _files(tag.kind) if tag.names(p)), None)
        if path is None:
            unknown.append(tag)
        else:
            addons.append(Addon(path, tag.weight, tag.unet_weight))
    return tuple(addons), unknown


def _files(kind: str) -> Iterator[Path]:
    """Those of the runs, the newest run first, then those of the front ends."""
    if kind not in _KINDS:
        return
    runs = Path(str(RunConfig.model_fields["runs_folder"].default))
    for run in sorted(paths_in(runs), key=_age, reverse=True):
        yield from _usable(paths_in(run / "exports"))
    try:
        front_ends = find(Path.home())
    except RuntimeError:  # there is no home
        return
    for front_end in front_ends:
        folder = front_end.place(_KINDS[kind])
        if folder is not None:
            yield from _usable(islice(_below(folder), _MOST_FILES))


def _usable(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.suffix in _SUFFIXES and path.name[0] != "." and ".failed" not in path.name:
            yield path


def _below(folder: Path) -> Iterator[Path]:
    """What can be seen of it; a front end's folder may hold a great many."""
    for place, _, names in seen_below(folder):
        yield from (place / name for name in names)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
