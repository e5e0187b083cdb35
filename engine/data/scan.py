"""A folder -> the pictures in it and everything that is wrong with them.

Files are recognised by content. The folder is only read, never written to.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.data import captions, pictures
from engine.data.pictures import PICTURE_SUFFIXES
from engine.errors import FolderMissing, Notice
from engine.notices import FewPictures, PictureRemark, PictureSkipped
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_JUNK_PREFIXES = (".", "~$", "Thumbs.db", "desktop.ini")
# A file with one of these names promises a picture; if it is none, people want to know.
_PROMISING = PICTURE_SUFFIXES | {".psd", ".pdf", ".svg", ".raw", ".cr2", ".nef", ".dng", ".fits"}

MASK_MARK = "-mask"
MASK_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")

_OUTSIDE = QT_TRANSLATE_NOOP("engine", "It is a link to a place outside the folder.")


@dataclass(frozen=True, slots=True)
class ImageItem:
    """One usable picture."""

    path: Path
    content_hash: str  # sha256 of the file
    width: int  # upright, after EXIF rotation
    height: int
    caption: str  # as written; empty where there is none
    mask: Path | None = None  # a picture NAME-mask.* beside it


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
    root = folder.resolve()
    for count, path in enumerate(files, start=1):
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            tally.notices.append(PictureSkipped(name=path.name, reason=Phrase(_OUTSIDE)))
            yield count
            continue
        read_picture(path, captions_folder, tally.items, tally.notices)
        yield count
    if len(tally.items) == 1:
        tally.notices.append(FewPictures(count=1))
    yield Scan(folder, tuple(tally.items), tuple(tally.notices), len(files))


def read_picture(
    path: Path, captions_folder: Path | None, items: list[ImageItem], notices: list[Notice]
) -> None:
    """Put one file on the list of pictures, or on the list of what is wrong."""
    try:
        data = pictures.read_file(path)
        picture = pictures.decode(data, path.suffix)
    except pictures.NoPicture as error:
        if path.suffix.lower() in _PROMISING:
            notices.append(PictureSkipped(name=path.name, reason=error.reason))
        return
    except pictures.PictureError as error:
        notices.append(PictureSkipped(name=path.name, reason=error.reason))
        return
    notices += [PictureRemark(name=path.name, reason=remark) for remark in picture.remarks]
    content_hash = hashlib.sha256(data).hexdigest()
    try:
        caption = captions.read_caption(path, content_hash, captions_folder)
    except captions.CaptionError as error:
        notices.append(PictureRemark(name=path.name, reason=error.reason))
        caption = ""
    width, height = picture.image.size
    items.append(ImageItem(path, content_hash, width, height, caption, find_mask(path)))
