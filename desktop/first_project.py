"""Which project a start opens: the one that was asked for, or the last one, or else the sample.

A project that could not be opened at the last two starts is left alone: whatever is wrong with its
files, the window opens.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from desktop.preferences import Preferences
from engine.config import DEFAULT_METHOD, STARTER
from engine.config_file import Data, merge
from engine.errors import Message, UserError
from engine.file_names import counted_up
from engine.presets import starting_point
from engine.project import Project, default_home
from engine.regular_files import is_there
from engine.sample_project import sample_data
from engine.session_notices import GuideInterrupted, StartedWithout

SAMPLE_NAME = "sample-cat"
EMPTY_NAME = "new-project"
MOST_FAILED = 2  # starts in a row


@dataclass(frozen=True, slots=True)
class FirstProject:
    """`notice`: why it is not the one that the user expects."""

    project: Project
    notice: Message | None = None


def first_project(preferences: Preferences, asked: Path | None) -> FirstProject:
    """Never raises: another project is opened where one cannot be, and `notice` says why."""
    adopted = _adopted(preferences)
    if adopted is not None and asked is None:
        preferences.last_project = str(adopted.project.file)
        return adopted
    notice: Message | None = adopted.notice if adopted else None
    project = sample = Project(default_home() / SAMPLE_NAME)
    last = Path(preferences.last_project) if preferences.last_project else None
    for path in (asked, last):
        if path is None:
            continue
        wanted = Project.at(path)
        try:
            if wanted.file != sample.file:  # that one is made where it is missing
                wanted.require_project()
        except UserError as error:
            notice = notice or error
            continue
        project = wanted
        break
    if preferences.failed_starts(str(project.file)) >= MOST_FAILED:
        return without(project)
    return FirstProject(project, notice)


def _adopted(preferences: Preferences) -> FirstProject | None:
    """Pictures that the guide had copied when the program was killed become a project. What finds
    no room on the disk is tried again at the next start."""
    if not preferences.gathered:
        return None
    project = Project(Path(preferences.gathered))
    if is_there(project.file) or not project.is_taken():
        preferences.gathered = ""
        return None
    try:
        project.save_draft(fresh_data(project, project.images))
    except UserError:
        return None
    preferences.gathered = ""
    preferences.recent_projects = [str(project.file), *preferences.recent_projects]
    notice = GuideInterrupted(name=project.folder.name, folder=str(project.images))
    return FirstProject(project, notice)


def without(project: Project) -> FirstProject:
    """An empty project, in the place of one that cannot be opened."""
    places = (default_home() / name for name in counted_up(EMPTY_NAME))
    empty = next(Project(place) for place in places if not Project(place).is_taken())
    file = project.file
    return FirstProject(empty, StartedWithout(file=file.name, folder=str(file.parent)))


def first_data(project: Project) -> Data:
    """Settings of a project that a start makes."""
    if project.folder.name == SAMPLE_NAME:
        return sample_data(project.runs)
    return fresh_data(project, project.images)


def fresh_data(project: Project, pictures: Path) -> Data:
    """Settings of a new project of a folder of pictures."""
    own = {
        "name": project.folder.name[:80] or "pictures",
        "base_model": STARTER,
        "runs_folder": str(project.runs),
        "dataset": {"folder": str(pictures), "trigger": "sks"},
    }
    return merge(starting_point(DEFAULT_METHOD, STARTER, 8), own)
