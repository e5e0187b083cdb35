"""Rights that count for the tests too where they run as root, to whom all is allowed on Linux."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# linux/capability.h
_VERSION_3 = 0x20080522
_READ_ALL = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
needs_rights = pytest.mark.skipif(
    os.name == "nt" or (IS_ROOT and sys.platform != "linux"), reason="chmod forbids nothing here"
)


@contextmanager
def as_anyone() -> Iterator[None]:
    """Inside the block this thread, and any that it starts, may do what the owner of a file may."""
    if not IS_ROOT:
        yield
        return
    before = _capabilities()
    _set(_capabilities()[0] & ~_READ_ALL, *before[1:])
    try:
        yield
    finally:
        _set(*before)


@contextmanager
def without_rights(path: Path, mode: int = 0) -> Iterator[None]:
    """Inside the block a file or a folder has only these rights."""
    was = path.stat().st_mode & 0o7777
    path.chmod(mode)
    try:
        with as_anyone():
            yield
    finally:
        path.chmod(was)


def _capabilities() -> tuple[int, ...]:
    """Effective, permitted and inheritable, the lower and the upper half of each."""
    data = (ctypes.c_uint32 * 6)()
    _call("capget", data)
    return tuple(data)


def _set(*values: int) -> None:
    _call("capset", (ctypes.c_uint32 * 6)(*values))


def _call(name: str, data: ctypes.Array[ctypes.c_uint32]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    if getattr(libc, name)(header, data):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
