"""A folder held open while something in it is written, renamed or deleted.

On POSIX systems each call goes through the folder's descriptor: whoever puts a link into the
folder's place in the middle changes nothing. Windows has no such calls; there each part of the
path is looked at, and an open file keeps its folders from being renamed.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.output_errors import LinkInTheWay
from engine.storage.exclusive_rename import NotKnownHere, rename_exclusive
from engine.storage.links import is_link
from engine.storage.marks import program_folders, root_of
from engine.storage.patiently import patiently
from engine.storage.pins import pin_above

HAS_DESCRIPTORS = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")
TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR}  # by files or by folders
_PRIVATE = 0o700
_OPEN_FOLDER = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC")
)


class HeldFolder:
    """Names below are plain names in this folder. All methods raise OSError."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor

    def lstat(self, name: str) -> os.stat_result | None:
        """None where nothing has the name; a link that leads nowhere is there."""
        try:
            return os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def create(self, name: str, mode: int) -> int:
        """A descriptor of a new file, open for writing."""
        return self._open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)

    def append(self, name: str, mode: int) -> int:
        """A descriptor of a file that grows, open for reading and writing."""
        self.require_no_link(name)
        return self._open(name, os.O_CREAT | os.O_RDWR | os.O_APPEND, mode)

    def open_own(self, name: str, mode: int) -> int:
        """A descriptor of a file that is read and written at any place."""
        return self._open(name, os.O_CREAT | os.O_RDWR, mode)

    def make(self, name: str, mode: int = 0o777) -> None:
        os.mkdir(self._at(name), mode, dir_fd=self._descriptor)

    def rename(self, name: str, new: str, to: HeldFolder | None = None) -> None:
        """Replaces a file that has the new name."""
        target = to or self
        patiently(
            lambda: os.replace(
                self._at(name),
                target._at(new),
                src_dir_fd=self._descriptor,
                dst_dir_fd=target._descriptor,
            )
        )

    def rename_new(self, name: str, new: str, to: HeldFolder | None = None) -> bool:
        """False where the new name is taken; whoever has it keeps it."""
        target = to or self
        try:
            rename_exclusive(self._at(name), target._at(new), self._descriptor, target._descriptor)
        except FileExistsError:
            return False
        except NotKnownHere:  # then there is a moment between the look and the rename
            if target.lstat(new) is not None:
                return False
            self.rename(name, new, to)
        return True

    def link(self, source: Path, new: str) -> None:
        """A second name, here, for a file on the same disk."""
        os.link(source, self._at(new), dst_dir_fd=self._descriptor)

    def unlink(self, name: str) -> None:
        os.unlink(self._at(name), dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """A file, a link or a folder with all that is in it; links inside are not followed."""
        found = self.lstat(name)
        if found is None:
            return
        if stat.S_ISDIR(found.st_mode) and not is_link(found):
            shutil.rmtree(self._at(name), dir_fd=self._descriptor)
        else:
            self.unlink(name)

    def names(self) -> list[str]:
        return os.listdir(self.path if self._descriptor is None else self._descriptor)  # noqa: PTH208

    def require_no_link(self, name: str) -> None:
        """Raises LinkInTheWay."""
        found = self.lstat(name)
        if found is not None and is_link(found):
            raise LinkInTheWay(path=str(self.path / name))

    def sync(self) -> None:
        """The names are on the disk afterwards."""
        if self._descriptor is not None:  # Windows has no handle of a folder to sync
            os.fsync(self._descriptor)

    def _open(self, name: str, flags: int, mode: int) -> int:
        extra = ("O_NOFOLLOW", "O_BINARY", "O_CLOEXEC", "O_NOINHERIT", "O_NONBLOCK")
        flags |= sum(getattr(os, one, 0) for one in extra)
        return os.open(self._at(name), flags, mode, dir_fd=self._descriptor)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else str(self.path / name)


@contextmanager
def held(
    folder: Path, *, root: Path | None = None, make: bool = False, private: bool = False
) -> Iterator[HeldFolder]:
    """Open a folder to write into it. Raises LinkInTheWay or OSError.

    No part of the path below `root` may be a link; without one the root is the outermost folder
    above that is ours, and where there is none the path is the user's own business. A folder that
    is pinned is the same one, wherever it lies now. `make`: what is missing is made, for the user
    alone where `private`.
    """
    folder = _absolute(folder)
    pin = pin_above(folder)
    base = _absolute(root) if root is not None else root_of(folder)
    if pin is not None:
        base = pin[0]
    if base is None or not folder.is_relative_to(base):
        base = folder
    mode = _PRIVATE if private or base in program_folders() else 0o777
    if make and pin is None:
        base.mkdir(mode, parents=True, exist_ok=True)
    parts = folder.relative_to(base).parts
    if HAS_DESCRIPTORS:
        opening = os.path.realpath(base)
        descriptor = os.dup(pin[1]) if pin is not None else os.open(opening, _OPEN_FOLDER)
        try:
            place = HeldFolder(base, descriptor)
            for part in parts:
                inner = _entered(place, part, mode if make else None)
                os.close(descriptor)
                descriptor = inner
                place = HeldFolder(place.path / part, descriptor)
            yield place
        finally:
            os.close(descriptor)
    else:
        place = HeldFolder(base, None)
        for part in parts:
            _make(place, part, mode if make else None)
            place = HeldFolder(place.path / part, None)
        os.scandir(place.path).close()  # there, and a folder
        yield place


def _entered(place: HeldFolder, part: str, mode: int | None) -> int:
    _make(place, part, mode)
    return os.open(part, _OPEN_FOLDER, dir_fd=place._descriptor)


def _make(place: HeldFolder, part: str, mode: int | None) -> None:
    """The folder is there afterwards unless `mode` is None, and no link in any case."""
    if mode is not None:
        with suppress(FileExistsError):
            place.make(part, mode)
    place.require_no_link(part)


def _absolute(path: Path) -> Path:
    """A name behind `..` may be reached through a link: the system says where it is."""
    absolute = path.absolute()
    return Path(os.path.realpath(absolute)) if ".." in absolute.parts else absolute
