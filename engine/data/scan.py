"""A folder -> the pictures in it and everything that is wrong with them.

Files are recognised by content. The folder is only read, never written to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.data import captions
from engine.data.edits import NO_EDIT, PictureEdit
from engine.data.pictures import PICTURE_SUFFIXES
from engine.data.readings import Reading, read_one
from engine.errors import FolderMissing, Notice
from engine.notices import FewPictures, PictureRemark, PictureSkipped
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_JUNK_PREFIXES = (".", "~$", "Thumbs.db", "desktop.ini")
_PROMISING = PICTURE_SUFFIXES | {".psd", ".pdf", ".svg", ".raw", ".cr2", ".nef", ".dng", ".fits"}

MASK_MARK = "-mask"
MASK_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")

OUTSIDE = QT_TRANSLATE_NOOP("engine", "It is a link to a place outside the folder.")
SAME_FILE = QT_TRANSLATE_NOOP("engine", "It is the same file as {other}.")


@dataclass(frozen=True, slots=True)
class ImageItem:
    """One usable picture."""

    path: Path
    content_hash: str  # sha256 of the file
    width: int  # upright, after EXIF rotation; of a picture that is trained on: after its edit
    height: int
    caption: str  # as written; empty where there is none
    mask: Path | None = None  # a picture NAME-mask.* beside it
    edit: PictureEdit = NO_EDIT


@dataclass(frozen=True, slots=True)
class Scan:
    """All that a folder holds."""

    folder: Path
    items: tuple[ImageItem, ...]
    notices: tuple[Notice, ...]
    num_files: int


@dataclass(slots=True)
class _Tally:
    items: list[ImageItem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def list_files(folder: Path) -> list[Path]:
    """Files that may be pictures, in a stable order. Raises FolderMissing."""
    if not folder.is_dir():
        raise FolderMissing(folder=str(folder))
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if name.startswith(_JUNK_PREFIXES) or path.suffix.lower() in captions.CAPTION_SUFFIXES:
                continue
            found.append(path)
    stems = {path.with_suffix("") for path in found}
    return [path for path in found if not _is_mask(path, stems)]


def _is_mask(path: Path, stems: set[Path]) -> bool:
    """A mask says where its picture counts; it is no picture of its own."""
    stem = path.stem.removesuffix(MASK_MARK)
    return stem != path.stem and path.with_name(stem) in stems


def find_mask(picture: Path) -> Path | None:
    for suffix in MASK_SUFFIXES:
        path = picture.with_name(f"{picture.stem}{MASK_MARK}{suffix}")
        if os.path.isfile(path):  # noqa: PTH113 (Path.is_file raises at a name that is too long)
            return path
    return None


def scan_folder(folder: Path, captions_folder: Path | None = None) -> Iterator[Scan | int]:
    """Yield the number of files read so far, and at last the Scan.

    Raises FolderMissing.
    """
    files = list_files(folder)
    tally = _Tally()
    names: dict[str, str] = {}  # captions and edits go by content: the same file counts once
    for count, path in enumerate(files, start=1):
        if leads_outside(path, folder):
            tally.notices.append(PictureSkipped(name=path.name, reason=Phrase(OUTSIDE)))
            yield count
            continue
        read_picture(path, captions_folder, tally.items, tally.notices)
        if tally.items and tally.items[-1].path == path:
            content_hash = tally.items[-1].content_hash
            if content_hash in names:
                tally.items.pop()
                reason = Phrase(SAME_FILE, other=names[content_hash])
                tally.notices.append(PictureSkipped(name=path.name, reason=reason))
            names.setdefault(content_hash, path.name)
        yield count
    if len(tally.items) == 1:
        tally.notices.append(FewPictures(count=1))
    yield Scan(folder, tuple(tally.items), tuple(tally.notices), len(files))


def read_picture(
    path: Path, captions_folder: Path | None, items: list[ImageItem], notices: list[Notice]
) -> None:
    """Put one file on the list of pictures, or on the list of what is wrong."""
    reading = read_one(path)
    if reading.refusal is not None:
        if promises_a_picture(path) or reading.is_picture:
            notices.append(PictureSkipped(name=path.name, reason=reading.refusal))
        return
    notices += [PictureRemark(name=path.name, reason=remark) for remark in reading.remarks]
    try:
        caption = captions.read_caption(path, reading.content_hash, captions_folder)
    except captions.CaptionError as error:
        notices.append(PictureRemark(name=path.name, reason=error.reason))
        caption = ""
    items.append(as_item(path, reading, caption))


def promises_a_picture(path: Path) -> bool:
    """By its name. If it holds none, people want to know."""
    return path.suffix.lower() in _PROMISING


def leads_outside(path: Path, folder: Path) -> bool:
    """Whether it is a link to a place outside the folder; such are not read."""
    # realpath, since Path.resolve raises at a link that leads to itself.
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(folder.resolve())


def as_item(path: Path, reading: Reading, caption: str) -> ImageItem:
    return ImageItem(
        path, reading.content_hash, reading.width, reading.height, caption, find_mask(path)
    )
