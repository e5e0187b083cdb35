"""Which files were exports of ours, so that none of the user's is ever written over.

A run keeps the sha256 of each file that it exported. A header proves nothing: other programs keep
it when they change a file, and the file of another run has it too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine import records, storage
from engine.errors import DiskFull, Notice, OutputNotWritable
from engine.formats.catalog import FormatEntry
from engine.formats.original_yaml import is_our_yaml
from engine.output_errors import NotOurs, SuffixOfAnother
from engine.output_notices import FileKept
from engine.project import RunFolder
from engine.records import NotRead
from engine.regular_files import is_file, is_folder, is_link, listed_below
from engine.shapes import Record

_EARLIER = ".earlier"


class _Sums(Record):
    """Of exported.json, and of the files that result.json names."""

    sha256: dict[str, str] | list[str] = []  # noqa: RUF012 (pydantic copies it)


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """`run`: None for exports of no run, or of one whose folder is gone."""

    run: RunFolder | None

    def is_ours(self, path: Path) -> bool:
        """Whether a file, or each file of a folder, is as Imprint exported it."""
        if is_link(path):
            return False
        if is_folder(path):
            try:
                files = [file for file in listed_below(path) if not is_folder(file)]
            except OSError:  # what cannot be seen is not known
                return False
            return all(self._is_known(file) for file in files)
        return self._is_known(path) or is_our_yaml(path)

    def note(self, path: Path) -> None:
        """Remember a file or folder that was written just now. Where the run's folder takes
        nothing, it is not remembered, and so never written over."""
        if self.run is None:
            return
        sums = self._sums() | {storage.sha256_of(file) for file in files_of(path)}
        with suppress(OutputNotWritable, DiskFull):
            records.write_json(self.run.exported, {"sha256": sorted(sums)}, _Sums)

    def make_way(self, entry: FormatEntry, path: Path) -> Iterator[Notice]:
        """Rename what is in the way of an export and is not ours. Raises OutputNotWritable."""
        for place in _places(entry, path):
            if not os.path.lexists(place) or self.is_ours(place):
                continue
            stem, suffix = (place.stem, place.suffix) if entry.suffix else (place.name, "")
            kept = storage.move_to_free(place, place.with_name(f"{stem}{_EARLIER}{suffix}"))
            yield FileKept(path=str(place), kept=kept.name, folder=str(place.parent))

    def clear(self, entry: FormatEntry, path: Path) -> Iterator[Notice]:
        """The same; and what is ours goes. Raises OutputNotWritable."""
        yield from self.make_way(entry, path)
        for place in _places(entry, path):
            if entry.suffix:
                storage.remove_file(place)
            else:
                storage.remove_folder(place, is_ours=self.is_ours)

    def require_free(self, entry: FormatEntry, path: Path) -> None:
        """Before the work starts. Raises SuffixOfAnother or NotOurs."""
        if path.suffix.lower() != entry.suffix:
            ending = entry.suffix or "/"
            raise SuffixOfAnother(path=str(path), format=entry.name, suffix=ending)
        if is_folder(path) and entry.suffix:
            raise NotOurs(path=str(path))
        for place in _places(entry, path):
            if os.path.lexists(place) and not self.is_ours(place):
                raise NotOurs(path=str(place))

    def _is_known(self, file: Path) -> bool:
        try:
            return not is_link(file) and storage.sha256_of(file) in self._sums()
        except OSError:
            return False

    def _sums(self) -> set[str]:
        """Of all that this run ever exported, by its own record and by that of its result."""
        if self.run is None:
            return set()
        found: set[str] = set()
        for path in (self.run.exported, self.run.result):
            try:
                sums = records.read_json(path, _Sums).sha256
            except NotRead:
                continue
            found |= set(sums.values() if isinstance(sums, dict) else sums)
        return found


def _places(entry: FormatEntry, path: Path) -> list[Path]:
    """The file or folder, and what belongs beside it."""
    return [path, path.with_suffix(".yaml")] if entry.takes == "model" and entry.suffix else [path]


def files_of(path: Path) -> Iterator[Path]:
    """A file itself, or those in a folder."""
    if is_folder(path):
        yield from (file for file in listed_below(path) if is_file(file))
    elif is_file(path):
        yield path
