"""The trained files of a project, as the gallery offers them."""

from __future__ import annotations

import json
from pathlib import Path

from desktop.widgets.addon_list import AddonEntry, title_of
from engine.errors import UserError
from engine.models.catalog import locate
from engine.project import RunFolder
from engine.trained_file import inspect


def can_be_drawn_with(path: Path) -> bool:
    """The second form of a file, one that failed its check and half-written ones are left out."""
    if path.name.startswith(".") or path.stem.endswith(("-diffusers", ".failed")):
        return False
    return path.is_dir() or path.suffix in (".safetensors", ".pt")


def entries_of(runs: list[RunFolder], base: str) -> list[AddonEntry]:
    """Those of each run; reads headers, so not for the window's thread."""
    found = []
    for run in runs:
        trained_on = base_of(run.config_path)
        for path in sorted(run.exports.glob("*")):
            if can_be_drawn_with(path):
                found.append(entry_of(path, trained_on, base))
    return found


def entry_of(path: Path, trained_on: str, base: str) -> AddonEntry:
    """What a trained file is, and whether it fits the base model that is chosen."""
    if is_whole_model(str(path)):
        return AddonEntry(str(path), title_of(path), trained_on, kind="model")
    try:
        file = inspect(path)
        family = file.family.title if file.family else ""
        return AddonEntry(
            str(path),
            title_of(path),
            trained_on,
            trigger=file.trigger,
            kind=file.kind,
            fits=not family or _fits(family, trained_on or base),
            family=family,
        )
    except UserError:  # drawing with it will say what is wrong
        return AddonEntry(str(path), title_of(path), trained_on)


def _fits(family: str, base: str) -> bool:
    """As far as the base model can be read; its own error comes when it is drawn with."""
    try:
        return locate(base).family.title.split(",")[0] == family.split(",", maxsplit=1)[0]
    except UserError:
        return True


def is_whole_model(path: str) -> bool:
    """Whether a trained file is a model of its own rather than an add-on to one."""
    try:
        locate(path)
    except UserError:
        return False
    return True


def base_of(config_path: Path) -> str:
    """The base model that a run was trained on; empty where its config cannot be read."""
    try:
        data = json.loads(config_path.read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    base = data.get("base_model", "") if isinstance(data, dict) else ""
    return base if isinstance(base, str) else ""
