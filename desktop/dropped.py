"""What a drop or the clipboard holds: files, a picture, or only a web address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QMimeData, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QImage

from engine.drop_errors import PICTURES, FileGone, FilesGone, NotUsableHere, OnlyAnAddress
from engine.errors import UserError
from engine.regular_files import is_there
from engine.wording import Phrase

if TYPE_CHECKING:
    from desktop.widgets.message_strip import MessageStrip

SHOWN_CHARACTERS = 80  # of an address


@dataclass(frozen=True, slots=True)
class Dropped:
    """`image` only where there are no files: browsers send the picture along with its address."""

    files: list[Path]
    image: QImage | None
    address: str

    @property
    def is_usable(self) -> bool:
        return bool(self.files) or self.image is not None


def dropped(mime: QMimeData | None) -> Dropped:
    """None: the system gives no clipboard."""
    mime = mime or QMimeData()
    urls = mime.urls()
    files = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    addresses = [url for url in urls if not url.isLocalFile() and url.scheme() != "data"]
    return Dropped(
        files=files,
        image=None if files else _image_of(mime, urls),
        address=addresses[0].toDisplayString()[:SHOWN_CHARACTERS] if addresses else "",
    )


class TakesDrops:
    """Mixed into a page of the window: accepts what the page can take, and says why where not."""

    strip: MessageStrip
    wanted = PICTURES  # what it takes, for a sentence
    _is_over = False  # something that can be taken is dragged over the page

    def can_take(self, found: Dropped) -> bool:
        return found.is_usable

    def take_dropped(self, found: Dropped) -> None:
        raise NotImplementedError

    def refuse_dropped(self, error: UserError) -> None:
        self.strip.show_message(error, "warn")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if event.source() is not None:  # out of this very window: it is there already
            return
        found = dropped(event.mimeData())
        self._is_over = self.can_take(found)
        if self._is_over:
            accept_as_copy(event)
        elif found.files or found.address:  # text that only passes over the page is no question
            self.refuse_dropped(self._refusal(found))

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802
        """Shift, which means "move", may be pressed at any time."""
        if self._is_over:
            accept_as_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        if accept_as_copy(event):
            self.take_or_refuse(dropped(event.mimeData()))

    def take_or_refuse(self, found: Dropped) -> None:
        """Also what was pasted."""
        if self.can_take(found):
            self.take_dropped(found)
        else:
            self.refuse_dropped(self._refusal(found))

    def _refusal(self, found: Dropped) -> UserError:
        if found.address and not found.files:
            return OnlyAnAddress(address=found.address)
        return NotUsableHere(wanted=Phrase(self.wanted))


def accept_as_copy(event: QDropEvent) -> bool:
    """Never as a move, after which the source deletes its files: they are the user's, and are
    copied later, or used where they lie. False for a source that offers nothing else."""
    for action in (Qt.DropAction.CopyAction, Qt.DropAction.LinkAction):
        if event.possibleActions() & action:
            event.setDropAction(action)
            event.accept()
            return True
    event.setDropAction(Qt.DropAction.IgnoreAction)
    event.ignore()
    return False


def what_is_gone(paths: Sequence[Path]) -> UserError | None:
    """A sentence about those of the paths that are not there any more."""
    gone = [path for path in paths if not is_there(path)]
    if not gone:
        return None
    if len(gone) == len(paths):
        return FileGone(path=str(gone[0]))
    return FilesGone(path=str(gone[0]), gone=len(gone), count=len(paths))


def _image_of(mime: QMimeData, urls: Sequence[QUrl]) -> QImage | None:
    """The picture itself, or one that is written out in an address that begins with `data:`."""
    candidates = [mime.imageData()] if mime.hasImage() else []
    candidates += [_from_data(url) for url in urls if url.scheme() == "data"]
    for image in candidates:
        if isinstance(image, QImage) and not image.isNull():
            return image
    return None


def _from_data(url: QUrl) -> QImage:
    kind, _, content = url.path(QUrl.ComponentFormattingOption.FullyDecoded).partition(",")
    if not kind.endswith(";base64"):
        return QImage()
    return QImage.fromData(QByteArray.fromBase64(content.encode("ascii", "ignore")))
