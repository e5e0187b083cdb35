"""What can be wrong with a run that is used again; see engine.errors for the form."""

from __future__ import annotations

from engine.errors import RunInUse, UserError
from engine.remedies import Action
from engine.wording import QT_TRANSLATE_NOOP


class RunInUseHere(RunInUse):
    """By this very program, in another of its threads."""

    code = "IM-RUN-09"
    summary = QT_TRANSLATE_NOOP(
        "engine", "This Imprint is training or exporting the run {folder} right now."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Wait until that has ended. A training that is stopped exports its result too."
    )


class ExportsGone(UserError):
    """Of a finished run. Facts: `folder`, `files` and `formats`, as `export` takes them."""

    code = "IM-RUN-10"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP(
        "engine", "The run {folder} is finished, but what it exported is gone: {files}."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "If you moved it, all is well. To write it again: "
        'imprint export "{folder}" --format {formats} --out FILE',
    )
