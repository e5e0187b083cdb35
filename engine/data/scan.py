"""A folder -> the pictures in it and everything that is wrong with them.

Files are recognised by content. The folder is only read, never written to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.data.caption_files import NO_CAPTION, Caption, CaptionBook, remarks_on
from engine.data.copies import best_first
from engine.data.edits import NO_EDIT, PictureEdit
from engine.data.pictures import promises_a_picture
from engine.data.readings import Reading, read_one
from engine.data.walk import OUTSIDE, Walked, leads_outside, walk
from engine.dataset_notices import (
    FewPictures,
    OrphanCaptions,
    PictureRemark,
    PictureSkipped,
)
from engine.errors import Notice
from engine.wording import QT_TRANSLATE_NOOP, Phrase, listed

SAME_FILE = QT_TRANSLATE_NOOP("engine", "It is the same file as {other}.")


@dataclass(frozen=True, slots=True)
class ImageItem:
    """One usable picture."""

    path: Path
    content_hash: str  # sha256 of the file
    width: int  # upright, after EXIF rotation; of a picture that is trained on: after its edit
    height: int
    caption: str  # as written; empty where there is none
    mask: Path | None = None  # see engine.data.mask_names
    edit: PictureEdit = NO_EDIT
    choices: tuple[str, ...] = ()  # captions, where the picture has several


@dataclass(frozen=True, slots=True)
class Scan:
    """All that a folder holds."""

    folder: Path
    items: tuple[ImageItem, ...]
    notices: tuple[Notice, ...]
    num_files: int


@dataclass(slots=True)
class _Tally:
    """What was read so far."""

    walked: Walked
    book: CaptionBook
    items: list[ImageItem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # by content: the same file counts once
    remarks: dict[Phrase, list[str]] = field(default_factory=dict)  # on captions

    def add(self, path: Path) -> None:
        name = self.walked.name_of(path)
        if leads_outside(path, self.walked.folder):
            self.notices.append(PictureSkipped(name=name, reason=Phrase(OUTSIDE)))
            return
        reading = read_one(path)
        if reading.refusal is not None:
            if promises_a_picture(path) or reading.is_picture:
                self.notices.append(PictureSkipped(name=name, reason=reading.refusal))
            return
        self.notices += _remarks(name, reading)
        if reading.content_hash in self.names:
            reason = Phrase(SAME_FILE, other=self.names[reading.content_hash])
            self.notices.append(PictureSkipped(name=name, reason=reason))
            return
        self.names[reading.content_hash] = name
        caption = self.book.read(path, reading.content_hash)
        if caption.problem is not None:
            self.notices.append(PictureRemark(name=name, reason=caption.problem))
        for remark in caption.remarks:
            self.remarks.setdefault(remark, []).append(name)
        self.items.append(as_item(path, reading, caption, self.walked.masks.get(path)))


def scan_folder(folder: Path, captions_folder: Path | None = None) -> Iterator[Scan | int]:
    """Yield the number of files read so far, and at last the Scan.

    Raises FolderMissing.
    """
    walked = walk(folder)
    tally = _Tally(walked, CaptionBook(walked, captions_folder))
    for count, path in enumerate(best_first(walked.files, tally.book), start=1):
        tally.add(path)
        yield count
    place = {path: number for number, path in enumerate(walked.files)}
    tally.items.sort(key=lambda item: place[item.path])
    notices = [*walked.notices, *tally.book.notices, *tally.notices, *remarks_on(tally.remarks)]
    if walked.orphans:
        names = [walked.name_of(path) for path in walked.orphans]
        notices.append(OrphanCaptions(names=listed(names)))
    if len(tally.items) == 1:
        notices.append(FewPictures(count=1))
    yield Scan(folder, tuple(tally.items), tuple(notices), len(walked.files))


def read_picture(path: Path, items: list[ImageItem], notices: list[Notice]) -> None:
    """Put one picture that Imprint made itself on the list, or say what is wrong with it."""
    reading = read_one(path)
    if reading.refusal is not None:
        notices.append(PictureSkipped(name=path.name, reason=reading.refusal))
        return
    notices += _remarks(path.name, reading)
    items.append(as_item(path, reading))


def as_item(
    path: Path, reading: Reading, caption: Caption = NO_CAPTION, mask: Path | None = None
) -> ImageItem:
    return ImageItem(
        path,
        reading.content_hash,
        reading.width,
        reading.height,
        caption.text,
        mask,
        choices=caption.choices,
    )


def _remarks(name: str, reading: Reading) -> list[Notice]:
    return [PictureRemark(name=name, reason=remark) for remark in reading.remarks]
