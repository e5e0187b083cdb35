"""Remembers what files turned out to be, so that a large set is read only once.

A file is taken for unchanged while its size and its time of change are. Only the window asks;
a run reads each picture itself. The index can be deleted at any time.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

import platformdirs

from engine import storage
from engine.data.readings import Reading
from engine.errors import UserError
from engine.json_reading import parse_json

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS readings_4 "
    "(path BLOB PRIMARY KEY, size INTEGER, changed INTEGER, reading TEXT)"
)


def _key(path: Path) -> bytes:
    """A name on the disk may be no text."""
    return os.fsencode(path.as_posix())


def default_index() -> Path:
    return Path(platformdirs.user_cache_dir("imprint", appauthor=False)) / "pictures.sqlite"


class PictureIndex:
    """Opened for each use, so that any thread may ask. A broken one is as good as an empty one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self, folder: Path) -> dict[str, tuple[int, int, Reading]]:
        """Path -> size, time of change in ns, reading, for all files below a folder."""
        found: dict[str, tuple[int, int, Reading]] = {}
        with suppress(sqlite3.Error, OSError, ValueError, TypeError, KeyError):
            with closing(self._open()) as base:
                # By range, not by pattern: a folder's name may hold "%" or "_".
                rows = base.execute(
                    "SELECT path, size, changed, reading FROM readings_4 "
                    "WHERE path >= ? AND path < ?",
                    (_key(folder) + b"/", _key(folder) + b"0"),
                ).fetchall()
            for path, size, changed, text in rows:
                found[os.fsdecode(path)] = (size, changed, Reading.from_data(parse_json(text)))
        return found

    def remember(self, rows: Iterable[tuple[Path, int, int, Reading]]) -> None:
        with suppress(sqlite3.Error, OSError, UserError), closing(self._open()) as base, base:
            base.executemany(
                "INSERT OR REPLACE INTO readings_4 VALUES (?, ?, ?, ?)",
                [
                    (_key(path), size, changed, json.dumps(reading.as_data()))
                    for path, size, changed, reading in rows
                ],
            )

    def forget(self, paths: Iterable[Path]) -> None:
        """They hold something else than their size and their time say."""
        with suppress(sqlite3.Error, OSError, UserError), closing(self._open()) as base, base:
            gone = [(_key(path),) for path in paths]
            base.executemany("DELETE FROM readings_4 WHERE path = ?", gone)

    def _open(self) -> sqlite3.Connection:
        storage.make_folder(self._path.parent)
        base = sqlite3.connect(self._path, timeout=2)
        base.execute("PRAGMA journal_mode=WAL")
        base.execute(_SCHEMA)
        return base
