"""A project is the file that was opened: its folder may be renamed, moved and copied.

What lies inside the folder is stored relative to it. A copy is told by the place that the file
names as its own: where a project of the same id is still there, this is another one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from engine import storage
from engine.config_file import Data
from engine.errors import DiskFull, Notice, OutputNotWritable
from engine.project_notices import ProjectCopied
from engine.regular_files import is_file, is_folder, is_there, listed

SUFFIX = ".imprint"
INSIDE = "./"  # how a stored path begins that lies inside the project
KEPT = (".damaged", ".unreadable", ".later", ".version-")  # in the names of copies beside the file
PARTS = ("runs", "captions", "images", "generated")  # folders that only a project has
_COPY = re.compile(r"conflict|copy|\(\d+\)|\.sync|冲突|副本", re.IGNORECASE)  # as programs call one
# Settings that are paths. The base model may be a name.
_PATHS = (
    "base_model", "dataset.folder", "dataset.captions_folder", "evaluation.references",
    "evaluation.network", "method.class_folder", "method.start_from",
)  # fmt: skip


def file_in(folder: Path, opened_as: str = "") -> Path:
    """The project's file of a folder, whatever the folder is called now.

    `opened_as` is the name that it had when it was opened. Where there is no file, or where there
    are several of other names, a new one would get that name, or else the folder's.
    """
    own = folder / (opened_as or f"{folder.name}{SUFFIX}")
    for path in (own, folder / f"{folder.name}{SUFFIX}"):
        if is_file(path):
            return path
    try:
        found = [path for path in folder.iterdir() if _is_project_file(path)]
    except OSError:
        return own
    if opened_as:  # a sync program takes the file away and lays a copy of another state there
        found = [path for path in found if not _COPY.search(path.stem.removeprefix(own.stem))]
    return found[0] if len(found) == 1 else own


def _is_project_file(path: Path) -> bool:
    is_named_so = path.suffix.lower() == SUFFIX  # as a double click takes it
    return is_named_so and is_file(path) and not any(kept in path.stem for kept in KEPT)


def is_project_folder(file: Path) -> bool:
    """Whether a project's file lies in a folder of its own, and not among other things."""
    folder = file.parent
    if storage.mark_of(folder) is not None or folder.name == file.stem:
        return True
    if any(is_folder(folder / part) for part in PARTS):
        return True
    try:
        return all(path == file or path.name.startswith(".") for path in listed(folder))
    except OSError:  # what lies there cannot be told
        return False


def stored(draft: Data, folder: Path) -> Data:
    """The settings as they are written: paths inside the project are relative."""
    without_runs = {key: value for key, value in draft.items() if key != "runs_folder"}
    return _changed(without_runs, _PATHS, lambda path: _relative(path, folder))


def loaded(data: Data, folder: Path) -> Data:
    """The settings of a file that was read from this folder. Runs go to the project that is open,
    always."""
    draft, was = data["draft"], _place_before(data)
    draft = _changed(draft, _PATHS, lambda path: _absolute(path, folder, was))
    return {**draft, "runs_folder": str(folder / "runs")} if draft else draft


def moved(draft: Data, was: Path, folder: Path) -> Data:
    """The settings of a project whose folder lies elsewhere now."""
    return loaded({"draft": stored(draft, was)}, folder)


def identity(folder: Path) -> Data:
    """What a project's file says of itself: its id, and where it lies."""
    mark = storage.mark_of(folder)
    return {"id": "" if mark is None else mark.id, "folder": str(folder)}


def told_apart(data: Data, folder: Path) -> Notice | None:
    """Give a copy an id of its own, and say so; None for a project that was only moved."""
    was, known = data.get("folder"), data.get("id")
    if not isinstance(was, str) or not isinstance(known, str) or not known:
        return None
    try:
        if Path(was) == folder or not os.path.isdir(was) or os.path.samefile(was, folder):  # noqa: PTH112, PTH121
            return None
    except (OSError, ValueError):
        return None
    theirs, own = storage.mark_of(Path(was)), storage.mark_of(folder)
    if theirs is None or theirs.id != known:
        return None
    if own is not None and own.id != known:
        return None  # it has an id of its own already, which its file will tell once it is saved
    try:
        storage.renew_mark(folder, "project")
    except (OutputNotWritable, DiskFull):
        return None  # nothing can be saved here, which is told with the first change
    return ProjectCopied(name=folder.name, folder=was)


def _place_before(data: Data) -> Path | None:
    """Where the project was when its file was written. Earlier versions told it by the folder of
    the runs alone."""
    was = data.get("folder")
    if not isinstance(was, str):
        runs = data["draft"].get("runs_folder")
        if not isinstance(runs, str) or Path(runs).name != "runs" or not Path(runs).is_absolute():
            return None
        was = str(Path(runs).parent)
    return Path(was)


def _changed(draft: Data, keys: Iterable[str], change: Callable[[str], str]) -> Data:
    """With each of the texts under these keys changed."""
    made = dict(draft)
    for key in keys:
        section, _, name = key.rpartition(".")
        table = made.get(section) if section else made
        if isinstance(table, dict) and isinstance(table.get(name), str):
            changed = {**table, name: change(table[name])}
            if section:
                made[section] = changed
            else:
                made = changed
    return made


def _relative(text: str, folder: Path) -> str:
    path = Path(text)
    if not path.is_absolute() or not path.is_relative_to(folder):
        return text
    return INSIDE + path.relative_to(folder).as_posix()


def _absolute(text: str, folder: Path, was: Path | None) -> str:
    """A path that leads out of the project by `..` stays a text that is no folder."""
    if text.startswith(INSIDE):
        below = PurePosixPath(text.removeprefix(INSIDE))
        is_inside = ".." not in below.parts and not below.is_absolute()
        return str(folder / below) if is_inside else text
    if was is not None and was != folder and Path(text).is_relative_to(was):
        moved = folder / Path(text).relative_to(was)
        return str(moved) if is_there(moved) or not is_there(Path(text)) else text
    return text
