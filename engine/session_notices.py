"""What the window says at its start about how the last session ended."""

from __future__ import annotations

from engine.errors import Notice
from engine.remedies import Action
from engine.wording import QT_TRANSLATE_NOOP


class EndedBadly(Notice):
    """Facts: `folder`, where the report is, and its `file`."""

    code = "IM-SYS-05"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP("engine", "Imprint ended unexpectedly the last time.")
    remedy = QT_TRANSLATE_NOOP("engine", "The report is {file} on this computer; nothing was sent.")


class NotClosed(Notice):
    """Killed, or the computer went off: there is no report."""

    code = "IM-SYS-08"
    summary = QT_TRANSLATE_NOOP("engine", "Imprint did not close properly the last time.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "It was ended from outside, or the computer went off. Projects are saved as you work.",
    )


class HadErrors(Notice):
    """It closed properly, but wrote a report. Facts: `folder` and `file`."""

    code = "IM-SYS-09"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP("engine", "Imprint made a mistake during the last session.")
    remedy = QT_TRANSLATE_NOOP("engine", "The report is {file} on this computer; nothing was sent.")


class StartedWithout(Notice):
    """A safe start. Facts: `file`, the name of a project's file, and its `folder`."""

    code = "IM-SYS-20"
    actions = (Action.SHOW_FOLDER, Action.SET_ASIDE)
    summary = QT_TRANSLATE_NOOP(
        "engine", "The project {file} could not be opened, so Imprint started without it."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Nothing in {folder} was changed. Look for what is odd there, or set the file aside; a new "
        "project with the same pictures is made by dropping them here.",
    )


class GuideInterrupted(Notice):
    """Facts: `name` of the project, and `folder`, where its pictures lie."""

    code = "IM-SYS-24"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP(
        "engine", "Imprint ended while the guide was open. Its pictures are the project {name} now."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "The copies lie in {folder}. Set the trigger word and the method on the pages."
    )


class TrainingInterrupted(Notice):
    """Facts: `name` of the run, `step` that it reached, and `checkpoint`, the last step saved."""

    code = "IM-SYS-10"
    actions = (Action.CONTINUE,)
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "Imprint did not close properly; the training {name} was interrupted at step {step}.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "It can continue from the checkpoint of step {checkpoint}."
    )


class TrainingCrashed(TrainingInterrupted):
    """Also facts: `folder`, where the report is, and its `file`."""

    code = "IM-SYS-11"
    actions = (Action.CONTINUE, Action.SHOW_FOLDER)
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "Imprint ended unexpectedly; the training {name} was interrupted at step {step}.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "It can continue from the checkpoint of step {checkpoint}. The report is {file} on this "
        "computer; nothing was sent.",
    )


class TrainingLost(Notice):
    """Facts: `name` and `step`. There is nothing to continue from."""

    code = "IM-SYS-12"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "Imprint did not close properly; the training {name} was interrupted at step {step}, "
        "before its first checkpoint.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Start it again on the Training page.")
