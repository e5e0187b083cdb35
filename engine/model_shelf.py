"""The base models that are known here: used where they lie, never copied.

The list is a file of paths. What each is was read from its header; a file that is gone stays in
the list, with a way to find it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import platformdirs

from engine import records
from engine.config import STARTER
from engine.errors import UserError
from engine.front_end_folders import recognise
from engine.models.catalog import locate
from engine.records import NotRead
from engine.regular_files import is_file, is_there, seen_below
from engine.shapes import Record
from engine.wording import Phrase

MOST_SCANNED = 2_000
SUFFIXES = (".safetensors", ".ckpt")


class _Paths(Record):
    paths: list[str] = []  # noqa: RUF012 (pydantic copies it)


@dataclass(frozen=True, slots=True)
class ShelfEntry:
    """One model. `problem` says why it cannot be used now; its facts are then those of before."""

    path: str  # or STARTER
    title: str
    family: str = ""  # title of the family
    num_bytes: int = 0
    problem: Phrase | str = ""
    is_missing: bool = False


def shelf_file() -> Path:
    return Path(platformdirs.user_config_dir("imprint", appauthor=False)) / "models.json"


class Shelf:
    """Paths in the order in which they came."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or shelf_file()

    def entries(self) -> list[ShelfEntry]:
        """The starter model first. Reads headers, so ask outside of the window's thread."""
        return [look_at(STARTER), *(look_at(path) for path in self._paths())]

    def add(self, paths: Iterable[str]) -> list[ShelfEntry]:
        """Take models in; returns what each is. What is no model is told and not taken in."""
        told = [look_at(path) for path in paths]
        good = [entry.path for entry in told if not entry.problem]
        known = self._paths()
        self._write([*known, *(path for path in good if path not in known)])
        return told

    def remove(self, path: str) -> None:
        """Out of the list; the file stays."""
        self._write([known for known in self._paths() if known != path])

    def move(self, old: str, new: str) -> ShelfEntry:
        """A missing file was found again."""
        entry = look_at(new)
        if not entry.problem:
            self._write([new if known == old else known for known in self._paths()])
        return entry

    def _paths(self) -> list[str]:
        try:
            return list(records.read_json(self._file, _Paths).paths)
        except NotRead:
            return []

    def _write(self, paths: list[str]) -> None:
        records.write_json(self._file, {"paths": paths}, _Paths)


def look_at(path: str) -> ShelfEntry:
    """What lies at a path. Never raises: what is wrong stands in the entry."""
    title = Path(path).stem if path != STARTER else ""
    try:
        source = locate(path)
    except UserError as error:
        missing = path != STARTER and not is_there(Path(path))
        return ShelfEntry(path, title, problem=error.sentence, is_missing=missing)
    return ShelfEntry(path, source.title, source.family.title, _bytes_of(source.path))


def scan(folder: Path, is_over: Callable[[], bool] = lambda: False) -> Iterator[ShelfEntry]:
    """The models in a folder, or in the checkpoints of a front end; used where they lie.

    What is no model is yielded with its reason, so that people see why it was left out. `is_over`
    is asked at each folder: a disk may have a million.
    """
    program = recognise(folder)
    place = program.place("checkpoint") if program else None
    root = place or folder
    for path in islice(_candidates(root, is_over), MOST_SCANNED):
        yield look_at(str(path))


def _candidates(root: Path, is_over: Callable[[], bool]) -> Iterator[Path]:
    """Files and diffusers folders that may be models. Links to folders are not followed."""
    for place, folders, files in seen_below(root):
        if is_over():
            return
        if "model_index.json" in files:
            yield place
            folders.clear()  # its parts are no models of their own
            continue
        folders[:] = sorted(name for name in folders if not _is_left_behind(name))
        for name in sorted(files):
            path = place / name
            if path.suffix.lower() in SUFFIXES and not _is_left_behind(name) and is_file(path):
                yield path


def _bytes_of(path: Path) -> int:
    """Of a file, or of the weights in a folder. What goes away meanwhile counts nothing."""
    files = [path]
    if not is_file(path):
        found = (place / name for place, _, names in seen_below(path) for name in names)
        files = [file for file in found if file.suffix in (".safetensors", ".bin")]
    size = 0
    for file in files:
        with suppress(OSError):
            size += file.stat().st_size
    return size


def _is_left_behind(name: str) -> bool:
    """What systems, NAS devices, git and download tools leave in folders."""
    return name.startswith((".", "@eaDir", "__MACOSX", "$RECYCLE.BIN", "System Volume Information"))
