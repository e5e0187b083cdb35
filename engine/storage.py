"""The one way in which Imprint writes files: beside, synced, renamed.

A crash, a kill or a full disk leaves the old file whole. A folder is committed by renaming it
as a whole. OutputNotWritable is raised only by the calls that write: an error of reading, inside
the same block, is InputNotReadable. See docs/decisions for why no library does this for us.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from engine.errors import DiskFull, InputNotReadable, OutputNotWritable
from engine.file_names import counted_up
from engine.regular_files import opened
from engine.wording import QT_TRANSLATE_NOOP, Phrase

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}  # by files or by a folder with some
_HALF_FILLED = re.compile(r"\.tmp-(.+)-\d+-[0-9a-f]{8}")  # see _filled
_ASIDE = re.compile(r"\.old-(.+)-[0-9a-f]{8}")  # see _swap
_RETRY_SECONDS = 10  # Windows: a virus scanner may hold the old file for a moment
_SOURCE = QT_TRANSLATE_NOOP("engine", "A file that is needed")


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Yield a binary file that becomes `path` when the block ends without an error.

    Raises DiskFull or OutputNotWritable where it cannot be written, InputNotReadable where the
    block cannot read what it wants to write; the old file is untouched then.
    """
    part = path.with_name(f".{path.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        with _writes_to(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
            # 0o666 less the umask: other programs, under other users, must read an export.
            descriptor = os.open(part, flags | getattr(os, "O_BINARY", 0), 0o666)
        with io.BufferedWriter(_Target(descriptor, path.parent)) as file:
            with _reads(path.parent):
                yield file
            sync(file, path.parent)
        with _writes_to(path.parent):
            _replace(part, path)
            _sync_folder(path.parent)
    finally:
        with suppress(OSError):  # gone already, or its folder is none
            part.unlink()


class _Target(io.FileIO):
    """A file whose failing writes are OutputNotWritable or DiskFull, so that nobody takes them
    for errors of reading."""

    def __init__(self, descriptor: int, folder: Path) -> None:
        super().__init__(descriptor, "wb")
        self._folder = folder

    def write(self, data: ReadableBuffer, /) -> int:
        with _writes_to(self._folder):
            return super().write(data)


def sync(file: IO[bytes], folder: Path) -> None:
    """What was written so far is on the disk afterwards. Raises DiskFull or OutputNotWritable."""
    file.flush()
    with _writes_to(folder):
        os.fsync(file.fileno())


@contextmanager
def _writes_to(folder: Path) -> Iterator[None]:
    """Around calls that write, and nothing else."""
    try:
        yield
    except OSError as error:
        raise as_user_error(error, folder) from error


@contextmanager
def _reads(folder: Path) -> Iterator[None]:
    """Around what fills a file or a folder: its own writes raise our errors already, so that what
    is left are errors of reading. A full or read-only disk is neither, whoever met it."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or error.errno == errno.EROFS:
            raise as_user_error(error, folder) from error
        raise as_reading_error(error) from error


def write_bytes(path: Path, data: bytes) -> None:
    with atomic_write(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, data: Any) -> None:
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False))


def copy_file(source: Path, target: Path) -> None:
    """Raises InputNotReadable where the source cannot be read, else as `atomic_write`."""
    try:
        data = opened(source)
    except OSError as error:
        raise as_reading_error(error) from error
    with data, atomic_write(target) as file:
        shutil.copyfileobj(data, file)


def make_folder(folder: Path) -> None:
    """With those above it. Raises OutputNotWritable or DiskFull."""
    with _writes_to(folder.parent):
        folder.mkdir(parents=True, exist_ok=True)


def move_file(path: Path, target: Path) -> None:
    """One rename on the same disk. Raises OutputNotWritable."""
    with _writes_to(target.parent):
        path.rename(target)


def replace_file(path: Path, target: Path) -> None:
    """The same in the place of a file that is there already. Raises OutputNotWritable."""
    with _writes_to(target.parent):
        _replace(path, target)


def replace_folder(folder: Path, target: Path) -> None:
    """The same for a folder: the older one is deleted only once the new one is in its place.

    Raises OutputNotWritable.
    """
    try:
        _put_back(target)
        _swap(folder, target)
    except OSError as error:
        raise as_user_error(error, target.parent) from error


def remove_file(path: Path) -> None:
    """One that is gone already is no error. Raises OutputNotWritable."""
    with _writes_to(path.parent):
        path.unlink(missing_ok=True)


def commit_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write files into a hidden folder, then rename it to `folder`, in the place of an
    older one. Raises as `committed_folder`."""
    with committed_folder(folder) as hidden:
        fill(hidden)


@contextmanager
def committed_folder(folder: Path) -> Iterator[Path]:
    """Yield a hidden folder that becomes `folder` when the block ends without an error.

    Raises OutputNotWritable or DiskFull, and InputNotReadable where the block cannot read what it
    wants to write; the older folder stays whole then.
    """
    with _filled(folder) as hidden:
        with _reads(folder.parent):
            yield hidden
        with _writes_to(folder.parent):
            _sync_folder(hidden)
            _put_back(folder)
            _swap(hidden, folder)
            _sync_folder(folder.parent)


def commit_new_folder(folder: Path, fill: Callable[[Path], None]) -> bool:
    """The same, but whoever has the name keeps it: False, and nothing is written."""
    with _filled(folder) as hidden:
        with _reads(folder.parent):
            fill(hidden)
        with _writes_to(folder.parent):
            _sync_folder(hidden)
            try:
                hidden.rename(folder)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
                return False
            _sync_folder(folder.parent)
    return True


@contextmanager
def _filled(folder: Path) -> Iterator[Path]:
    """A hidden folder beside `folder`, to be renamed to it."""
    hidden = folder.with_name(f".tmp-{folder.name}-{os.getpid()}-{secrets.token_hex(4)}")
    with _writes_to(folder.parent):
        hidden.mkdir(parents=True)
    try:
        yield hidden
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _swap(hidden: Path, folder: Path) -> None:
    """Put a filled folder into the place of an older one, which is deleted only afterwards.

    The older one is put back where the second rename fails, and by `sweep` or the next commit of
    the same name where the process was killed between the two.
    """
    if not _is_there(folder):
        _rename(hidden, folder)
        return
    aside = folder.with_name(f".old-{folder.name}-{secrets.token_hex(4)}")
    _rename(folder, aside)
    try:
        _rename(hidden, folder)
    except OSError:
        _rename(aside, folder)
        raise
    _delete(aside)


def _put_back(folder: Path) -> None:
    """Undo what a kill left between the two renames of `_swap`."""
    for aside in folder.parent.glob(f".old-{glob.escape(folder.name)}-*"):
        found = _ASIDE.fullmatch(aside.name)
        if found is not None and found[1] == folder.name:
            _return_or_delete(aside, folder)


def _return_or_delete(aside: Path, folder: Path) -> None:
    if _is_there(folder):
        _delete(aside)
    else:
        _rename(aside, folder)


def _delete(aside: Path) -> None:
    """What stays of it is swept the next time."""
    if aside.is_symlink() or aside.is_file():
        with suppress(OSError):
            aside.unlink()
    else:
        shutil.rmtree(aside, ignore_errors=True)


def _is_there(path: Path) -> bool:
    """A link that leads nowhere is there, too. Raises OSError where nobody can know."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def remove_folder(folder: Path) -> None:
    """Take a folder away in one move, so that nobody meets half of it."""
    trash = folder.with_name(f".trash-{folder.name}-{secrets.token_hex(4)}")
    _rename(folder, trash)
    shutil.rmtree(trash, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Clear away what a killed process left half done, and put back what it had moved aside.

    Only call it holding the run's lock.
    """
    with suppress(OSError):  # whoever reads the folder next says what is wrong with it
        for path in list(folder.iterdir()):
            with suppress(OSError):  # it stays where it is until the next time
                _sweep_one(path)


def _sweep_one(path: Path) -> None:
    aside = _ASIDE.fullmatch(path.name)
    if aside is not None:
        _return_or_delete(path, path.with_name(aside[1]))
    elif path.name.startswith((".tmp-", ".trash-")) and path.is_dir():
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


def as_reading_error(error: OSError) -> InputNotReadable:
    """What was to be read is named by the error itself, where the system says it."""
    path = Phrase(_SOURCE) if error.filename is None else os.fsdecode(error.filename)
    return InputNotReadable(path=path, reason=error.strerror or str(error))


def sha256_of(path: Path) -> str:
    with opened(path) as file:
        source: Any = file
        return hashlib.file_digest(source, "sha256").hexdigest()


def _replace(source: Path, target: Path) -> None:
    _patiently(lambda: source.replace(target))


def _rename(source: Path, target: Path) -> None:
    _patiently(lambda: source.rename(target))


def _patiently(move: Callable[[], object]) -> None:
    deadline = time.monotonic() + _RETRY_SECONDS
    while True:
        try:
            move()
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
