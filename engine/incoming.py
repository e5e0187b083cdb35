"""What is being copied into a project: written down before it begins, so that a window that closes
or a kill in the middle leaves no half of a set without a word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import filelock

from engine import records, storage
from engine.errors import DiskFull, OutputNotWritable, UserError
from engine.project import Project
from engine.records import NotRead
from engine.regular_files import is_folder, listed
from engine.storage.system_errors import as_user_error

_MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Incoming:
    """Pictures and folders that were dropped, and the folder that was learned from then."""

    file: Path
    paths: list[Path]
    current: str | None

    def end(self) -> None:
        """All of it is in the project, or was refused in a sentence."""
        with suppress(OutputNotWritable):
            storage.remove_file(self.file)


def begin(project: Project, paths: list[Path], current: str | None) -> Incoming | None:
    """None where it cannot be written down: the copying says then what is wrong."""
    data = {"paths": [str(path) for path in paths], "current": current}
    number = 0
    try:
        while True:
            number += 1
            file = _folder(project) / f"{number:06d}.json"
            if storage.write_new(file, storage.json_text(data).encode()):
                return Incoming(file, paths, current)
    except (OutputNotWritable, DiskFull):
        return None


def left_in(project: Project) -> list[Incoming]:
    """What a window before this one did not end, in the order in which it came; nothing while
    another window copies."""
    found: list[Incoming] = []
    with suppress(OSError, UserError), copying(project, wait=False):
        for file in listed(_folder(project), "[0-9]*.json"):
            try:
                data = records.read_json(file, max_bytes=_MOST_BYTES)
            except NotRead:
                continue
            paths, current = data.get("paths"), data.get("current")
            if isinstance(paths, list) and isinstance(current, str | None):
                found.append(Incoming(file, [Path(str(path)) for path in paths], current))
    return found


@contextmanager
def copying(project: Project, *, wait: bool = True) -> Iterator[None]:
    """One window at a time. Raises OutputNotWritable or DiskFull, and filelock.Timeout unless
    `wait`."""
    if not is_folder(_folder(project)):
        if not wait:
            yield
            return
        storage.make_folder(_folder(project))
    lock = filelock.FileLock(_folder(project) / ".lock", timeout=-1 if wait else 0)
    try:
        held = lock.acquire()
    except filelock.Timeout:
        raise
    except OSError as error:
        raise as_user_error(error, _folder(project)) from error
    with held:
        yield


def _folder(project: Project) -> Path:
    return project.folder / "incoming"
