"""The file of a project: read from any version of Imprint, and never lost on the way.

What cannot be taken over as it is, an older form, a later one, a damaged file, stays beside the
project as a copy before the first save writes over it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine import storage
from engine.config_file import Data
from engine.errors import DiskFull, Notice, OutputNotWritable
from engine.notices import ProjectDamaged, ProjectFromLater, ProjectUpgraded

SCHEMA_VERSION = 1
MAX_BYTES = 64 << 20

# Version -> what makes the next one of it. Version 0 did not say its number.
UPGRADES: Mapping[int, Callable[[Data], Data]] = {0: lambda data: {**data, "schema_version": 1}}


def write(file: Path, draft: Data) -> None:
    """Raises OutputNotWritable and DiskFull."""
    name = file.parent.name
    storage.write_json(file, {"schema_version": SCHEMA_VERSION, "name": name, "draft": draft})


def peek(file: Path) -> Data:
    """The draft as it stands there, of whatever version; empty where it cannot be read."""
    data = _parsed(file) if file.exists() else None
    return {} if data is None else data["draft"]


def read(file: Path) -> tuple[Data, Notice | None]:
    """The draft, empty where there is none, and what is worth telling about how it was read."""
    if not file.exists():
        return {}, None
    data = _parsed(file)
    if data is None:
        return {}, ProjectDamaged(file=str(file), backup=_keep(file, "damaged"))
    version = data.get("schema_version", 0)
    if version == SCHEMA_VERSION:
        return data["draft"], None
    backup = _keep(file, f"version-{version}")
    if version > SCHEMA_VERSION:
        return data["draft"], ProjectFromLater(name=file.parent.name, backup=backup)
    for number in range(version, SCHEMA_VERSION):
        data = UPGRADES[number](data)
    return data["draft"], ProjectUpgraded(name=file.parent.name, backup=backup)


def _parsed(file: Path) -> Data | None:
    """What the file holds; None where it is not what a project's file is."""
    try:
        if file.stat().st_size > MAX_BYTES:
            return None
        data: Any = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("draft"), dict):
        return None
    version = data.get("schema_version", 0)
    return data if type(version) is int and version >= 0 else None


def _keep(file: Path, why: str) -> str:
    """A copy beside the file; returns its name.

    What cannot be copied, a file without the right to read it, is moved aside: the next save would
    write over it. Where even that fails, nothing can be written there, and it stays.
    """
    copy = storage.free_name(file.with_name(f"{file.stem}.{why}{file.suffix}"))
    try:
        storage.copy_file(file, copy)
    except (OSError, DiskFull, OutputNotWritable):
        with suppress(OutputNotWritable):
            storage.move_file(file, copy)
    return copy.name
