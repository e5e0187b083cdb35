"""Which project a start opens: the one that was asked for, or the last one, or else the sample.

A project that could not be opened at the last two starts is left alone: whatever is wrong with its
files, the window opens.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from desktop.preferences import Preferences
from engine.errors import Message, UserError
from engine.file_names import counted_up
from engine.project import Project, default_home
from engine.regular_files import is_there
from engine.session_notices import StartedWithout

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
    notice: Message | None = None
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
    if asked is None:
        project = _left_by_the_guide(preferences) or project
    if preferences.failed_starts(str(project.file)) >= MOST_FAILED:
        return without(project)
    return FirstProject(project, notice)


def _left_by_the_guide(preferences: Preferences) -> Project | None:
    """The pictures that the guide had copied when the program was killed, as a project. It is asked
    for until its file is written, or the pictures are gone."""
    if not preferences.gathered:
        return None
    project = Project(Path(preferences.gathered))
    return None if is_there(project.file) or not project.is_taken() else project


def without(project: Project) -> FirstProject:
    """An empty project, in the place of one that cannot be opened."""
    places = (default_home() / name for name in counted_up(EMPTY_NAME))
    empty = next(Project(place) for place in places if not Project(place).is_taken())
    file = project.file
    return FirstProject(empty, StartedWithout(file=file.name, folder=str(file.parent)))
