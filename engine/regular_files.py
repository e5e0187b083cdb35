"""Opens files for reading: regular files only, never a named pipe, a device or a socket.

A pipe that nobody writes to blocks whoever opens it, and /dev/zero has no end. All reading goes
through here; tests/test_architecture.py says so.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from engine.wording import QT_TRANSLATE_NOOP, Phrase

MOST_BYTES = 64 << 20  # that are read at once; a project with many edits is the largest
_TOO_LARGE = QT_TRANSLATE_NOOP("engine", "it is larger than {mib:g} MiB")
_NOT_REGULAR = QT_TRANSLATE_NOOP("engine", "it is not a regular file")
# Absent on some systems. Without O_NONBLOCK a pipe would block the very call that opens it.
_FLAGS = ("O_CLOEXEC", "O_BINARY", "O_NOINHERIT", "O_NONBLOCK")


class NotRegular(OSError):
    """Raised where a pipe, a device or a socket is in the place of a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, Phrase(_NOT_REGULAR), str(path))


class TooLarge(OSError):
    """Raised for a file that is far larger than what it should hold. A small file on the disk can
    be one: what was never written takes no room there."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(errno.EFBIG, Phrase(_TOO_LARGE, mib=most / 2**20), str(path))


def opened(path: Path, *, buffering: int = -1) -> IO[bytes]:
    """A regular file or a link to one, open for reading. Raises NotRegular or another OSError."""
    _require(path, _status(path).st_mode)  # first: to open a device may set it going
    descriptor = os.open(path, os.O_RDONLY | sum(getattr(os, name, 0) for name in _FLAGS))
    try:
        _require(path, os.fstat(descriptor).st_mode)  # it may have been replaced in between
        return os.fdopen(descriptor, "rb", buffering)
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """All of the file. Raises TooLarge, else as `opened`."""
    data = read_start(path, most + 1)
    if len(data) > most:
        raise TooLarge(path, most)
    return data


def read_start(path: Path, count: int) -> bytes:
    """Its first bytes, `count` at most. Raises as `opened`."""
    with opened(path) as file:
        return file.read(count)


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """Raises UnicodeDecodeError, else as `opened`."""
    return read_bytes(path).decode(encoding)


def require_regular(folder: Path) -> None:
    """For a library that opens the files of a folder by itself. Raises NotRegular."""
    for path in _below(folder):
        _require(path, path.stat().st_mode)


def is_file(path: Path) -> bool:
    """Whether a file can be seen there; also through a link. Never raises, where Path.is_file does
    for a folder without rights and for a name that is too long; `require_file` says why not."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """Whether a folder can be seen there; also through a link. Never raises."""
    return os.path.isdir(path)  # noqa: PTH112


def is_there(path: Path) -> bool:
    """Whether anything but a link that leads nowhere can be seen there. Never raises."""
    return os.path.exists(path)  # noqa: PTH110


def is_link(path: Path) -> bool:
    """Whether a link can be seen there, wherever it leads. Never raises."""
    return os.path.islink(path)  # noqa: PTH114


def paths_in(folder: Path, pattern: str = "*") -> list[Path]:
    """What lies directly in a folder, by name; nothing where it cannot be listed. Never raises:
    for what is shown, where a folder that cannot be read has nothing to show."""
    try:
        return listed(folder, pattern)
    except OSError:
        return []


def listed(folder: Path, pattern: str = "*") -> list[Path]:
    """What lies directly in a folder, by name; nothing where it is missing. For what decides
    something. Raises OSError, where Path.glob passes over a folder without rights."""
    try:
        return sorted(path for path in folder.iterdir() if path.match(pattern))
    except (FileNotFoundError, NotADirectoryError):
        return []


def listed_below(folder: Path, pattern: str = "*") -> list[Path]:
    """As `listed`, of a folder and of all in it. Follows no link to a folder."""
    found, left = [], [folder]
    while left:
        for path in listed(left.pop()):
            found += [path] if path.match(pattern) else []
            left += [path] if is_folder(path) and not is_link(path) else []
    return sorted(found)


def seen_below(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Folder after folder with the names of its folders, which the caller may make fewer, and of
    its files. Passes over what cannot be listed, and raises nothing: for a search."""
    left = [folder]
    while left:  # os.walk calls itself, and a stranger's folders may be a thousand deep
        place = left.pop()
        folders: list[str] = []
        files: list[str] = []
        for path in paths_in(place):
            (folders if is_folder(path) else files).append(path.name)
        yield place, folders, files
        left += [place / name for name in reversed(folders) if not is_link(place / name)]


def require_file(path: Path) -> None:
    """Where the answer is told to the user, or decides what is written: what cannot be seen is
    not missing. Raises FileNotFoundError, IsADirectoryError, NotRegular or another OSError."""
    _require(path, _status(path).st_mode)


def require_folder(path: Path) -> None:
    """As `require_file`, of a folder whose names can be listed and whose files can be opened.

    Raises FileNotFoundError, NotADirectoryError, PermissionError or another OSError.
    """
    if not stat.S_ISDIR(_status(path).st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    os.scandir(path).close()  # takes the right to read
    os.stat(os.path.join(path, os.curdir))  # noqa: PTH116, PTH118 (takes the right to enter)


def is_missing(error: OSError) -> bool:
    """Whether nothing is there: also where a file is in the place of a folder of the path, or
    where the name is longer than a name can be."""
    is_too_long = error.errno == errno.ENAMETOOLONG
    return is_too_long or isinstance(error, FileNotFoundError | NotADirectoryError)


def real_path(path: Path) -> Path | None:
    """Where a path leads to in the end; None where that cannot be told, as of a link without the
    right to read it. os.path.realpath raises there, and Path.resolve at a link to itself."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return None


def changed_at(status: os.stat_result) -> int:
    """When a file was changed or put into its place, in nanoseconds: `cp -p`, rsync and zip give
    another file the old one's time of change, and a new one of its status."""
    return max(status.st_mtime_ns, status.st_ctime_ns)


def reason_of(error: OSError) -> str:
    """What the system says, or what the window can say in its own language."""
    return error.strerror or type(error).__name__


def _below(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.iterdir()) if is_there(path) and not is_folder(path))


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except ValueError as error:  # a NUL, or what no file system can encode
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from error


def _require(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise NotRegular(path)
