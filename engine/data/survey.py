"""A folder of pictures for the window: the list of files at once, then each as it is read.

Like engine.data.scan, but it also looks at each picture, remembers what it saw, and keeps
files that cannot be used in the list, so that nothing moves under the mouse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from engine.data.caption_files import NO_CAPTION, Caption, CaptionBook, captioned
from engine.data.copies import best_first
from engine.data.picture_index import PictureIndex
from engine.data.pictures import promises_a_picture
from engine.data.readings import Reading, read_one
from engine.data.scan import SAME_FILE
from engine.data.walk import OUTSIDE, leads_outside, walk
from engine.errors import Notice
from engine.regular_files import changed_at
from engine.wording import Phrase

REMEMBER_EVERY = 64  # pictures; what was read before a crash need not be read again


@dataclass(frozen=True, slots=True)
class Listed:
    """First: the files, the caption files that belong to no picture, and what is left out."""

    paths: tuple[Path, ...]
    orphans: tuple[Path, ...]
    notices: tuple[Notice, ...] = ()
    captioned: frozenset[str] = frozenset()  # sums of pictures that have a caption of Imprint


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One file was read; `row` counts in the list of files."""

    row: int
    reading: Reading
    caption: Caption = NO_CAPTION
    mask: Path | None = None
    was: str = ""  # the sum of what the file held before, as far as that is remembered


def survey(
    folder: Path, captions_folder: Path | None, index: PictureIndex, stop: Event | None = None
) -> Iterator[Listed | Surveyed]:
    """Yield Listed, then one Surveyed for each file; nothing once `stop` is set. Raises
    FolderMissing."""
    walked = walk(folder, stop=stop)
    if stop is not None and stop.is_set():
        return
    book = CaptionBook(walked, captions_folder)
    # By name where the name tells; a file without a known name is tried in the end.
    files = sorted(walked.files, key=lambda path: not promises_a_picture(path))
    notices = (*walked.notices, *book.notices)
    yield Listed(tuple(files), walked.orphans, notices, captioned(captions_folder))
    known = index.recall(folder)
    fresh: list[tuple[Path, int, int, Reading]] = []
    names: dict[str, str] = {}
    rows = {path: row for row, path in enumerate(files)}
    for path in best_first(files, book):
        row = rows[path]
        reading = _read(path, folder, known, fresh)
        if reading.content_hash in names:
            reason = Phrase(SAME_FILE, other=names[reading.content_hash])
            reading = Reading(refusal=reason)
        elif reading.content_hash:
            names[reading.content_hash] = walked.name_of(path)
        if len(fresh) >= REMEMBER_EVERY:
            index.remember(fresh)
            fresh.clear()
        if reading.refusal is not None:
            yield Surveyed(row, reading)
        else:
            caption = book.read(path, reading.content_hash)
            _, _, before = known.get(path.as_posix(), (-1, 0, reading))
            was = before.content_hash if before.content_hash != reading.content_hash else ""
            yield Surveyed(row, reading, caption, walked.masks.get(path), was)
    index.remember(fresh)


def _read(
    path: Path,
    folder: Path,
    known: dict[str, tuple[int, int, Reading]],
    fresh: list[tuple[Path, int, int, Reading]],
) -> Reading:
    if leads_outside(path, folder):
        return Reading(refusal=Phrase(OUTSIDE))
    try:
        info = path.stat()
    except OSError:  # gone since it was listed; the reading says so
        return read_one(path)
    size, changed, reading = known.get(path.as_posix(), (-1, 0, Reading()))
    if (size, changed) == (info.st_size, changed_at(info)) and reading.looks:
        return reading
    reading = read_one(path, look=True)
    if reading.refusal is None:  # what was refused may be readable the next time
        fresh.append((path, info.st_size, changed_at(info), reading))
    return reading
