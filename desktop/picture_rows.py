"""One file of a set of pictures as the window knows it, and how rows are ordered and undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtGui import QUndoCommand

from engine.data import filters
from engine.data.edits import PictureEdit, size_after
from engine.data.findings import Seen
from engine.data.readings import Reading
from engine.wording import Phrase


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One file of the folder. Replaced, never changed, so that threads may look at it."""

    path: Path
    reading: Reading | None = None  # None: not read yet
    caption: str = ""
    caption_problem: Phrase | None = None
    caption_remarks: tuple[Phrase, ...] = ()
    mask: Path | None = None

    @property
    def key(self) -> str:
        """sha256 of the file; its path where it cannot be used."""
        return (self.reading.content_hash if self.reading else "") or str(self.path)

    def with_caption(self, text: str) -> PictureRow:
        """As it is with a caption that was written here."""
        return replace(self, caption=text, caption_problem=None, caption_remarks=())

    def with_remark(self, remark: Phrase) -> PictureRow:
        """With one more word on its caption."""
        others = (known for known in self.caption_remarks if known != remark)
        return replace(self, caption_remarks=(*others, remark))

    def with_caption_problem(self, problem: Phrase) -> PictureRow:
        """With the caption as it is, and why it is not on the disk."""
        return replace(self, caption_problem=problem)

    @property
    def is_usable(self) -> bool:
        return self.reading is not None and self.reading.refusal is None

    def marks(self, edit: PictureEdit) -> frozenset[str]:
        """Of engine.data.filters.MARKS, those that a picture has by itself."""
        if self.reading is None:
            return frozenset()
        looks = self.reading.looks
        told = {
            "unreadable": self.reading.refusal is not None,
            "blurred": looks is not None and looks.is_blurred,
            "transparent": looks is not None and looks.transparent,
            "masked": self.mask is not None,
            "edited": edit.changes_the_picture,
            "cropped": edit.crop is not None,
            "left-out": edit.left_out,
        }
        return frozenset(mark for mark, true in told.items() if true)

    def seen(self, edit: PictureEdit) -> Seen:
        """As the checks look at it."""
        reading = self.reading or Reading()
        width, height = size_after(reading.width, reading.height, edit)
        return Seen(
            self.key, self.path.name, self.caption, width, height, reading.looks, reading.refusal,
            self.caption_remarks,
        )  # fmt: skip

    def described(self, edit: PictureEdit, marks: frozenset[str]) -> filters.Described:
        """As a filter looks at it."""
        reading = self.reading or Reading()
        width, height = size_after(reading.width, reading.height, edit)
        return filters.Described(self.path.name, self.caption, width, height, marks)


Take = Callable[[dict, dict], None]


class Change(QUndoCommand):
    """Values before and after, by the key of a picture. `take` gets the new and the old ones."""

    def __init__(self, name: str, before: dict, after: dict, take: Take) -> None:
        super().__init__(name)
        self._before, self._after, self._take = before, after, take

    def undo(self) -> None:
        self._take(self._before, self._after)

    def redo(self) -> None:
        self._take(self._after, self._before)


def rank(row: PictureRow, order: str) -> Any:
    reading = row.reading or Reading()
    if order == "size":
        return -min(reading.width, reading.height)
    if order == "caption":
        return (bool(row.caption), row.caption.lower())
    try:
        return -row.path.stat().st_mtime_ns
    except OSError:
        return 0


def as_data(edits: Mapping[str, PictureEdit]) -> dict[str, dict[str, Any]]:
    return {key: edit.model_dump(mode="json", exclude_defaults=True) for key, edit in edits.items()}


def from_data(data: object) -> dict[str, PictureEdit]:
    """Edits of a draft; what was damaged by hand is left out here, and the check tells it."""
    found = {}
    for key, values in data.items() if isinstance(data, dict) else ():
        try:
            found[key] = PictureEdit.model_validate(values)
        except ValueError:
            continue
    return found
