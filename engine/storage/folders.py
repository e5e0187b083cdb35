"""Folders that are written as a whole, and the sweeping of what a kill left half done.

A folder is committed by renaming it. Nothing is deleted or replaced but what is provably ours:
`is_ours` says so of the folder that is in the way, and what it does not vouch for is refused.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.file_names import counted_up
from engine.output_errors import LinkInTheWay, NotOurs
from engine.storage.files import write_bytes, write_new
from engine.storage.held_folder import TAKEN, HeldFolder, held
from engine.storage.links import is_link
from engine.storage.marks import MARK, Mark
from engine.storage.system_errors import reads, writes_to
from engine.storage.temporary import ASIDE, FILLING, PART, TRASH, aside_of, filling_of, trash_of

Ours = Callable[[Path], bool]


def nothing(_: Path) -> bool:
    """No folder is ours."""
    return False


def make_folder(folder: Path, *, private: bool = False) -> None:
    """With those above it; one that is there stays as it is. `private`: for the user alone.

    Raises LinkInTheWay, OutputNotWritable or DiskFull.
    """
    with writes_to(folder.parent), held(folder, make=True, private=private):
        pass


def own_folder(folder: Path, kind: str, *, adopt: bool = False) -> None:
    """Make a folder for the user alone where it is missing, and mark it as ours; one with files
    in it only where `adopt`: what is in it was made by an earlier Imprint.

    Raises LinkInTheWay, OutputNotWritable or DiskFull.
    """
    make_folder(folder, private=True)
    with writes_to(folder):
        is_new = not any(folder.iterdir())
    if is_new or (adopt and not os.path.lexists(folder / MARK)):
        write_new(folder / MARK, Mark.new(kind).as_bytes())


def renew_mark(folder: Path, kind: str) -> None:
    """Another id, for a folder that is a copy. Raises OutputNotWritable or DiskFull."""
    write_bytes(folder / MARK, Mark.new(kind).as_bytes(), over=True)


def make_new_folder(folder: Path) -> Path:
    """Under this name or one with a number behind, which nothing had. Raises OutputNotWritable."""
    with writes_to(folder.parent), held(folder.parent, make=True) as parent:
        for name in counted_up(folder.name):
            with suppress(FileExistsError):
                parent.make(name)
                return folder.with_name(name)
    raise AssertionError  # the numbers have no end


def commit_folder(folder: Path, fill: Callable[[Path], None], *, is_ours: Ours = nothing) -> None:
    """Let `fill` write files into a hidden folder, then rename it to `folder`. Raises as
    `committed_folder`."""
    with committed_folder(folder, is_ours=is_ours) as hidden:
        fill(hidden)


@contextmanager
def committed_folder(folder: Path, *, is_ours: Ours = nothing) -> Iterator[Path]:
    """Yield a hidden folder that becomes `folder` when the block ends without an error, in the
    place of an older one that `is_ours`.

    Raises NotOurs, LinkInTheWay, OutputNotWritable or DiskFull, and InputNotReadable where the
    block cannot read what it wants to write; the older folder stays whole then.
    """
    with _filled(folder) as (parent, hidden):
        with writes_to(folder.parent):
            _put_back(parent, folder.name)
            _require_replaceable(parent, folder.name, is_ours)
        with reads(folder.parent):
            yield folder.with_name(hidden)
        with writes_to(folder.parent):
            _sync(parent, hidden)
            _swap(parent, hidden, folder.name, is_ours)
            parent.sync()


def commit_new_folder(folder: Path, fill: Callable[[Path], None], *, private: bool = False) -> bool:
    """The same, but whoever has the name keeps it: False, and nothing is written."""
    with _filled(folder, private=private) as (parent, hidden):
        with reads(folder.parent):
            fill(folder.with_name(hidden))
        with writes_to(folder.parent):
            _sync(parent, hidden)
            try:
                is_new = parent.rename_new(hidden, folder.name)
            except OSError as error:
                if error.errno not in TAKEN:
                    raise
                return False
            parent.sync()
    return is_new


def replace_folder(folder: Path, target: Path, *, is_ours: Ours) -> None:
    """One rename, in the place of an older folder that `is_ours`; that is deleted only once the
    new one is in its place. Raises NotOurs, LinkInTheWay or OutputNotWritable."""
    with writes_to(target.parent), held(target.parent) as parent:
        _put_back(parent, target.name)
        _swap(parent, folder.name, target.name, is_ours)


def remove_folder(folder: Path, *, is_ours: Ours) -> None:
    """Take a folder away in one move, so that nobody meets half of it. One that is gone already
    is no error. Raises NotOurs, LinkInTheWay or OutputNotWritable."""
    if not os.path.lexists(folder):
        return
    with writes_to(folder.parent), held(folder.parent) as parent:
        _require_replaceable(parent, folder.name, is_ours)
        trash = trash_of(folder.name)
        parent.rename(folder.name, trash)
        _remove(parent, trash)


def remove_empty(folder: Path) -> None:
    """What is in it stays, and the folder with it."""
    with suppress(OSError):
        folder.rmdir()


def sweep(folder: Path) -> None:
    """Clear away what a killed process left half done, and put back what it had moved aside.

    Only call it holding the run's lock.
    """
    # Whoever reads the folder next says what is wrong with it.
    with suppress(OSError, LinkInTheWay), held(folder) as place:
        for name in place.names():
            with suppress(OSError):  # it stays where it is until the next time
                _sweep_one(place, name)


def _sweep_one(place: HeldFolder, name: str) -> None:
    aside = ASIDE.fullmatch(name)
    if aside is not None:
        _return_or_delete(place, name, aside[1])
    elif FILLING.fullmatch(name) or TRASH.fullmatch(name) or PART.fullmatch(name):
        place.remove(name)


def sweep_abandoned(folder: Path, names: re.Pattern[str], seconds: float) -> None:
    """Clear away folders that `commit_new_folder` left half filled, where no lock is held: those
    meant for such names, that nobody can be filling any more."""
    with suppress(OSError), held(folder) as place:
        for name in place.names():
            half = FILLING.fullmatch(name)
            if half is None or not names.fullmatch(half[1]):
                continue
            found = place.lstat(name)
            if found is not None and found.st_mtime < time.time() - seconds:
                _remove(place, name)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """In the system's folder for such, for this user alone; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="imprint-", ignore_cleanup_errors=True) as place:
        yield Path(place)


def short_folder() -> Path:
    """A new one with a short path, for this user alone. It stays, until the system clears it
    away. Raises OutputNotWritable or DiskFull."""
    place = Path(tempfile.gettempdir())
    with writes_to(place):
        return Path(tempfile.mkdtemp(prefix="imprint-", dir=place))


@contextmanager
def _filled(folder: Path, *, private: bool = False) -> Iterator[tuple[HeldFolder, str]]:
    """The folder above `folder`, and a hidden one beside it, to be renamed to it."""
    with writes_to(folder.parent):
        make_folder(folder.parent)
    with writes_to(folder.parent), held(folder.parent) as parent:
        hidden = filling_of(folder.name)
        parent.make(hidden, 0o700 if private else 0o777)
        try:
            yield parent, hidden
        finally:
            _remove(parent, hidden)


def _require_replaceable(parent: HeldFolder, name: str, is_ours: Ours) -> None:
    """Raises NotOurs or LinkInTheWay."""
    found = parent.lstat(name)
    if found is None:
        return
    if is_link(found):
        raise LinkInTheWay(path=str(parent.path / name))
    if not is_ours(parent.path / name):
        raise NotOurs(path=str(parent.path / name))


def _swap(parent: HeldFolder, hidden: str, name: str, is_ours: Ours) -> None:
    """Put a filled folder into the place of an older one, which is deleted only afterwards.

    The older one is put back where the second rename fails, and by `sweep` or the next commit of
    the same name where the process was killed between the two.
    """
    _require_replaceable(parent, name, is_ours)
    if parent.lstat(name) is None:
        parent.rename(hidden, name)
        return
    aside = aside_of(name)
    parent.rename(name, aside)
    try:
        parent.rename(hidden, name)
    except OSError:
        parent.rename(aside, name)
        raise
    _remove(parent, aside)


def _put_back(parent: HeldFolder, name: str) -> None:
    """Undo what a kill left between the two renames of `_swap`."""
    for aside in parent.names():
        found = ASIDE.fullmatch(aside)
        if found is not None and found[1] == name:
            _return_or_delete(parent, aside, name)


def _return_or_delete(parent: HeldFolder, aside: str, name: str) -> None:
    if parent.lstat(name) is None:
        parent.rename(aside, name)
    else:
        _remove(parent, aside)


def _remove(parent: HeldFolder, name: str) -> None:
    """What stays of it is swept the next time."""
    with suppress(OSError):
        parent.remove(name)


def _sync(parent: HeldFolder, name: str) -> None:
    with held(parent.path / name) as folder:
        folder.sync()
