"""Runs that wait for their turn, one file each, so that a crash or a closed window loses none.

A file is named by its place. It holds the settings as they were when the run was put there: what
is changed on the pages afterwards does not reach it. Beside them stands the id of its project, so
that a project that was renamed or moved meanwhile is found again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import platformdirs

from engine import config_file, project_paths, records, storage
from engine.config import RunConfig
from engine.file_names import whole_number
from engine.methods.catalog import METHODS
from engine.records import NotRead
from engine.regular_files import is_folder
from engine.run_shapes import RunSettings
from engine.wording import Phrase

GAP = 1 << 10  # between places, so that one can move in between
_LAST_PLACE = 10**17
_PROJECT = "project_id"
_MOST_LOOKED_AT = 500  # folders beside the place of a project that is gone

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One run. `config` is None where its settings are no longer possible; `problem` says why where
    they cannot even be shown."""

    file: Path
    data: Data
    config: RunConfig | None
    shown: RunSettings = field(default_factory=RunSettings)
    problem: Phrase | str = ""
    project_id: str = ""  # of its mark; empty where that was not known
    is_homeless: bool = False  # its project is not there any more

    @property
    def project(self) -> Path | None:
        """The folder of its project, as it was when the run was put here."""
        runs = Path(self.shown.runs_folder)
        return runs.parent if runs.is_absolute() and runs.name == "runs" else None

    @property
    def title(self) -> str:
        kind = self.shown.method.kind
        method = METHODS[kind].title if kind in METHODS else kind
        return f"{self.shown.name or self.file.stem} · {method}".removesuffix(" · ")

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
        """A file that cannot be read is never begun."""
        return list(self._read())

    def add(self, config: RunConfig) -> Waiting:
        """To the end. Raises OutputNotWritable or DiskFull."""
        return self.add_data(config.model_dump(mode="json"))

    def add_data(self, data: Data) -> Waiting:
        """Settings as they are, possible or not. Raises OutputNotWritable or DiskFull."""
        places = [_place_of(path) for path in self._files()]
        file = self._at(max(places, default=0) + GAP)
        runs = data.get("runs_folder")
        mark = storage.mark_of(Path(runs).parent) if isinstance(runs, str) else None
        storage.write_json(file, {**data, _PROJECT: mark.id if mark else ""})
        return _read(file)

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
        before = _place_of(others[place - 1]) if place else 0
        after = _place_of(others[place]) if place < len(others) else before + 2 * GAP
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
        last = _place_of(files[-1])
        for number, file in reversed(list(enumerate(files, start=1))):
            storage.move_new(file, self._at(last + number * GAP))

    def _files(self) -> list[Path]:
        """In their order. Raises nothing: what cannot be listed holds nothing."""
        try:
            found = list(self._folder.iterdir())
        except OSError:
            return []
        return sorted(path for path in found if path.suffix == ".json" and _place_of(path))

    def _read(self) -> Iterator[Waiting]:
        yield from map(_read, self._files())


def _place_of(file: Path) -> int:
    """0 for a file that is none of ours."""
    place = whole_number(file.stem) or 0
    return place if len(file.stem) == 18 and place < _LAST_PLACE else 0


def _read(file: Path) -> Waiting:
    try:
        shown = records.read_json(file, RunSettings)
    except NotRead as error:
        return Waiting(file, {}, None, problem=error.reason)
    data = shown.as_data()
    known = data.pop(_PROJECT, "")
    project_id = known if isinstance(known, str) else ""
    return Waiting(file, data, config_file.check(data)[0], shown, project_id=project_id)


def placed(waiting: Waiting, projects: Iterable[Path]) -> Waiting:
    """With the paths of the place where its project lies now: there, in one of these folders of
    projects, or under another name beside. Without a place it must not begin: it would make the
    old folder anew."""
    was = waiting.project
    if was is None or waiting.problem or _is_place_of(was, waiting.project_id):
        return waiting
    beside = _folders_beside(was) if waiting.project_id else ()
    now = next((p for p in (*projects, *beside) if _has_id(p, waiting.project_id)), None)
    if now is None:
        return replace(waiting, config=None, is_homeless=True)
    data = project_paths.moved(waiting.data, was, now)
    return replace(waiting, data=data, config=config_file.check(data)[0])


def _is_place_of(folder: Path, project_id: str) -> bool:
    mark = storage.mark_of(folder)
    if mark is None or not project_id:
        return is_folder(folder)
    return mark.id == project_id


def _has_id(folder: Path, project_id: str) -> bool:
    mark = storage.mark_of(folder)
    return mark is not None and bool(project_id) and mark.id == project_id


def _folders_beside(folder: Path) -> list[Path]:
    try:
        return list(islice(folder.parent.iterdir(), _MOST_LOOKED_AT))
    except OSError:
        return []
