"""An image on the clipboard, for programs that paste pictures and for those that paste files."""

from __future__ import annotations

import atexit
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QUrl, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage

from desktop.image_loader import ImageLoader, Wish
from engine.data.pictures import MAX_PIXELS


class ImageCopier(QObject):
    """Reads a picture in a thread, as large as it is, and puts it on the clipboard."""

    copied = Signal(str)  # path

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._wanted = Path()
        self._loader = ImageLoader(self)
        self._loader.ready.connect(self._on_ready)

    def copy(self, path: Path) -> None:
        self._wanted = path
        self._loader.drop_wishes()
        self._loader.forget_all()
        self._loader.get(_whole(path))

    @Slot(str)
    def _on_ready(self, path: str) -> None:
        read = self._loader.get(_whole(self._wanted)) if path == str(self._wanted) else None
        if read is None:  # another was asked for meanwhile
            return
        copy_image(self._wanted, read.toImage())
        self._loader.forget_all()
        self.copied.emit(path)


def _whole(path: Path) -> Wish:
    return Wish(str(path), MAX_PIXELS)


def copy_image(path: Path, image: QImage) -> None:
    """Both as the picture and as the file that it lies in."""
    data = QMimeData()
    if not image.isNull():
        data.setImageData(image)
    data.setUrls([QUrl.fromLocalFile(str(path))])
    QGuiApplication.clipboard().setMimeData(data)
    atexit.unregister(_let_go)
    atexit.register(_let_go, data.urls())


def _let_go(urls: list[QUrl]) -> None:
    """Qt keeps what is on the clipboard until after the interpreter has ended, and then calls
    into it: a crash at the exit. The picture stays, as an object that is Qt's own."""
    if QGuiApplication.instance() is not None:
        clipboard = QGuiApplication.clipboard()
        held = clipboard.mimeData()
        if held is not None and held.urls() == urls:  # it is ours still
            clipboard.setImage(clipboard.image())
