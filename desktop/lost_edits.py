"""Edits and captions of pictures that are not there any more, and which picture may want them.

Both go by what is in a file. A picture that another program retouched is another one; what was
set for the old one stays on the disk until it is taken over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from desktop.picture_rows import PictureRow
from engine.data.findings import Finding, Fix
from engine.dataset_notices import EditsWithoutPictures


class LostEdits:
    """Of one set of pictures. Keys are sums of files."""

    def __init__(self) -> None:
        self.captioned: frozenset[str] = frozenset()  # keys that have a caption of Imprint
        self._earlier: dict[Path, list[str]] = {}  # what was in a file before, the newest last

    def note(self, row: PictureRow, was: Iterable[str]) -> None:
        """What the file of this row held before, the newest last."""
        for key in was:
            known = self._earlier.setdefault(row.path, [])
            if key and key not in (row.key, *known[-1:]):
                known.append(key)

    def forget(self) -> None:
        """Another project is open."""
        self.captioned = frozenset()
        self._earlier.clear()

    def heirs(self, rows: Iterable[PictureRow], edited: Collection[str]) -> dict[str, str]:
        """Key of what was set -> key of the picture that has the name now, and nothing set."""
        rows = [row for row in rows if row.is_usable]
        known, here = self.captioned.union(edited), {row.key for row in rows}
        found: dict[str, str] = {}
        for row in rows:
            earlier = [key for key in self._earlier.get(row.path, ()) if key in known - here]
            if earlier and row.key not in known:
                found[earlier[-1]] = row.key
        return found

    def finding(self, rows: list[PictureRow], edited: Collection[str]) -> list[Finding]:
        """Nothing, or the one that tells of them."""
        lost = self.captioned.union(edited) - {row.key for row in rows if row.is_usable}
        if not lost:
            return []
        keys = tuple(self.heirs(rows, edited).values())
        fixes = (Fix.TAKE_OVER, Fix.SHOW, Fix.KEEP) if keys else (Fix.KEEP,)
        return [Finding(EditsWithoutPictures(count=len(lost)), keys, fixes)]
