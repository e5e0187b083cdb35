"""The file of a project: read from any version of Imprint, and never lost on the way.

What cannot be taken over as it is, an older form, a later one, a damaged file, stays beside the
project as a copy before the first save writes over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from engine import project_paths, records, storage
from engine.config_file import Data
from engine.errors import Notice, OutputNotWritable, UserError
from engine.notices import (
    ProjectDamaged,
    ProjectFromLater,
    ProjectUnreadable,
    ProjectUpgraded,
)
from engine.project_notices import NoProject
from engine.records import NotRead, Why

SCHEMA_VERSION = 1
MAX_BYTES = 64 << 20

# Version -> what makes the next one of it. Version 0 did not say its number.
UPGRADES: Mapping[int, Callable[[Data], Data]] = {0: lambda data: {**data, "schema_version": 1}}


def write(file: Path, draft: Data) -> None:
    """Raises OutputNotWritable and DiskFull."""
    folder = file.parent
    data = {"schema_version": SCHEMA_VERSION, "name": folder.name}
    draft = project_paths.stored(draft, folder)
    storage.write_json(file, {**data, **project_paths.identity(folder), "draft": draft})


def require_readable(file: Path) -> None:
    """Raises NoProject for a file that is none. One in a folder of ours is opened all the same:
    what is damaged is kept beside it, see `read`."""
    try:
        _parsed(file)
    except NotRead as error:
        if storage.mark_of(file.parent) is None:
            raise NoProject(file=str(file), reason=error.reason) from error


def peek(file: Path) -> Data:
    """The draft as it stands there, of whatever version; empty where it cannot be read."""
    try:
        return project_paths.loaded(_parsed(file), file.parent)
    except NotRead:
        return {}


def read(file: Path) -> tuple[Data, Notice | None]:
    """The draft, empty where there is none, and what is worth telling about how it was read."""
    try:
        data = _parsed(file)
    except NotRead as error:
        if error.why is Why.MISSING:
            return {}, None
        backup = _keep(file, error.why.value)
        if error.why is Why.UNREADABLE:
            return {}, ProjectUnreadable(file=str(file), reason=error.reason, backup=backup)
        return {}, ProjectDamaged(file=str(file), backup=backup)
    version = data.get("schema_version", 0)
    if version == SCHEMA_VERSION:
        notice = project_paths.told_apart(data, file.parent)
        return project_paths.loaded(data, file.parent), notice
    backup = _keep(file, f"version-{version}")
    if version > SCHEMA_VERSION:
        draft = project_paths.loaded(data, file.parent)
        return draft, ProjectFromLater(name=file.parent.name, backup=backup)
    for number in range(version, SCHEMA_VERSION):
        data = UPGRADES[number](data)
    draft = project_paths.loaded(data, file.parent)
    return draft, ProjectUpgraded(name=file.parent.name, backup=backup)


def _parsed(file: Path) -> Data:
    """What the file holds, of whatever version. Raises NotRead."""
    any_version = 1 << 62  # a later one is taken as far as it is known, see `read`
    data: Data = records.read_json(
        file, version="schema_version", newest=any_version, max_bytes=MAX_BYTES
    )
    if not isinstance(data.get("draft"), dict):
        raise records.damaged(file.name)
    return data


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
