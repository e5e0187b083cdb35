"""What can be wrong with the checkpoints of a run; see engine.errors for the form.

Missing, unreadable, of a later format and damaged are four things (engine.records.Why): only a
damaged checkpoint may lead to an earlier one.
"""

from __future__ import annotations

from engine.errors import UserError
from engine.remedies import Action
from engine.wording import QT_TRANSLATE_NOOP


class NoUsableCheckpoint(UserError):
    """A run that has steps behind it never begins again in its own folder."""

    code = "IM-CHK-02"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP("engine", "{folder} has no checkpoint to go on from: {reason}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Nothing was changed. Put the checkpoints back from a copy and resume, or start a new run "
        "with the settings in config.json of that folder; it gets a folder of its own.",
    )


class CheckpointUnreadable(UserError):
    code = "IM-CHK-03"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP("engine", "{folder} cannot be read: {reason}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Nothing was changed. Make it readable and try again. To go on from an earlier step, move "
        "it away.",
    )


class CheckpointFromLater(UserError):
    code = "IM-CHK-04"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP(
        "engine", "The checkpoint of step {step} was made by a later version of Imprint."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Nothing was changed. Update Imprint and try again.")


class CheckpointDamaged(UserError):
    code = "IM-CHK-05"
    summary = QT_TRANSLATE_NOOP("engine", "The checkpoint of step {step} is damaged: {reason}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose one of these steps: {steps}.")


class SettingChanged(UserError):
    code = "IM-CHK-06"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The checkpoint was written with {setting}: {was}. This run uses {now}."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "What was learnt has another meaning or shape then. Set it back to {was} in config.json of "
        "the run, or start a new run.",
    )


class CheckpointDoesNotFit(UserError):
    code = "IM-CHK-07"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The checkpoint of step {step} does not fit the settings of this run: {reason}."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Set the method, its size and the base model back to what they were, or start a new run.",
    )
