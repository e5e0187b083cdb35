"""One file of a set of pictures as the window knows it, and how rows are ordered and undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtGui import QUndoCommand

from engine.data.edits import PictureEdit
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

    def with_caption_problem(self, problem: Phrase) -> PictureRow:
        """With the caption as it is, and why it is not on the disk."""
        return replace(self, caption_problem=problem)

    @property
    def is_usable(self) -> bool:
        return self.reading is not None and self.reading.refusal is None


class Change(QUndoCommand):
    """Values before and after, by the key of a picture."""

    def __init__(self, name: str, before: dict, after: dict, take: Callable[[dict], None]) -> None:
        super().__init__(name)
        self._before, self._after, self._take = before, after, take

    def undo(self) -> None:
        self._take(self._before)

    def redo(self) -> None:
        self._take(self._after)


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
