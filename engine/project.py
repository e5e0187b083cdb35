"""Project and run folders on disk, and the stream of events written down in them."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import filelock
import platformdirs

from engine import config_file, project_file, project_paths, records, storage
from engine.checkpoint_folders import last_step
from engine.config import RunConfig
from engine.config_file import Data
from engine.errors import (
    DiskFull,
    Notice,
    OutputNotWritable,
    RecordUnreadable,
    RunInUse,
    RunMissing,
    UserError,
)
from engine.events import (
    CheckpointSaved,
    Event,
    Heartbeat,
    Noticed,
    RunStarted,
    StageProgress,
    Terminal,
    WentBack,
    as_json,
)
from engine.file_names import safe_name
from engine.long_paths import require_short_enough
from engine.metrics_reading import cut_metrics, read_metrics
from engine.notices import RecordNotKept
from engine.output_errors import LinkInTheWay
from engine.project_notices import NoProjectFolder
from engine.records import NotRead, Why
from engine.regular_files import is_file, is_folder, is_link, is_there, listed, paths_in, real_path
from engine.run_errors import RunInUseHere
from engine.run_shapes import RunResult

PROJECT_SUFFIX = project_paths.SUFFIX
# Number, date and time, name, method; earlier versions had no number and counted behind.
_RUN_NAME = re.compile(
    r"\A(?:([0-9]{4,9})_)?([0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9]{4})_.*_[a-z]+(?:-([0-9]{1,9}))?"
)
_MOST_TRIES = 1000
_PARTS = (  # of a run; none of them may be a link
    "config.json", "metrics.jsonl", "result.json", "start.json", "notes.json", "exported.json",
    "before_after.png", "checkpoints", "samples", "evaluation", "exports", storage.MARK,
)  # fmt: skip
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_held_here: set[str] = set()  # real paths of the runs that this process has locked
ABANDONED_SECONDS = 3_600  # a run's folder is filled in a moment


def default_home() -> Path:
    """Where projects lie unless the user says otherwise."""
    return Path(platformdirs.user_documents_dir()) / "Imprint"


def cache_folder() -> Path:
    """Where prepared pictures of runs outside any project are kept."""
    return Path(platformdirs.user_cache_dir("imprint", appauthor=False)) / "latents"


def class_images_folder() -> Path:
    """Where drawn pictures of classes are kept, for all runs with the same model and prompt."""
    return Path(platformdirs.user_cache_dir("imprint", appauthor=False)) / "class_images"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run. Its config is never edited; a changed one is a new run."""

    given: Path

    @property
    def path(self) -> Path:
        """Where it lies: a run that is `locked` is followed though it is renamed or moved."""
        return storage.where(self.given)

    @property
    def config_path(self) -> Path:
        return self.path / "config.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    @property
    def evaluation(self) -> Path:
        return self.path / "evaluation"

    @property
    def exports(self) -> Path:
        return self.path / "exports"

    @property
    def class_images(self) -> Path:
        """Drawn for this run alone."""
        return self.path / "class_images"

    @property
    def sheet(self) -> Path:
        return self.path / "before_after.png"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    @property
    def exported(self) -> Path:
        """The sums of all files that it ever exported."""
        return self.path / "exported.json"

    @property
    def notes(self) -> Path:
        return self.path / "notes.json"

    def last_saved_step(self) -> int:
        """The last step that a checkpoint was ever written of, by the run's own record; 0 where
        there was none. Raises RecordUnreadable."""
        saved = [
            line.get("step", 0)
            for line in read_metrics(self.metrics)
            if line.get("event") == CheckpointSaved.__name__
        ]
        return max(saved, default=0)

    @contextmanager
    def locked(self, *, to_read: bool = False) -> Iterator[None]:
        """Hold the run, so that no second Imprint writes into it. Raises RunInUse.

        The lock is the system's, so it is free again the moment its holder dies. `to_read`: where
        the folder is read-only, there is neither a lock nor a need for one.
        """
        lock = filelock.FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            in_use = RunInUseHere if os.path.realpath(self.path) in _held_here else RunInUse
            raise in_use(folder=str(self.path)) from error
        except OSError as error:
            if not (to_read and error.errno in _READ_ONLY):
                raise storage.as_user_error(error, self.path) from error
        key = os.path.realpath(self.path)
        try:
            with storage.pinned(self.path, lock=lock.is_locked):
                if lock.is_locked:
                    _held_here.add(key)
                    for folder in (self.path, self.checkpoints, self.samples, self.exports):
                        storage.sweep(folder)
                yield
        except BlockingIOError as error:  # its file was deleted by a program that cleans up
            raise RunInUse(folder=str(self.path)) from error
        finally:
            if lock.is_locked:
                _held_here.discard(key)
            lock.release()


def create_run(config: RunConfig) -> RunFolder:
    """A new folder under config.runs_folder, named by number and time, with the config in it.

    Raises OutputNotWritable, DiskFull or PathTooLong.

    The numbers keep the order, whatever a clock shows: it may have been wrong, then or now.
    """
    parent = storage.expand(config.runs_folder)
    storage.require_writable(parent)
    storage.sweep_abandoned(parent, _RUN_NAME, ABANDONED_SECONDS)
    try:
        newest = max((_place_of(path.name)[0] for path in listed(parent)), default=0)
    except OSError as error:
        raise storage.as_user_error(error, parent) from error
    name, stamp = safe_name(config.name), datetime.now().strftime("%Y-%m-%d_%H%M")
    stem = f"{stamp}_{name}_{config.method.kind}"
    require_short_enough(parent / f"{newest + 1:04d}_{stem}", name)
    for number in range(newest + 1, newest + 1 + _MOST_TRIES):
        path = parent / f"{number:04d}_{stem}"
        if storage.commit_new_folder(path, partial(_begin, config), private=True):
            return RunFolder(path)
    raise FileExistsError(stem)


def _begin(config: RunConfig, folder: Path) -> None:
    storage.own_folder(folder, "run")
    config_file.write(config, RunFolder(folder).config_path)


def _place_of(name: str) -> tuple[int, str, int]:
    """Number of a run's folder; of those of earlier versions, which come first, the minute and the
    number within it. What has no such name comes before them."""
    found = _RUN_NAME.fullmatch(name)
    return (int(found[1] or 0), found[2], int(found[3] or 1)) if found else (0, "", 0)


def open_run(path: Path) -> RunFolder:
    """Raises RunMissing where the folder holds no run, RecordUnreadable where that cannot be told,
    and LinkInTheWay where a part of it is a
    link: a run from elsewhere would read or write what has nothing to do with it."""
    folder = RunFolder(path)
    try:
        records.require_file(folder.config_path)
    except NotRead as error:
        if error.why is Why.MISSING:
            raise RunMissing(folder=str(path)) from error
        raise RecordUnreadable(folder=str(path), reason=error.reason) from error
    for name in _PARTS:
        if is_link(path / name):
            raise LinkInTheWay(path=str(path / name))
    with suppress(OutputNotWritable, DiskFull):  # it may be there to be read only
        storage.own_folder(path, "run", adopt=True)  # an earlier Imprint left no marks
    return folder


def record(folder: RunFolder, events: Iterator[Event]) -> Iterator[Event]:
    """Pass the events on and write them to metrics.jsonl, one a line.

    What came after the step that a resumed run goes on from was lost in a crash and comes
    again; its lines go as soon as RunStarted tells that step.
    """
    waiting: list[Event] = []
    started = False
    cut_after: int | None = None
    for event in events:
        if not isinstance(event, Heartbeat | StageProgress):
            waiting.append(event)
        if isinstance(event, RunStarted):
            started = True
            cut_after = event.first_step
        elif isinstance(event, WentBack):
            cut_after = event.step
        if waiting and (started or isinstance(event, Terminal)):
            try:
                if cut_after is not None:
                    cut_metrics(folder.metrics, cut_after)
                    cut_after = None
                _append(folder.metrics, waiting)
                waiting.clear()
            except UserError as error:
                # Kept, and tried again with the next event: what the run learns matters more.
                if isinstance(event, Terminal):
                    yield Noticed(notice=RecordNotKept(reason=error.sentence))
        yield event


def _append(path: Path, events: list[Event]) -> None:
    """Raises DiskFull or OutputNotWritable."""
    lines = "".join(as_json(event) + "\n" for event in events).encode()
    try:
        with storage.appending(path) as file:
            if file.seek(0, os.SEEK_END) > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a line that a kill has torn
                    file.write(b"\n")
            file.write(lines)
    except OSError as error:
        raise storage.as_user_error(error, path.parent) from error


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a draft, captions, runs and caches. See docs/decisions."""

    folder: Path
    name: str = ""  # of its file, where the folder does not tell
    opened_as: str = field(default="", compare=False)  # its file's name, for when that is deleted

    @classmethod
    def at(cls, path: Path) -> Project:
        """Of a project's file, or of its folder; a link leads to where the project lies."""
        place = real_path(path) or path
        folder = place if is_folder(place) else place.parent
        file = project_paths.file_in(folder)
        if place in (folder, file):
            return cls(folder, opened_as=file.name)
        return cls(folder, place.name)

    @property
    def file(self) -> Path:
        if self.name:
            return self.folder / self.name
        return project_paths.file_in(self.folder, self.opened_as)

    def require_project(self) -> None:
        """Raises NoProject or NoProjectFolder where a file from anywhere is not one to be opened
        where it lies."""
        project_file.require_readable(self.file)
        if not project_paths.is_project_folder(self.file):
            raise NoProjectFolder(file=self.file.name, folder=str(self.folder))

    @property
    def captions(self) -> Path:
        return self.folder / "captions"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def generated(self) -> Path:
        return self.folder / "generated"

    def is_taken(self, own: Path | None = None) -> bool:
        """Whether a new project would meet something here: settings, or pictures that are not
        its `own` folder of them."""
        if is_there(self.file):
            return True
        if self.images == own or not is_there(self.images):
            return False
        try:
            return any(self.images.iterdir())
        except OSError:
            return True  # whatever it is

    def save_draft(self, draft: Data) -> None:
        storage.own_folder(self.folder, "project", adopt=is_file(self.file))
        project_file.write(self.file, draft)

    def load_draft(self) -> Data:
        """The last draft; empty where there is none or it cannot be read."""
        return project_file.peek(self.file)

    def open_draft(self) -> tuple[Data, Notice | None]:
        """The draft to go on with, and what is worth telling about how it was read. What cannot be
        taken over as it is stays beside it as a copy."""
        return project_file.read(self.file)

    def unfinished_run(self) -> RunFolder | None:
        """The newest run, if it can be gone on with: it has a checkpoint and no end."""
        newest = self.newest_run()
        if newest is None or last_step(newest.checkpoints) is None:
            return None
        try:
            outcome = records.read_json(newest.result, RunResult).outcome
        except NotRead:
            outcome = None
        return None if outcome == "finished" else newest

    def newest_run(self) -> RunFolder | None:
        return next(iter(self.list_runs()), None)

    def list_runs(self) -> list[RunFolder]:
        """Runs of this project, newest first."""
        shown = (path for path in paths_in(self.runs) if not path.name.startswith("."))
        folders = [path for path in shown if is_file(path / "config.json")]
        in_order = sorted(folders, key=lambda path: (_place_of(path.name), path.name))
        return [RunFolder(path) for path in reversed(in_order)]
