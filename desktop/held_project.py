"""The project that is open is its folder, not its path: renamed or moved it is followed, and one
that was deleted is never made again under the old name."""

from __future__ import annotations

import weakref
from contextlib import ExitStack, suppress
from pathlib import Path

from engine import storage
from engine.regular_files import is_folder


class HeldProject:
    """One that is not there yet may be made; it is held from then on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._mark: storage.Mark | None = None
        weakref.finalize(self, self._stack.close)
        self.hold()

    def hold(self) -> None:
        """Take hold of it once it is there."""
        if self._mark is not None:
            return
        self._mark = storage.mark_of(self._folder)
        if self._mark is not None:
            with suppress(OSError):
                self._stack.enter_context(storage.pinned(self._folder))

    def let_go(self) -> None:
        self._stack.close()
        self._mark = None

    @property
    def place(self) -> Path | None:
        """Where it lies now; None where it is gone, or another one lies in its place."""
        if self._mark is None:
            return self._folder
        if storage.mark_of(self._folder) == self._mark:
            if storage.is_pinned_elsewhere(self._folder):  # a drive was put in again
                self.let_go()
                self.hold()
            return self._folder
        moved = storage.where(self._folder)
        if moved != self._folder:
            return moved if storage.mark_of(moved) == self._mark else None
        is_there = is_folder(self._folder) and storage.mark_of(self._folder) is None
        return self._folder if is_there else None  # somebody cleared the hidden files away
