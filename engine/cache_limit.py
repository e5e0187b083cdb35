"""Takes from a cache what has not been used for the longest time, once it is larger than its limit.

A cached file counts as used when it was written or `storage.touch`ed; what was used within a day
is never taken, since a run, in this process or another, may be using it.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from engine import storage
from engine.errors import OutputNotWritable
from engine.regular_files import is_file, is_folder, listed_below

LIMIT_BYTES = 8 << 30  # of each cache
IN_USE_SECONDS = 86_400.0


def evict(folder: Path, in_use: Collection[Path] = (), limit_bytes: int | None = None) -> int:
    """Remove entries of `folder`, files or folders, the least recently used first, until the rest
    is within the limit; returns how many bytes went."""
    limit = LIMIT_BYTES if limit_bytes is None else limit_bytes
    entries = _entries(folder)
    total, gone = sum(size for _, size, _ in entries), 0
    for used, size, path in sorted(entries):
        if total - gone <= limit:
            break
        if path not in in_use and time.time() - used > IN_USE_SECONDS and _remove(path):
            gone += size
    return gone


def _entries(folder: Path) -> list[tuple[float, int, Path]]:
    """When it was used last, how large it is, and what it is; nothing that is being written."""
    found: list[tuple[float, int, Path]] = []
    with suppress(OSError):
        for path in folder.iterdir():
            if not path.name.startswith("."):
                with suppress(OSError):
                    found.append((path.stat().st_mtime, _size(path), path))
    return found


def _size(path: Path) -> int:
    if not is_folder(path):
        return path.stat().st_size
    return sum(inner.stat().st_size for inner in listed_below(path) if is_file(inner))


def _remove(path: Path) -> bool:
    try:
        storage.remove_own(path)
    except OutputNotWritable:  # held open, or gone already: another time
        return False
    return True
