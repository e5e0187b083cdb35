"""The empty state of the pictures page, and what is done with what is dropped."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt, Signal
from PySide6.QtGui import QImage, QImageWriter, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from desktop.theme import Theme
from desktop.widgets.labels import label, set_kind
from engine import storage
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
        icon = QLabel()
        icon.setPixmap(theme.icon("add", "text3").pixmap(48, 48))
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


def take_pictures(paths: list[Path], project: Project, current: str | None) -> Path:
    """The folder to learn from after a drop. Raises OutputNotWritable or DiskFull.

    One folder is used where it lies. Single files are copied into the project's own folder,
    together with those that were there, so that the user's folders stay untouched.
    """
    if len(paths) == 1 and paths[0].is_dir():
        return paths[0]
    files = [path for path in paths if path.is_file()]
    files += [child for path in paths if path.is_dir() for child in sorted(path.iterdir())]
    own = project.images
    before = Path(current) if current else None
    if before is not None and before != own and before.is_dir() and not _is_bundled(before):
        files = [path for path in sorted(before.iterdir()) if path.is_file()] + files
    storage.require_writable(own)
    try:
        for path in files:
            _copy(path, own)
    except OSError as error:
        raise storage.as_user_error(error, own) from error
    return own


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


def _copy(path: Path, folder: Path) -> None:
    """Copy a picture and the caption beside it; a name that is taken counts up."""
    target = folder / path.name
    number = 2
    while target.exists() and not _same(target, path):
        target = folder / f"{path.stem}-{number}{path.suffix}"
        number += 1
    if path.parent == folder:  # pasted a moment ago
        return
    if not target.exists():
        storage.copy_file(path, target)
    for suffix in (".txt", ".caption"):
        caption = path.with_suffix(suffix)
        if caption.is_file() and path.suffix != suffix:
            storage.copy_file(caption, target.with_suffix(suffix))


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and storage.sha256_of(
        one
    ) == storage.sha256_of(other)


def _is_bundled(folder: Path) -> bool:
    """The sample's pictures are not mixed with the user's own."""
    from engine.sample_project import IMAGES

    return folder.resolve() == IMAGES.resolve()
