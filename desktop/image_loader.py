"""Reads pictures in a pool of threads, newest wish first, and remembers small ones.

Through Pillow, because Qt reads neither HEIC nor, in every build, AVIF. Thumbnails are kept on
disk, so that a large set is decoded only once.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from PIL import Image
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine import storage
from engine.data import edits, pictures
from engine.data.edits import NO_EDIT, PictureEdit
from engine.errors import UserError
from engine.regular_files import changed_at

THUMBNAIL = 320
MOST_BYTES = 256 << 20  # of pictures in memory: all small ones that a large screen can show
BYTES_BESIDE = 1_024  # what remembering a picture takes, even one that could not be read
THREADS = 2


@dataclass(frozen=True, slots=True)
class Wish:
    """A picture, what is done to it, and how large it is wanted at the most."""

    path: str
    side: int = THUMBNAIL
    edit: PictureEdit = NO_EDIT

    @property
    def key(self) -> Hashable:
        return self.path, self.side, self.edit.key


class ImageLoader(QObject):
    """Ask for a picture; it is there, or `ready` tells when it is."""

    ready = Signal(str)  # path

    def __init__(self, parent: QObject | None = None, most_bytes: int = MOST_BYTES) -> None:
        super().__init__(parent)
        self._most_bytes = most_bytes
        self.num_bytes = 0  # of the pictures that are remembered
        self._kept: OrderedDict[Hashable, QPixmap] = OrderedDict()
        self._asked: set[Hashable] = set()
        self._wishes: list[Wish] = []  # threads take from the end: what was scrolled to last
        self._pool = Pool(THREADS, "images", self)
        self._answers = _Answers(self)
        self._answers.ready.connect(self._take)

    def get(self, wish: Wish) -> QPixmap | None:
        """The picture, null if it cannot be read; None while it is being read."""
        found = self._kept.get(wish.key)
        if found is not None:
            self._kept.move_to_end(wish.key)
            return found
        if wish.key not in self._asked:
            self._asked.add(wish.key)
            self._wishes.append(wish)
            self._pool.start(_read_newest, self._wishes, self._answers)
        return None

    def forget(self, path: str) -> None:
        """The file changed."""
        for key in [key for key in self._kept if isinstance(key, tuple) and key[0] == path]:
            self.num_bytes -= _bytes_of(self._kept.pop(key))

    def forget_all(self) -> None:
        """Nothing is shown now; whatever is shown next may have changed until then."""
        self._kept.clear()
        self.num_bytes = 0

    def drop_wishes(self) -> None:
        """Other pictures are shown now; what was not begun need not be read."""
        self._wishes.clear()
        self._asked.clear()

    @Slot(object, QImage)
    def _take(self, wish: Wish, image: QImage) -> None:
        self._asked.discard(wish.key)
        if (old := self._kept.pop(wish.key, None)) is not None:  # asked for twice
            self.num_bytes -= _bytes_of(old)
        self._kept[wish.key] = QPixmap.fromImage(image)
        self.num_bytes += _bytes_of(self._kept[wish.key])
        while self.num_bytes > self._most_bytes and len(self._kept) > 1:
            self.num_bytes -= _bytes_of(self._kept.popitem(last=False)[1])
        self.ready.emit(wish.path)


def _bytes_of(pixmap: QPixmap) -> int:
    return 4 * pixmap.width() * pixmap.height() + BYTES_BESIDE


class _Answers(JobSignals):
    ready = Signal(object, QImage)


def _read_newest(wishes: list[Wish], answers: _Answers) -> None:
    with suppress(IndexError):  # wishes may have been dropped meanwhile
        wish = wishes.pop()
        answers.ready.emit(wish, read_image(wish))


def read_image(wish: Wish) -> QImage:
    """The picture upright, with its edit, at most `side` large; null if it cannot be read."""
    try:
        image = _thumbnail(wish.path) if wish.side <= THUMBNAIL else _decode(wish.path)
    except (pictures.PictureError, OSError):
        return QImage()
    image = edits.apply(image, wish.edit)
    image.thumbnail((wish.side, wish.side))
    row = 3 * image.width
    made = QImage(image.tobytes(), image.width, image.height, row, QImage.Format.Format_RGB888)
    return made.copy()  # the copy owns its bytes


def thumbnails_folder() -> Path:
    return Path(platformdirs.user_cache_dir("imprint", appauthor=False)) / "thumbnails"


def _decode(path: str) -> Image.Image:
    return pictures.decode_any_size(pictures.read_file(Path(path)))


def _thumbnail(path: str) -> Image.Image:
    """From the disk, as long as the file is the same by its size and its time."""
    info = Path(path).stat()
    name = hashlib.sha256(os.fsencode(f"{path}-{info.st_size}-{changed_at(info)}")).hexdigest()
    kept = thumbnails_folder() / name[:2] / f"{name}.webp"
    with suppress(pictures.PictureError):
        return _decode(str(kept))
    image = _decode(path)
    if max(image.size) > 2 * THUMBNAIL:  # a small picture is as quickly read itself
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        with suppress(UserError), storage.atomic_write(kept) as file:  # a cache, no more
            image.save(file, "WEBP", quality=85)
    return image
