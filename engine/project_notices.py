"""What is told about a project when it is opened; see engine.errors for the form."""

from __future__ import annotations

from engine.errors import Notice, UserError
from engine.remedies import Action
from engine.wording import QT_TRANSLATE_NOOP


class ProjectCopied(Notice):
    """Facts: `name`, and `folder`, where the project is that this is a copy of."""

    code = "IM-PRJ-05"
    summary = QT_TRANSLATE_NOOP("engine", "{name} is a copy of the project in {folder}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "From now on it is a project of its own: what you do here changes nothing there."
    )


class NoProjectFolder(UserError):
    """Facts: `file` and `folder`."""

    code = "IM-PRJ-06"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP("engine", "{file} lies among other files in {folder}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "A project needs a folder of its own. Put the file into a new folder, then open it there.",
    )


class NoProject(UserError):
    """Facts: `file` and `reason`."""

    code = "IM-PRJ-07"
    summary = QT_TRANSLATE_NOOP("engine", "{file} cannot be opened as a project: {reason}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Nothing was changed. Open another project, or drop pictures to begin a new one."
    )


class ProjectMoved(Notice):
    """Facts: `was` and `folder`."""

    code = "IM-PRJ-10"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP("engine", "The project was renamed or moved: {was}.")
    remedy = QT_TRANSLATE_NOOP("engine", "It is open in {folder} now.")


class ProjectGone(UserError):
    """Fact: `folder`."""

    code = "IM-PRJ-11"
    summary = QT_TRANSLATE_NOOP("engine", "The project is no longer in {folder}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "What you change is not saved until it is there again. Put it back, or open another one.",
    )


class ProjectMerged(Notice):
    """Fact: `file`."""

    code = "IM-PRJ-08"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{file} was changed by another window or another program."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "What was changed there is taken over here; where both changed the same setting, yours "
        "stays.",
    )


class ProjectOpenElsewhere(Notice):
    """Facts: `name`, `computer`, and `time` in the form of the window's language."""

    code = "IM-PRJ-09"
    summary = QT_TRANSLATE_NOOP("engine", "{name} has been open on {computer} since {time}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "You can work on it here as well: what is changed there is taken over here. Where both "
        "change the same setting, the later change stays.",
    )
