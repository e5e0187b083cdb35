"""The one way in which Imprint writes files: beside, synced, renamed.

A crash, a kill or a full disk leaves the old file whole. Only what is ours is written over: a file
in a folder that carries our mark, or one whose name `over` vouches for. OutputNotWritable is raised
only by the calls that write: an error of reading, inside the same block, is InputNotReadable. See
docs/decisions for why no library does this for us.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from engine.file_names import counted_up
from engine.output_errors import LinkInTheWay, NotOurs
from engine.plain_text import whole_characters
from engine.regular_files import opened
from engine.storage.held_folder import HeldFolder, held
from engine.storage.links import is_link
from engine.storage.marks import is_ours
from engine.storage.system_errors import as_reading_error, reads, writes_to
from engine.storage.temporary import part_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# Less the umask: other programs, under other users, must read an export. What is private lies in
# a folder that is, see `make_folder`.
_FILE_MODE = 0o666


@contextmanager
def atomic_write(
    path: Path, *, root: Path | None = None, over: bool = False, mode: int = _FILE_MODE
) -> Iterator[IO[bytes]]:
    """Yield a binary file that becomes `path` when the block ends without an error.

    `root`: where no link is followed from, see `held`. `over`: a file that is there may be
    replaced though nothing shows that it is ours, since the user asked for it or the name has a
    form that only Imprint uses.

    Raises NotOurs, LinkInTheWay, DiskFull or OutputNotWritable where it cannot be written,
    InputNotReadable where the block cannot read what it wants to write; the old file is untouched
    then.
    """
    with _part(path, root, mode) as (folder, part, file):
        with writes_to(path.parent):
            _require_replaceable(folder, path.name, over=over)
        with reads(path.parent):
            yield file
        sync(file, path.parent)
        file.close()
        with writes_to(path.parent):
            _require_replaceable(folder, path.name, over=over)  # it may have come in between
            folder.rename(part, path.name)
            folder.sync()


@contextmanager
def new_file(
    path: Path, *, root: Path | None = None, mode: int = _FILE_MODE
) -> Iterator[IO[bytes]]:
    """The same, but whoever has the name keeps it: raises FileExistsError then."""
    with _part(path, root, mode) as (folder, part, file):
        with reads(path.parent):
            yield file
        sync(file, path.parent)
        file.close()
        with writes_to(path.parent):
            is_new = folder.rename_new(part, path.name)
            folder.sync()
    if not is_new:
        raise FileExistsError(path)


@contextmanager
def _part(path: Path, root: Path | None, mode: int) -> Iterator[tuple[HeldFolder, str, IO[bytes]]]:
    """A hidden file beside `path`; gone afterwards unless it was renamed."""
    part = part_of(path.name)
    with _held(path.parent, root) as folder:
        try:
            with writes_to(path.parent):
                descriptor = folder.create(part, mode)
            with io.BufferedWriter(_Target(descriptor, path.parent)) as file:
                yield folder, part, file
        finally:
            with suppress(OSError):  # renamed, or its folder is none
                folder.unlink(part)


@contextmanager
def _held(path: Path, root: Path | None = None) -> Iterator[HeldFolder]:
    """With the folders that are missing. What the block raises passes as it is."""
    with ExitStack() as stack:
        with writes_to(path):
            folder = stack.enter_context(held(path, root=root, make=True))
        yield folder


def _require_replaceable(folder: HeldFolder, name: str, *, over: bool) -> None:
    """Raises NotOurs or LinkInTheWay."""
    found = folder.lstat(name)
    if found is None:
        return
    path = folder.path / name
    if is_link(found):
        raise LinkInTheWay(path=str(path))
    if not stat.S_ISREG(found.st_mode) or not (over or is_ours(folder.path)):
        raise NotOurs(path=str(path))


class _Target(io.FileIO):
    """A file whose failing writes are OutputNotWritable or DiskFull, so that nobody takes them
    for errors of reading."""

    def __init__(self, descriptor: int, folder: Path) -> None:
        super().__init__(descriptor, "wb")
        self._folder = folder

    def write(self, data: ReadableBuffer, /) -> int:
        with writes_to(self._folder):
            return super().write(data)


def sync(file: IO[bytes], folder: Path) -> None:
    """What was written so far is on the disk afterwards. Raises DiskFull or OutputNotWritable."""
    file.flush()
    with writes_to(folder):
        os.fsync(file.fileno())


def write_bytes(path: Path, data: bytes, *, root: Path | None = None, over: bool = False) -> None:
    """Raises as `atomic_write`."""
    with atomic_write(path, root=root, over=over) as file:
        file.write(data)


def write_text(path: Path, text: str, *, root: Path | None = None, over: bool = False) -> None:
    """In UTF-8; half a character becomes a question mark. Raises as `atomic_write`."""
    write_bytes(path, whole_characters(text).encode(), root=root, over=over)


def write_json(path: Path, data: Any, *, over: bool = False) -> None:
    """Raises as `atomic_write`."""
    write_text(path, json_text(data), over=over)


def json_text(data: Any) -> str:
    """As Imprint writes it: people read these files, too. Half a character, which a file or a name
    may hold, is written as JSON has it, and read as the same half again."""
    try:
        text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError:  # JSON has no infinity, and our reader refuses it: as a text it can be read
        text = json.dumps(_without_infinity(data), indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _without_infinity(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_infinity(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_without_infinity(value) for value in data]
    return str(data) if isinstance(data, float) and not math.isfinite(data) else data


def write_new(path: Path, data: bytes, *, root: Path | None = None) -> bool:
    """False where the name is taken. Raises OutputNotWritable or DiskFull."""
    try:
        with new_file(path, root=root) as file:
            file.write(data)
    except FileExistsError:
        return False
    return True


def write_to_free(path: Path, data: bytes) -> Path:
    """Under this name or one with a number behind, which is returned. Raises OutputNotWritable or
    DiskFull."""
    return _at_first_free(path, lambda place: write_new(place, data))


def _at_first_free(path: Path, take: Callable[[Path], bool]) -> Path:
    """`take` says whether a name was free."""
    places = (path.with_stem(stem) for stem in counted_up(path.stem))
    return next(place for place in places if take(place))


def copy_file(source: Path, target: Path, *, over: bool = False) -> None:
    """As private as its source. Raises InputNotReadable where that cannot be read, else as
    `atomic_write`."""
    with _source(source) as data, atomic_write(target, over=over, mode=_mode_of(data)) as file:
        shutil.copyfileobj(data, file)


def copy_new(source: Path, target: Path) -> bool:
    """The same; False where the name is taken."""
    try:
        with _source(source) as data, new_file(target, mode=_mode_of(data)) as file:
            shutil.copyfileobj(data, file)
    except FileExistsError:
        return False
    return True


def copy_to_free(source: Path, target: Path) -> Path:
    """The same under the target's name or one with a number behind, which is returned."""
    return _at_first_free(target, lambda place: copy_new(source, place))


def _source(path: Path) -> IO[bytes]:
    try:
        return opened(path)
    except OSError as error:
        raise as_reading_error(error) from error


def _mode_of(file: IO[bytes]) -> int:
    """Who may read and write a copy; nobody may execute it."""
    return os.fstat(file.fileno()).st_mode & _FILE_MODE | stat.S_IRUSR | stat.S_IWUSR


@contextmanager
def appending(path: Path) -> Iterator[IO[bytes]]:
    """A file of ours that grows, made where it is missing; what is in it can be read.

    Raises LinkInTheWay, DiskFull or OutputNotWritable.
    """
    with writes_to(path.parent), held(path.parent) as folder:
        descriptor = folder.append(path.name, _FILE_MODE)
        with os.fdopen(descriptor, "ab+") as file:
            yield file


@contextmanager
def open_own(path: Path, mode: int = _FILE_MODE) -> Iterator[IO[bytes]]:
    """A file of ours that is read and written at any place, made where it is missing: the part of
    a download, a report that must be open before anything goes wrong.

    Raises LinkInTheWay, DiskFull or OutputNotWritable where it cannot be opened, else OSError.
    """
    with writes_to(path.parent), held(path.parent, make=True) as folder:
        folder.require_no_link(path.name)
        descriptor = folder.open_own(path.name, mode)
    with os.fdopen(descriptor, "rb+") as file:
        yield file


def move_new(path: Path, target: Path) -> bool:
    """One rename on the same disk; False where the name is taken. Raises OutputNotWritable."""
    with _held(target.parent) as to, writes_to(target.parent), held(path.parent) as folder:
        is_new = folder.rename_new(path.name, target.name, to)
        to.sync()
    return is_new


def move_to_free(path: Path, target: Path) -> Path:
    """The same under the target's name or one with a number behind, which is returned."""
    return _at_first_free(target, lambda place: move_new(path, place))


def replace_file(path: Path, target: Path, *, over: bool = False) -> None:
    """One rename, in the place of a file that is there already. Raises as `atomic_write`."""
    with _held(target.parent) as to, writes_to(target.parent), held(path.parent) as folder:
        _require_replaceable(to, target.name, over=over)
        folder.rename(path.name, target.name, to)
        to.sync()


def link_file(source: Path, target: Path) -> bool:
    """A second name for a file on the same disk; False where the name is taken, or where the
    system makes no such links."""
    with _held(target.parent) as to:
        try:
            to.link(source, target.name)
        except OSError:
            return False
    return True


def remove_file(path: Path) -> None:
    """Of ours. One that is gone already is no error. Raises OutputNotWritable."""
    with writes_to(path.parent):
        try:
            with held(path.parent) as folder:
                folder.unlink(path.name)
        except FileNotFoundError:
            pass


def remove_own(path: Path) -> None:
    """A file, or a folder with all that is in it, from a folder of ours. One that is gone already
    is no error. Raises NotOurs or OutputNotWritable."""
    if not os.path.lexists(path):
        return
    if not is_ours(path.parent):
        raise NotOurs(path=str(path))
    with writes_to(path.parent), held(path.parent) as folder:
        folder.remove(path.name)


def to_bin(path: Path) -> None:
    """To the bin of the system, from which people can take it back. Raises OutputNotWritable."""
    from send2trash import send2trash

    with writes_to(path.parent):
        send2trash(path)


def touch(path: Path) -> None:
    """Say that a cached file or folder is used."""
    with suppress(OSError):  # a cache that cannot be written can be read all the same
        os.utime(path, follow_symlinks=os.utime not in os.supports_follow_symlinks)


def require_writable(folder: Path) -> None:
    """Really write a file, hours before it matters. Raises OutputNotWritable or DiskFull.

    The file has no name, where the system knows such: a kill leaves none behind.
    """
    with writes_to(folder), held(folder, make=True), TemporaryFile(dir=folder) as probe:
        probe.write(b"imprint")


def free_name(path: Path) -> Path:
    """The path, or one with a number behind that nothing has, not even a link that leads nowhere.

    Another program may take it a moment later: what is written there is written by `write_new`.
    """
    return _at_first_free(path, lambda place: not os.path.lexists(place))


def expand(path: str) -> Path:
    """`~` made whole; the `~name` of no user stays as it is, as in a shell."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def sha256_of(path: Path) -> str:
    with opened(path) as file:
        source: Any = file
        return hashlib.file_digest(source, "sha256").hexdigest()
