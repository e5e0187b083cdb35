"""Files of the user's that an install took the place of: set aside until that is undone or settled.

They are written down, so that a kill in between leaves none under a name that no program shows.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import psutil

from engine import records, storage
from engine.errors import UserError
from engine.records import NotRead
from engine.shapes import Record

SUFFIX = ".before-imprint"  # which no program takes for a file of its own


class _Known(Record):
    earlier: str
    target: str
    process: int


class _List(Record):
    files: list[_Known]


@dataclass(frozen=True, slots=True)
class Replaced:
    """`earlier`: where the file lies now. `target`: where it lay."""

    earlier: Path
    target: Path


def list_file() -> Path:
    return Path(platformdirs.user_data_dir("imprint", appauthor=False)) / "replaced.json"


def set_aside(target: Path) -> Replaced | None:
    """None where nothing was there. Raises OutputNotWritable."""
    if not os.path.lexists(target):
        return None
    wanted = storage.free_name(target.with_name(target.name + SUFFIX))
    planned = Replaced(wanted, target)
    _note(planned)  # first: a kill may come between the two
    try:
        replaced = Replaced(storage.move_to_free(target, wanted), target)
    except BaseException:
        _forget(planned)
        raise
    if replaced != planned:  # the name was taken meanwhile, by a file that is not ours
        _forget(planned)
        _note(replaced)
    return replaced


def bring_back(replaced: Replaced) -> Path | None:
    """To its place, or beside it where that is taken; returns where it lies, None where it is
    gone."""
    if not os.path.lexists(replaced.earlier):
        _forget(replaced)
        return None
    try:
        place = storage.move_to_free(replaced.earlier, replaced.target)
    except UserError:
        return replaced.earlier  # and the next start tries again
    _forget(replaced)
    return place


def settle(replaced: Replaced) -> None:
    """Nobody will undo it: to the bin of the system; back, where there is none."""
    try:
        storage.to_bin(replaced.earlier)
    except UserError:
        bring_back(replaced)
    else:
        _forget(replaced)


def finish() -> None:
    """What processes left that are gone: settled where the new file is in its place, else brought
    back."""
    for known in _known():
        if known.process == os.getpid() or psutil.pid_exists(known.process):
            continue
        replaced = Replaced(Path(known.earlier), Path(known.target))
        is_whole = os.path.lexists(replaced.earlier) and os.path.lexists(replaced.target)
        if is_whole:
            settle(replaced)
        else:
            bring_back(replaced)


def _known() -> list[_Known]:
    try:
        return records.read_json(list_file(), _List).files
    except NotRead:
        return []


def _note(replaced: Replaced) -> None:
    one = {
        "earlier": str(replaced.earlier),
        "target": str(replaced.target),
        "process": os.getpid(),
    }
    _write([*(known.as_data() for known in _known()), one])


def _forget(replaced: Replaced) -> None:
    _write([one.as_data() for one in _known() if one.earlier != str(replaced.earlier)])


def _write(files: list[dict[str, object]]) -> None:
    """Where it cannot be written, a kill leaves the file under its other name."""
    with suppress(UserError):
        records.write_json(list_file(), {"files": files}, _List)
