"""An error of the system -> the sentence for it. Full is not forbidden, and reading is not
writing: what the user can do differs."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import DiskFull, InputNotReadable, OutputNotWritable
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
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
        if error.errno in _FULL or error.errno == errno.EROFS:
            raise as_user_error(error, folder) from error
        raise as_reading_error(error) from error


def as_user_error(error: OSError, folder: Path) -> OutputNotWritable | DiskFull:
    if error.errno in _FULL:
        free = free_bytes(folder)
        return DiskFull(folder=str(folder), need_mib=1.0, free_mib=free / 2**20)
    return OutputNotWritable(folder=str(folder), reason=error.strerror or str(error))


def as_reading_error(error: OSError) -> InputNotReadable:
    """What was to be read is named by the error itself, where the system says it."""
    path = Phrase(_SOURCE) if error.filename is None else os.fsdecode(error.filename)
    return InputNotReadable(path=path, reason=error.strerror or str(error))


def free_bytes(folder: Path) -> int:
    """Free space where the folder lies or will lie."""
    for place in (folder.absolute(), *folder.absolute().parents):
        if place.exists():
            return shutil.disk_usage(place).free
    return 0
