"""The one way in which Imprint writes files: beside, synced, renamed.

A crash, a kill or a full disk leaves the old file whole. A folder is committed by renaming it
as a whole. See docs/decisions for why no library does this for us.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from engine.errors import DiskFull, OutputNotWritable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}  # by files or by a folder with some
_HALF_FILLED = re.compile(r"\.tmp-(.+)-\d+-[0-9a-f]{8}")  # see _filled
_RETRY_SECONDS = 10  # Windows: a virus scanner may hold the old file for a moment


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Yield a binary file that becomes `path` when the block ends without an error.

    Raises DiskFull or OutputNotWritable; the old file is untouched then.
    """
    part = path.with_name(f".{path.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
        # 0o666 less the umask: other programs, under other users, must read an export.
        descriptor = os.open(part, flags | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _replace(part, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise as_user_error(error, path.parent) from error
    finally:
        with suppress(OSError):  # gone already, or its folder is none
            part.unlink()


def write_bytes(path: Path, data: bytes) -> None:
    with atomic_write(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, data: Any) -> None:
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False))


def copy_file(source: Path, target: Path) -> None:
    """Raises OSError where the source cannot be opened, else as `atomic_write`."""
    with source.open("rb") as data, atomic_write(target) as file:
        shutil.copyfileobj(data, file)


def move_file(path: Path, target: Path) -> None:
    """One rename on the same disk. Raises OutputNotWritable."""
    try:
        path.rename(target)
    except OSError as error:
        raise as_user_error(error, target.parent) from error


def replace_file(path: Path, target: Path) -> None:
    """The same in the place of a file that is there already; folders can be moved where there is
    none. Raises OutputNotWritable."""
    try:
        _replace(path, target)
    except OSError as error:
        raise as_user_error(error, target.parent) from error


def remove_file(path: Path) -> None:
    """One that is gone already is no error. Raises OutputNotWritable."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise as_user_error(error, path.parent) from error


def commit_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write files into a hidden folder, then rename it to `folder` in one move, in the
    place of one that stands there. Raises OutputNotWritable or DiskFull."""
    try:
        with _filled(folder, fill) as hidden:
            if folder.exists():
                remove_folder(folder)
            hidden.rename(folder)
    except OSError as error:
        raise as_user_error(error, folder.parent) from error


def commit_new_folder(folder: Path, fill: Callable[[Path], None]) -> bool:
    """The same, but whoever has the name keeps it: False, and nothing is written.

    Raises OutputNotWritable or DiskFull.
    """
    try:
        with _filled(folder, fill) as hidden:
            try:
                hidden.rename(folder)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
                return False
    except OSError as error:
        raise as_user_error(error, folder.parent) from error
    return True


@contextmanager
def _filled(folder: Path, fill: Callable[[Path], None]) -> Iterator[Path]:
    """A hidden folder beside `folder`, to be renamed to it."""
    hidden = folder.with_name(f".tmp-{folder.name}-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        hidden.mkdir(parents=True)
        fill(hidden)
        _sync_folder(hidden)
        yield hidden
        _sync_folder(folder.parent)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Take a folder away in one move, so that nobody meets half of it."""
    trash = folder.with_name(f".trash-{folder.name}-{secrets.token_hex(4)}")
    folder.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Clear away what a killed process left half done. Only call it holding the run's lock."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name.startswith((".tmp-", ".trash-")) and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.startswith(".") and path.name.endswith(".part"):
            path.unlink(missing_ok=True)


def sweep_abandoned(folder: Path, names: re.Pattern[str], seconds: float) -> None:
    """Clear away folders that `commit_new_folder` left half filled, where no lock is held and what
    else lies there is not ours: those meant for such names, that nobody can be filling any more."""
    for path in folder.iterdir():
        half = _HALF_FILLED.fullmatch(path.name)
        if half is None or not names.fullmatch(half[1]):
            continue
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - seconds:
                shutil.rmtree(path, ignore_errors=True)


def require_writable(folder: Path) -> None:
    """Really write a file, hours before it matters. Raises OutputNotWritable or DiskFull.

    The file has no name, where the system knows such: a kill leaves none behind.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as probe:
            probe.write(b"imprint")
    except OSError as error:
        raise as_user_error(error, folder) from error


def free_bytes(folder: Path) -> int:
    """Free space where the folder lies or will lie."""
    for place in (folder.absolute(), *folder.absolute().parents):
        if place.exists():
            return shutil.disk_usage(place).free
    return 0


def counted_up(stem: str, first: int = 1) -> Iterator[str]:
    """`stem`, `stem-2`, `stem-3` and so on: one takes the first that nobody has."""
    return (stem if number == 1 else f"{stem}-{number}" for number in count(first))


def free_name(path: Path) -> Path:
    """The path, or one with a number behind that is not taken."""
    paths = (path.with_name(name) for name in counted_up(path.name))
    return next(path for path in paths if not path.exists())


def expand(path: str) -> Path:
    """`~` made whole; the `~name` of no user stays as it is, as in a shell."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def as_user_error(error: OSError, folder: Path) -> OutputNotWritable | DiskFull:
    if error.errno in _FULL:
        free = free_bytes(folder)
        return DiskFull(folder=str(folder), need_mib=1.0, free_mib=free / 2**20)
    return OutputNotWritable(folder=str(folder), reason=error.strerror or str(error))


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace(source: Path, target: Path) -> None:
    deadline = time.monotonic() + _RETRY_SECONDS
    while True:
        try:
            source.replace(target)
        except PermissionError:
            if os.name != "nt" or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows has no handle of a folder to sync
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
