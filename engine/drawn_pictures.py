"""The folder that pictures are drawn into: their names, and a bin that can be undone.

A number is never given twice while a picture has it, in the folder or in the bin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import filelock

from engine import storage
from engine.errors import OutputNotWritable
from engine.regular_files import is_file, is_folder, is_link

BIN = ".bin"  # a hidden folder: what lies there goes to the system's bin in a moment
_DRAWN = re.compile(r"\A([0-9]{5,9})_seed-?[0-9]++(?:-[0-9]++)?\.png")


def keep(folder: Path, seed: int, data: bytes) -> Path:
    """Write a drawn picture under a name that nobody has, counting up so that files sort by time.

    Raises DiskFull or OutputNotWritable.
    """
    number = 1 + max(_numbers_in(folder), default=0)
    while True:  # another process may draw into the same folder
        path = folder / f"{number:05d}_seed{seed}.png"
        if storage.write_new(path, data):
            return path
        number += 1


class Bin:
    """What one window has thrown away. Its lock tells other windows that it can still be undone.

    While something is in it, its folder is held: a project that is renamed meanwhile is followed,
    and of another one in its place nothing is touched.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._holding = ExitStack()
        self._lock = filelock.FileLock(folder / BIN / ".lock", timeout=0)
        self._gone: list[tuple[Path, Path]] = []  # from, to

    def __len__(self) -> int:
        return len(self._gone)

    def throw_away(self, path: Path) -> None:
        """Raises OutputNotWritable."""
        if not self._gone:
            self._hold()
        try:
            place = storage.move_to_free(path, self._folder / BIN / path.name)
        except OutputNotWritable:
            if not self._gone:
                self._let_go()
            raise
        self._gone.append((path, place))

    def take_back(self) -> None:
        """All of it, under their names or, where those are taken, under free ones."""
        for path, place in self._gone:
            with suppress(OutputNotWritable):
                storage.move_to_free(place, path)
        self._let_go()

    def empty(self) -> None:
        """To the bin of the system, from which people can still take it."""
        folder = storage.where(self._folder)
        if not storage.is_pinned_elsewhere(folder):
            for _, place in self._gone:
                with suppress(OutputNotWritable):
                    storage.to_bin(folder / BIN / place.name)
        self._let_go()

    def _hold(self) -> None:
        with suppress(OSError):
            self._holding.enter_context(storage.pinned(self._folder))
        storage.make_folder(self._folder / BIN)
        with suppress(OSError):  # a Timeout is one: another window has thrown away, too
            self._lock.acquire()

    def _let_go(self) -> None:
        self._gone.clear()
        self._lock.release()
        self._holding.close()


def bring_back(folder: Path) -> None:
    """What a crash left on its way to the bin was not yet thrown away; what another window can
    still take back is left to it."""
    place = folder / BIN
    if is_link(place) or not is_folder(place):
        return
    with suppress(OSError, OutputNotWritable), filelock.FileLock(place / ".lock", timeout=0):
        for path in place.iterdir():
            if _DRAWN.fullmatch(path.name) and is_file(path) and not is_link(path):
                storage.move_to_free(path, folder / path.name)


def _numbers_in(folder: Path) -> Iterator[int]:
    for place in (folder, folder / BIN):
        with suppress(OSError):
            for path in place.iterdir():
                found = _DRAWN.fullmatch(path.name)
                if found:
                    yield int(found[1])
