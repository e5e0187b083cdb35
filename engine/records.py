"""Reads the files that Imprint itself wrote, and says which of four things is wrong with one.

Only what was read can be damaged. A file without the right to read it, on a failing disk, or in the
format of a later Imprint is not a file that is missing: nothing is ever written over it.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, overload

from engine import regular_files, storage
from engine.json_reading import NotParsed, parse_json
from engine.regular_files import reason_of
from engine.shapes import OtherShape, shaped
from engine.wording import QT_TRANSLATE_NOOP, Fact, ReasonedError

MAX_BYTES = regular_files.MOST_BYTES

T = TypeVar("T")


class Why(Enum):
    """Why something cannot be used; the values are part of file names, see `set_aside`."""

    MISSING = "missing"
    UNREADABLE = "unreadable"  # the system refused: rights, a failing disk, a folder in its place
    LATER = "later"  # it was read, and is in a format that only a later Imprint knows
    DAMAGED = "damaged"  # it was read, and is not what was written


class NotRead(ReasonedError):
    """Raised where something that Imprint wrote cannot be used."""

    def __init__(self, why: Why, template: str, /, **facts: Fact) -> None:
        super().__init__(template, **facts)
        self.why = why


_MISSING = QT_TRANSLATE_NOOP("engine", "{name} is missing")
_UNREADABLE = QT_TRANSLATE_NOOP("engine", "{name}: {error}")
_LATER = QT_TRANSLATE_NOOP("engine", "it was made by a later version of Imprint")
_DAMAGED = QT_TRANSLATE_NOOP("engine", "{name} does not hold what was written")


def not_opened(path: Path, error: OSError) -> NotRead:
    """What an error of the system means for a file of ours."""
    if isinstance(error, FileNotFoundError):
        return NotRead(Why.MISSING, _MISSING, name=path.name)
    return NotRead(Why.UNREADABLE, _UNREADABLE, name=path.name, error=reason_of(error))


def later() -> NotRead:
    return NotRead(Why.LATER, _LATER)


def damaged(name: str) -> NotRead:
    return NotRead(Why.DAMAGED, _DAMAGED, name=name)


def require_file(path: Path) -> None:
    """Raises NotRead: MISSING also where a folder, a pipe or a device is in its place."""
    try:
        regular_files.require_file(path)
    except (IsADirectoryError, regular_files.NotRegular) as error:
        raise NotRead(Why.MISSING, _MISSING, name=path.name) from error
    except OSError as error:
        if regular_files.is_missing(error):
            raise NotRead(Why.MISSING, _MISSING, name=path.name) from error
        raise not_opened(path, error) from error


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Raises NotRead; a file of more than `max_bytes` is damaged: we write no such."""
    try:
        return regular_files.read_bytes(path, max_bytes)
    except regular_files.TooLarge as error:
        raise damaged(path.name) from error
    except OSError as error:
        raise not_opened(path, error) from error


@overload
def read_json(
    path: Path, *, version: str = "", newest: int = 0, max_bytes: int = MAX_BYTES
) -> dict[str, Any]: ...


@overload
def read_json(
    path: Path, kind: type[T], *, version: str = "", newest: int = 0, max_bytes: int = MAX_BYTES
) -> T: ...


def read_json(
    path: Path,
    kind: type = dict,
    *,
    version: str = "",
    newest: int = 0,
    max_bytes: int = MAX_BYTES,
) -> Any:
    """The content of a JSON file, of the shape `kind`; see engine.shapes. Raises NotRead.

    `version`: the key that holds the number of the format, if the file has one; a number above
    `newest` is of a later Imprint.
    """
    try:
        data = parse_json(read_bytes(path, max_bytes))
        if version:
            number = shaped(data, dict).get(version, 0)
            if type(number) is not int or number < 0:
                raise damaged(path.name)
            if number > newest:
                raise later()
        return shaped(data, kind)
    except (NotParsed, OtherShape) as error:
        raise damaged(path.name) from error


def write_json(
    path: Path,
    data: Any,
    kind: type | None = None,
    *,
    version: str = "",
    newest: int = 0,
    max_bytes: int = MAX_BYTES,
) -> Path | None:
    """Write a JSON file over one that can be read as `kind`, by default the type of the data. One
    that cannot is renamed first, and its new place returned.

    Raises OutputNotWritable or DiskFull.
    """
    aside = None
    try:
        read_json(path, kind or type(data), version=version, newest=newest, max_bytes=max_bytes)
    except NotRead as error:
        if error.why is not Why.MISSING:
            aside = set_aside(path, error.why)
    storage.write_json(path, data, over=True)  # it was read as ours, or is gone
    return aside


def set_aside(path: Path, why: Why) -> Path:
    """`stars.json` becomes `stars.damaged.json`. Raises OutputNotWritable."""
    return storage.move_to_free(path, path.with_name(f"{path.stem}.{why.value}{path.suffix}"))
