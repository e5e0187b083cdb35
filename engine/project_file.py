"""The file of a project: read from any version of Imprint, and never lost on the way.

What cannot be taken over as it is, an older form, a later one, a damaged file, stays beside the
project as a copy before the first save writes over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine import project_paths, records, storage
from engine.config_file import Data
from engine.draft_shape import usable
from engine.errors import Notice, OutputNotWritable, UserError
from engine.notices import (
    ProjectDamaged,
    ProjectFromLater,
    ProjectUnreadable,
    ProjectUpgraded,
)
from engine.project_notices import NoProject
from engine.records import NotRead, Why
from engine.shapes import Count, Record

SCHEMA_VERSION = 1
MAX_BYTES = 64 << 20

# Version -> what makes the next one of it. Version 0 did not say its number.
UPGRADES: Mapping[int, Callable[[Data], Data]] = {0: lambda data: {**data, "schema_version": 1}}


class _ProjectFile(Record):
    schema_version: Count = 0
    draft: dict[str, Any]


def write(file: Path, draft: Data) -> None:
    """What is there is replaced, see `read`. Raises OutputNotWritable and DiskFull."""
    folder = file.parent
    data = {"schema_version": SCHEMA_VERSION, "name": folder.name}
    data |= {**project_paths.identity(folder), "draft": project_paths.stored(draft, folder)}
    storage.write_json(file, _unknown(file) | data)


def _unknown(file: Path) -> Data:
    """What others wrote into the file beside the settings: it stays there."""
    try:
        return _parsed(file).as_data()
    except NotRead:
        return {}


def require_readable(file: Path) -> None:
    """Raises NoProject for a file that is missing, or is none. What is damaged in a folder of ours
    is opened all the same: it is kept beside the project, see `read`."""
    try:
        _parsed(file)
    except NotRead as error:
        if error.why is Why.MISSING or storage.mark_of(file.parent) is None:
            raise NoProject(file=str(file), reason=error.reason) from error


def peek(file: Path) -> Data:
    """The draft as it stands there, of whatever version; empty where it cannot be read."""
    try:
        data = _parsed(file).as_data()
    except NotRead:
        return {}
    return project_paths.loaded({**data, "draft": usable(data["draft"])}, file.parent)


def read(file: Path) -> tuple[Data, Notice | None]:
    """The draft, empty where there is none, and what is worth telling about how it was read."""
    try:
        found = _parsed(file)
    except NotRead as error:
        if error.why is Why.MISSING:
            return {}, None
        backup = _keep(file, error.why.value)
        if error.why is Why.UNREADABLE:
            return {}, ProjectUnreadable(file=str(file), reason=error.reason, backup=backup)
        return {}, ProjectDamaged(file=str(file), backup=backup)
    version = found.schema_version
    data = found.as_data()
    for number in range(version, SCHEMA_VERSION):
        data = UPGRADES[number](data)
    sound = {**data, "draft": usable(data["draft"])}
    draft = project_paths.loaded(sound, file.parent)
    if sound != data:
        return draft, ProjectDamaged(file=str(file), backup=_keep(file, Why.DAMAGED.value))
    if version == SCHEMA_VERSION:
        return draft, project_paths.told_apart(data, file.parent)
    backup = _keep(file, f"version-{version}")
    made_with = ProjectFromLater if version > SCHEMA_VERSION else ProjectUpgraded
    return draft, made_with(name=file.parent.name, backup=backup)


def _parsed(file: Path) -> _ProjectFile:
    """What the file holds, of whatever version: a later one is taken as far as it is known.
    Raises NotRead."""
    return records.read_json(file, _ProjectFile, max_bytes=MAX_BYTES)


def _keep(file: Path, why: str) -> str:
    """A copy beside the file; returns its name.

    What cannot be copied, a file without the right to read it, is moved aside: the next save would
    write over it. Where even that fails, nothing can be written there, and it stays.
    """
    copy = file.with_name(f"{file.stem}.{why}{file.suffix}")
    try:
        return storage.copy_to_free(file, copy).name
    except UserError:
        with suppress(OutputNotWritable):
            return storage.move_to_free(file, copy).name
    return file.name
