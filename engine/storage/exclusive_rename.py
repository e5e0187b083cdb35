"""A rename that never replaces anything: POSIX has none, each system has its own.

Linux: renameat2(2) with RENAME_NOREPLACE. macOS: renameatx_np(2) with RENAME_EXCL. Windows: rename
itself.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

_RENAME_NOREPLACE = 1
_RENAME_EXCL = 4
_CALLS = {"linux": ("renameat2", _RENAME_NOREPLACE), "darwin": ("renameatx_np", _RENAME_EXCL)}
# By file systems that do not know it: some shares, some of FUSE.
_UNKNOWN = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_AT_FDCWD = -100 if sys.platform == "linux" else -2


class NotKnownHere(Exception):
    """Raised where neither the system nor the file system has such a rename."""


def rename_exclusive(
    source: str, target: str, source_in: int | None, target_in: int | None
) -> None:
    """`source_in`, `target_in`: descriptors of the folders, or None where the names are paths.

    Raises FileExistsError where the target's name is taken, NotKnownHere, or another OSError.
    """
    if os.name == "nt":
        os.rename(source, target)  # noqa: PTH104
        return
    name, flag = _CALLS.get(sys.platform, ("", 0))
    call = getattr(ctypes.CDLL(None, use_errno=True), name, None) if name else None
    if call is None:
        raise NotKnownHere
    places = (_AT_FDCWD if place is None else place for place in (source_in, target_in))
    first, second = places
    if call(first, os.fsencode(source), second, os.fsencode(target), flag) != 0:
        number = ctypes.get_errno()
        if number in _UNKNOWN:
            raise NotKnownHere
        raise OSError(number, os.strerror(number), source, None, target)
