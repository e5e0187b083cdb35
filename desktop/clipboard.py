"""An image on the clipboard, for programs that paste pictures and for those that paste files."""

from __future__ import annotations

import atexit
from pathlib import Path

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QGuiApplication, QPixmap


def copy_image(path: Path) -> None:
    """Both as the picture and as the file that it lies in."""
    data = QMimeData()
    data.setImageData(QPixmap(str(path)).toImage())
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
