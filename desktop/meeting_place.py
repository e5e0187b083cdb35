"""Where the starts of one user find each other: a socket that no other user can reach, or listen
at before us. It lies in a folder for this user alone, and the other end's user is looked at."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import stat
import struct
import sys
from pathlib import Path

import platformdirs

from engine import storage
from engine.errors import UserError
from engine.regular_files import read_text

LONGEST = 100  # bytes of a socket's path; the least of all systems are 103, on macOS
_CREDENTIALS = struct.Struct("iII")  # of Linux: process, user, group


def address() -> str | None:
    """Where to look for an Imprint that runs; None where there can be none."""
    folder = _private_folder()
    return None if folder is None else _in(folder) or _noted(folder)


def new_address() -> str | None:
    """Where to listen; None where this user has no folder of their own."""
    folder = _private_folder()
    if folder is None:
        return None
    try:
        return _in(folder) or _note_down(folder)
    except UserError:
        return None


def is_same_user(descriptor: int) -> bool:
    """Whether the process at the other end of a socket is this user's. True where the system does
    not tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    try:
        with socket.fromfd(descriptor, socket.AF_UNIX, socket.SOCK_STREAM) as ours:
            told = ours.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return False
    _, user, _ = _CREDENTIALS.unpack(told)
    return user == os.geteuid()


def _name() -> str:
    """Of this home: one user may have several."""
    home = os.path.expanduser("~")  # noqa: PTH111 (never raises)
    return f"imprint-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"


def _in(folder: Path) -> str | None:
    """A socket in it; None where its path would be too long, and on Windows, whose pipes lie in
    no folder."""
    path = folder / _name()
    fits = sys.platform != "win32" and len(os.fsencode(path)) <= LONGEST
    return str(path) if fits else None


def _private_folder() -> Path | None:
    """The system's for such things, which is gone after a log-off, or one of our own."""
    given = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if given.is_absolute() and _is_private(given):
        return given
    own = Path(platformdirs.user_data_dir("imprint", appauthor=False)) / "window"
    try:
        storage.make_folder(own, private=True)
    except UserError:
        return None
    return own if _is_private(own) else None


def _is_private(folder: Path) -> bool:
    """A folder of this user in which nobody else may do anything, and no link."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    if sys.platform == "win32":  # what is in a user's profile is private there
        return stat.S_ISDIR(found.st_mode)
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_ours and not stat.S_IMODE(found.st_mode) & 0o077


def _note(folder: Path) -> Path:
    return folder / f"{_name()}.txt"


def _noted(folder: Path) -> str | None:
    """What the last one that listens wrote down, where its folder is still for us alone."""
    try:
        place = read_text(_note(folder))
    except (OSError, ValueError):
        return None
    if sys.platform == "win32":
        return place if place.startswith("imprint-") else None
    return place if _is_private(Path(place).parent) else None


def _note_down(folder: Path) -> str:
    """One that is free, which is written down. Raises UserError.

    Of a pipe nobody can know the name before; a socket may be used again.
    """
    is_pipe = sys.platform == "win32"
    place = None if is_pipe else _noted(folder)
    if place is None:
        secret = f"imprint-{secrets.token_hex(16)}"
        place = secret if is_pipe else str(storage.short_folder() / "window")
        storage.write_text(_note(folder), place, over=True)
    return place
