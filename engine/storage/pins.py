"""Folders that are held by what they are, not by their path: a run goes on in its folder though the
user renames or moves it meanwhile.

POSIX systems only. Windows renames no folder in which a file is open.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_pins: dict[Path, int] = {}  # the path under which it was opened: a descriptor of the folder
_holders: Counter[Path] = Counter()
_one_at_a_time = threading.Lock()  # the window and its pools hold folders, too
_GONE = " (deleted)"  # what Linux adds to the path of a folder that is no more
_F_GETPATH = 50  # of macOS's fcntl
_MOST_LETTERS = 1024


@contextmanager
def pinned(folder: Path, *, lock: bool = False) -> Iterator[None]:
    """Hold the folder; with a `lock`, which goes when the process does, as no other program may.

    Raises BlockingIOError where another program has locked it, else OSError.
    """
    folder = folder.absolute()
    if not hasattr(os, "O_DIRECTORY"):
        yield
        return
    with _one_at_a_time:
        if folder not in _pins:
            _pins[folder] = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        _holders[folder] += 1
    try:
        if lock and _holders[folder] == 1:
            _lock(_pins[folder])
        yield
    finally:
        with _one_at_a_time:
            _holders[folder] -= 1
            if not _holders[folder]:
                os.close(_pins.pop(folder))


def _lock(descriptor: int) -> None:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return  # a share that knows no such locks


def where(folder: Path) -> Path:
    """The path of a pinned folder now; of one that is not pinned, or is gone, its own."""
    descriptor = _pins.get(folder.absolute())
    if descriptor is None or _is_at(folder, descriptor):
        return folder
    moved = _path_of(descriptor)
    return folder if moved is None or not _is_at(moved, descriptor) else moved


def is_pinned_elsewhere(folder: Path) -> bool:
    """Whether another folder than the one that has this path now is held under it: a drive was
    taken out and put in again."""
    descriptor = _pins.get(folder.absolute())
    return descriptor is not None and not _is_at(folder, descriptor)


def pin_above(folder: Path) -> tuple[Path, int] | None:
    """The innermost pinned folder that this one lies in, by its path of then or of now, and its
    descriptor. A run that is pinned may have been moved out of a project that is, too."""
    found: tuple[Path, int] | None = None
    for given, descriptor in list(_pins.items()):
        for place in (given, where(given)):
            if folder.is_relative_to(place) and (
                found is None or len(place.parts) > len(found[0].parts)
            ):
                found = place, descriptor
    return found


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False


def _path_of(descriptor: int) -> Path | None:
    try:
        if sys.platform == "darwin":
            import fcntl

            name = fcntl.fcntl(descriptor, _F_GETPATH, bytes(_MOST_LETTERS))
            return Path(os.fsdecode(name.rstrip(b"\0")))
        text = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
    except OSError:
        return None
    return None if text.endswith(_GONE) else Path(text)
