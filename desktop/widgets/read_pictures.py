"""Pictures of files in labels and buttons. A file is read in a thread, with the limits of the
image loader: a folder of a run may come from a stranger and hold a picture of any size."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QLabel, QToolButton

from desktop.image_loader import ImageLoader, Wish

Place = QLabel | QToolButton


class ReadPictures(QObject):
    """Puts a picture in its place as soon as it is read; one that cannot be read stays away."""

    shown = Signal(str)  # path

    def __init__(self, side: int, parent: QObject) -> None:
        super().__init__(parent)
        self._side = side
        self._waiting: dict[str, list[Place]] = {}
        self._loader = ImageLoader(self)
        self._loader.ready.connect(self._on_ready)

    def show(self, path: str, place: Place) -> None:
        """At most `side` large; a smaller picture is enlarged."""
        pixmap = self._loader.get(Wish(path, self._side))
        if pixmap is None:
            self._waiting.setdefault(path, []).append(place)
        else:
            self._put(pixmap, place)

    def clear(self) -> None:
        """The places are gone, and the files may be others when they are shown again."""
        self._waiting.clear()
        self._loader.drop_wishes()
        self._loader.forget_all()

    @Slot(str)
    def _on_ready(self, path: str) -> None:
        for place in self._waiting.pop(path, []):
            self.show(path, place)
        self.shown.emit(path)

    def _put(self, pixmap: QPixmap, place: Place) -> None:
        if pixmap.isNull():
            return
        keep, mode = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        pixmap = pixmap.scaled(QSize(self._side, self._side), keep, mode)
        if isinstance(place, QLabel):
            place.setPixmap(pixmap)
        else:
            place.setIcon(QIcon(pixmap))
