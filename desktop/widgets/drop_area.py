"""The empty state of the pictures page, and what is done with what is dropped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from threading import Event

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt, Signal
from PySide6.QtGui import QImage, QImageWriter, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.theme import Theme
from desktop.widgets.buttons import Sign
from desktop.widgets.labels import label, set_kind
from engine import storage
from engine.data import mask_names
from engine.data.caption_files import CaptionBook
from engine.data.caption_places import Sidecars
from engine.data.pictures import PICTURE_SUFFIXES, promises_a_picture
from engine.data.readings import read_one
from engine.data.walk import Walked, leads_outside, walk
from engine.errors import NoPictures
from engine.file_names import counted_up
from engine.project import Project


class DropArea(QFrame):
    """A large inviting place; a click or the Enter key opens the chooser."""

    clicked = Signal()

    def __init__(self, theme: Theme, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drop")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        icon = Sign(theme, 48).show_icon("add", "text3")
        column = QVBoxLayout(self)
        column.addStretch(1)
        for widget in (
            icon,
            label(text, "heading"),
            label(self.tr("8 to 30 good pictures beat 200 mixed ones."), "quiet"),
        ):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def set_over(self, over: bool) -> None:
        set_kind(self, "over", "true" if over else "false")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self.clicked.emit()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


def take_pictures(
    paths: list[Path], project: Project, current: str | None, stop: Event | None = None
) -> Path:
    """The folder to learn from after a drop.

    Raises NoPictures, FolderMissing, OutputNotWritable or DiskFull.

    One folder is used where it lies. Single files are copied into the project's own folder,
    together with those that were there, so that the user's folders stay untouched. Copying takes
    its time: call it in a thread, which `stop` ends early.
    """
    if len(paths) == 1 and paths[0].is_dir():
        files = walk(paths[0], stop=stop).files
        by_name = any(path.suffix.lower() in PICTURE_SUFFIXES for path in files)
        # Else they are read until one is a picture, or nobody waits for the answer any more.
        by_content = (_is_set(stop) or _is_picture(path) for path in files)
        if not by_name and not any(by_content) and not _is_set(stop):
            raise NoPictures(folder=str(paths[0]), num_files=len(files))
        return paths[0]
    own = project.images
    before = Path(current) if current else None
    # What only promises to be a picture comes too: the page says why it cannot be used.
    files = [path for path in paths if path.is_file() and _is_picture(path, or_promises=True)]
    found = list(_each_beside_its_own(files, stop))
    for folder in filter(Path.is_dir, paths):
        found += _pictures_in(folder, stop)
    if not found and not _is_set(stop):
        raise NoPictures(folder=str(paths[0].parent), num_files=len(paths))
    if before is not None and before != own and before.is_dir() and not _is_bundled(before):
        found = _pictures_in(before, stop) + found
    _copy_all(found, own, stop)
    return own


def copy_pictures(files: Iterable[Path], folder: Path, stop: Event | None = None) -> None:
    """Single pictures with the captions and masks that are beside them.

    Raises OutputNotWritable, DiskFull or InputNotReadable.
    """
    _copy_all(_each_beside_its_own(files, stop), folder, stop)


def _copy_all(
    pictures: Iterable[tuple[Path, CaptionBook]], folder: Path, stop: Event | None
) -> None:
    """Each with what its book knows of it."""
    storage.require_writable(folder)
    try:
        for path, book in pictures:
            if _is_set(stop):
                return
            _copy(path, folder, book)
    except OSError as error:
        raise storage.as_reading_error(error) from error


def save_pasted(image: QImage, project: Project) -> Path:
    """A picture of the clipboard as a file in the project. Raises OutputNotWritable, DiskFull."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    content = bytes(data.data())
    path = project.images / f"pasted-{hashlib.sha256(content).hexdigest()[:12]}.png"
    storage.write_bytes(path, content)
    return path


def _each_beside_its_own(
    files: Iterable[Path], stop: Event | None
) -> Iterator[tuple[Path, CaptionBook]]:
    """Single pictures. What is below their folders is nobody's question: it may be a whole disk."""
    books: dict[Path, CaptionBook] = {}
    for path in files:
        if path.parent not in books:
            books[path.parent] = CaptionBook(walk(path.parent, deep=False, stop=stop))
        yield path, books[path.parent]


def _pictures_in(folder: Path, stop: Event | None) -> list[tuple[Path, CaptionBook]]:
    """Those that the program would learn from, in subfolders too. Their captions and masks may be
    anywhere in the folder: in a table at its top, in a folder beside theirs."""
    walked = walk(folder, stop=stop)
    files = (path for path in walked.files if not leads_outside(path, folder))
    files = takewhile(lambda path: not _is_set(stop), files)
    book = CaptionBook(walked)
    return [(path, book) for path in files if _is_picture(path)]


def _is_set(stop: Event | None) -> bool:
    return stop is not None and stop.is_set()


def _is_picture(path: Path, *, or_promises: bool = False) -> bool:
    """By its name; one with another name is looked into, as it is when a folder is read."""
    if promises_a_picture(path):
        return or_promises or path.suffix.lower() in PICTURE_SUFFIXES
    return read_one(path).refusal is None


def _copy(path: Path, folder: Path, book: CaptionBook) -> None:
    """Copy a picture, its caption and its mask; a name that is taken counts up."""
    if path.parent == folder:  # it is there already: pasted a moment ago
        return
    targets = (folder / f"{stem}{path.suffix}" for stem in counted_up(path.stem))
    target = next(target for target in targets if not target.exists() or _same(target, path))
    if not target.exists():
        storage.copy_file(path, target)
    beside = Sidecars(book.walked.texts).of(path)
    for caption in reversed(beside):  # of two that differ in case, the first counts
        stem = target.stem if caption.stem == path.stem else target.name  # photo.jpg.txt
        storage.copy_file(caption, target.with_name(stem + caption.suffix.lower()))
    if not _has_words(path, beside):
        caption = book.read(path, "")  # from a table
        if caption.choices:
            storage.write_json(target.with_suffix(".json"), {"captions": caption.choices})
        elif caption.text:
            storage.write_text(target.with_suffix(".txt"), caption.text)
    if (mask := book.walked.masks.get(path)) is not None:
        storage.copy_file(mask, folder / f"{target.stem}{mask_names.MARK}{mask.suffix}")


def _has_words(path: Path, beside: Sequence[Path]) -> bool:
    """Whether a caption is in the files beside a picture: programs put other things there too."""
    alone = Walked(path.parent, texts=frozenset(beside))
    return bool(beside) and bool(CaptionBook(alone).read(path, "").text)


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and storage.sha256_of(
        one
    ) == storage.sha256_of(other)


def _is_bundled(folder: Path) -> bool:
    """The sample's pictures are not mixed with the user's own."""
    from engine.sample_project import IMAGES

    return folder.resolve() == IMAGES.resolve()
