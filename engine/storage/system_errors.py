"""An error of the system -> the sentence for it. Full is not forbidden, a limit of files is not
full, and reading is not writing: what the user can do differs."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import DiskFull, InputNotReadable, OutputNotWritable, UserError
from engine.output_errors import FilesLimited
from engine.regular_files import is_there
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_FULL = {errno.ENOSPC, errno.EDQUOT}
_NOT_OF_READING = {errno.EFBIG, errno.EROFS}
# Of rights and of disks, shares and drives that fail or go: whatever Imprint does, it can come.
_OF_THE_COMPUTER = _FULL | _NOT_OF_READING | {
    getattr(errno, name)
    for name in (
        "EIO", "EACCES", "EPERM", "ESTALE", "ENOTCONN", "ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH",
        "ENODEV", "ENXIO", "EMFILE", "ENFILE", "EREMOTEIO", "ENOTSUP", "ETXTBSY",
        "ENAMETOOLONG", "ELOOP",
    )
    if hasattr(errno, name)
}  # fmt: skip
_LIMIT = QT_TRANSLATE_NOOP("engine", "{kib} KiB")
_OF_FILE_SYSTEM = QT_TRANSLATE_NOOP("engine", "what its file system holds (4 GiB on FAT32)")
_SOURCE = QT_TRANSLATE_NOOP("engine", "A file that is needed")


@contextmanager
def writes_to(folder: Path) -> Iterator[None]:
    """Around calls that write, and nothing else."""
    try:
        yield
    except OSError as error:
        raise as_user_error(error, folder) from error


@contextmanager
def reads(folder: Path) -> Iterator[None]:
    """Around what fills a file or a folder: its own writes raise our errors already, so that what
    is left are errors of reading. A full or read-only disk is neither, whoever met it."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL | _NOT_OF_READING:
            raise as_user_error(error, folder) from error
        raise as_reading_error(error) from error


def as_user_error(error: OSError, folder: Path) -> OutputNotWritable | DiskFull:
    if error.errno in _FULL:
        free = free_bytes(folder)
        return DiskFull(folder=str(folder), need_mib=1.0, free_mib=free / 2**20)
    if error.errno == errno.EFBIG:
        return FilesLimited(folder=str(folder), limit=_most_of_a_file())
    return OutputNotWritable(folder=str(folder), reason=error.strerror or str(error))


def _most_of_a_file() -> str:
    """The limit of this process (`ulimit -f`); where it has none, the file system has one."""
    if sys.platform != "win32":
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        if limit != resource.RLIM_INFINITY:
            return Phrase(_LIMIT, kib=limit // 1024)
    return Phrase(_OF_FILE_SYSTEM)


def refused_by_the_computer(error: BaseException) -> UserError | None:
    """The sentence for an error about a file that no block above met; None for any error that may
    be a mistake of ours, such as a file that is missing."""
    if not isinstance(error, OSError):
        return None
    if error.filename is None and error.errno != errno.EIO:  # of a read that failed
        return None
    if error.errno in _FULL | _NOT_OF_READING:
        place = Path(os.fsdecode(error.filename or os.curdir))
        return as_user_error(error, place.parent)
    return as_reading_error(error) if error.errno in _OF_THE_COMPUTER else None


def as_reading_error(error: OSError) -> InputNotReadable:
    """What was to be read is named by the error itself, where the system says it."""
    path = Phrase(_SOURCE) if error.filename is None else os.fsdecode(error.filename)
    return InputNotReadable(path=path, reason=error.strerror or str(error))


def free_bytes(folder: Path) -> int:
    """Free space where the folder lies or will lie."""
    for place in (folder.absolute(), *folder.absolute().parents):
        if is_there(place):
            return shutil.disk_usage(place).free
    return 0
