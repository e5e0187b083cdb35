"""The trained files of a project, as the gallery offers them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from desktop.widgets.addon_list import AddonEntry, title_of
from engine import records
from engine.errors import UserError
from engine.formats.catalog import UNVERIFIED
from engine.models.catalog import locate
from engine.project import RunFolder
from engine.records import NotRead
from engine.regular_files import is_folder, paths_in
from engine.run_shapes import RunSettings
from engine.trained_file import inspect


class _Answers(JobSignals):
    read = Signal(object)  # list of AddonEntry


class TrainedFiles(QObject):
    """Reads lists of trained files in a thread, one after the other."""

    listed = Signal(object)  # list of AddonEntry

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pool = Pool(1, "addons", self)
        self._answers = _Answers(self)
        self._waiting = 0
        self._answers.read.connect(self._tell)

    @property
    def is_busy(self) -> bool:
        return self._waiting > 0

    def read(self, runs: list[RunFolder], base: str) -> None:
        """`listed` tells what there is."""
        self._waiting += 1
        self._pool.start(_read, runs, base, self._answers)

    def wait(self) -> None:
        self._pool.wait()

    @Slot(object)
    def _tell(self, entries: list[AddonEntry]) -> None:
        self._waiting -= 1
        self.listed.emit(entries)


def _read(runs: list[RunFolder], base: str, answers: _Answers) -> None:
    """In a thread of the pool. It answers also where reading fails: the gallery waits for it."""
    found: list[AddonEntry] = []
    try:
        found = entries_of(runs, base)
    finally:
        answers.read.emit(found)


def can_be_drawn_with(path: Path) -> bool:
    """The second form of a file, one that failed its check (older versions: `.failed`) and
    half-written ones are left out."""
    if path.name.startswith(".") or path.name.endswith(UNVERIFIED):
        return False
    if path.stem.endswith(("-diffusers", UNVERIFIED, ".failed")):
        return False
    return is_folder(path) or path.suffix in (".safetensors", ".pt")


def entries_of(runs: list[RunFolder], base: str) -> list[AddonEntry]:
    """Those of each run; reads headers, so not for the window's thread."""
    found = []
    for run in runs:
        trained_on = base_of(run.config_path)
        for path in paths_in(run.exports):
            if can_be_drawn_with(path):
                found.append(entry_of(path, trained_on, base))
    return found


def entry_of(path: Path, trained_on: str, base: str) -> AddonEntry:
    """What a trained file is, and whether it fits the base model that is chosen."""
    if is_whole_model(str(path)):
        return AddonEntry(str(path), title_of(path), trained_on, kind="model")
    try:
        file = inspect(path)
        family = file.family.title if file.family else ""
        return AddonEntry(
            str(path),
            title_of(path),
            trained_on,
            trigger=file.trigger,
            kind=file.kind,
            fits=not family or _fits(family, trained_on or base),
            family=family,
        )
    except UserError:  # drawing with it will say what is wrong
        return AddonEntry(str(path), title_of(path), trained_on)


def _fits(family: str, base: str) -> bool:
    """As far as the base model can be read; its own error comes when it is drawn with."""
    try:
        return locate(base).family.title.split(",")[0] == family.split(",", maxsplit=1)[0]
    except UserError:
        return True


def is_whole_model(path: str) -> bool:
    """Whether a trained file is a model of its own rather than an add-on to one."""
    try:
        locate(path)
    except UserError:
        return False
    return True


def base_of(config_path: Path) -> str:
    """The base model that a run was trained on; empty where its config cannot be read."""
    try:
        return records.read_json(config_path, RunSettings).base_model
    except NotRead:
        return ""
