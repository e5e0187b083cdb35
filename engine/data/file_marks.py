"""Size, time of change and inode of all files of some folders: whether another program was here.

A look costs some ten microseconds a file and opens none. Watches of the system, one for each file,
run out in large sets and do not exist on a network share.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Event

from engine.regular_files import changed_at

MOST = 200_000  # files that are watched: the whole disk may have been named as a set
Mark = tuple[int, int, int]
Marks = Mapping[str, Mark]  # by path


def mark_of(path: Path) -> Mark | None:
    """None where there is no file that can be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    regular = stat.S_ISREG(status.st_mode)
    return (status.st_size, changed_at(status), status.st_ino) if regular else None


def marks_of(places: Iterable[Path], stop: Event | None = None) -> Marks:
    """Of files, and of all below folders, up to MOST. Hidden ones are no part of a set, and links
    to folders are not followed, as in engine.data.walk."""
    found: dict[str, Mark] = {}
    waiting = [str(place) for place in places]
    while waiting and len(found) < MOST and not (stop is not None and stop.is_set()):
        waiting += _look(waiting.pop(), found)
    return found


def changed(before: Marks, now: Marks) -> dict[str, Mark | None]:
    """The files that came, went or are others, with what they are now; None for those that went."""
    keys = before.keys() | now.keys()
    return {key: now.get(key) for key in keys if before.get(key) != now.get(key)}


def _look(place: str, found: dict[str, Mark]) -> list[str]:
    """Returns the folders inside."""
    folders = []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif (mark := mark_of(Path(entry.path))) is not None:
                    found[entry.path] = mark
    except NotADirectoryError:
        if (mark := mark_of(Path(place))) is not None:
            found[place] = mark
    except OSError:  # gone, or without the right to look into it
        pass
    return folders
