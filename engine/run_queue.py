"""Runs that wait for their turn, one file each, so that a crash or a closed window loses none.

A file is named by its place. It holds the settings as they were when the run was put there: what
is changed on the pages afterwards does not reach it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from engine import config_file, records, storage
from engine.config import RunConfig
from engine.methods.catalog import METHODS
from engine.records import NotRead

GAP = 1 << 10  # between places, so that one can move in between

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One run. `config` is None where its settings are no longer possible."""

    file: Path
    data: Data
    config: RunConfig | None

    @property
    def title(self) -> str:
        kind = self.data.get("method", {}).get("kind", "")
        method = METHODS[kind].title if kind in METHODS else kind
        return f"{self.data.get('name', self.file.stem)} · {method}"

    @property
    def steps(self) -> int:
        return self.config.training.steps if self.config else 0


def queue_folder() -> Path:
    return Path(platformdirs.user_data_dir("imprint", appauthor=False)) / "queue"


class RunQueue:
    """In the order in which they will run. Each call reads the folder: there is one truth."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or queue_folder()

    def waiting(self) -> list[Waiting]:
        """A file that cannot be read is left alone and not offered."""
        return list(self._read())

    def add(self, config: RunConfig) -> Waiting:
        """To the end. Raises OutputNotWritable or DiskFull."""
        places = [int(path.stem) for path in self._files()]
        file = self._at(max(places, default=0) + GAP)
        config_file.write(config, file)
        return Waiting(file, config_file.read(file), config)

    def remove(self, file: Path) -> None:
        """Whoever has begun it says so only once it has a folder of its own.

        Raises OutputNotWritable.
        """
        storage.remove_file(file)

    def move(self, file: Path, by: int) -> None:
        """One place up (-1) or down (1), by one rename: a crash leaves the old order or the new.

        Raises OutputNotWritable.
        """
        files = self._files()
        if file not in files or not 0 <= files.index(file) + by < len(files):
            return
        others = [known for known in files if known != file]
        place = files.index(file) + by
        before = int(others[place - 1].stem) if place else 0
        after = int(others[place].stem) if place < len(others) else before + 2 * GAP
        if after - before < 2:
            self._spread(files)
            self.move(self._files()[files.index(file)], by)
        else:
            storage.move_new(file, self._at((before + after) // 2))

    def _at(self, place: int) -> Path:
        return self._folder / f"{place:018d}.json"

    def _spread(self, files: list[Path]) -> None:
        """Room between all of them again; from the last to the first, so that their order holds
        at every moment."""
        last = int(files[-1].stem)
        for number, file in reversed(list(enumerate(files, start=1))):
            storage.move_new(file, self._at(last + number * GAP))

    def _files(self) -> list[Path]:
        found = self._folder.glob("*.json") if self._folder.is_dir() else ()
        return sorted(path for path in found if path.stem.isdigit())

    def _read(self) -> Iterator[Waiting]:
        for file in self._files():
            try:
                data = records.read_json(file)
            except NotRead:
                continue
            yield Waiting(file, data, config_file.check(data)[0])
