"""Says when the folder of a run was renamed, moved or deleted while it trains."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Notice
from engine.events import Event, Noticed, StepFinished
from engine.project import RunFolder
from engine.regular_files import is_folder
from engine.remedies import Action
from engine.wording import QT_TRANSLATE_NOOP


class RunMoved(Notice):
    """Facts: `was` and `folder`."""

    code = "IM-RUN-21"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP("engine", "The folder of this run was renamed or moved: {was}.")
    remedy = QT_TRANSLATE_NOOP("engine", "The training goes on in {folder}.")


class RunGone(Notice):
    """Fact: `folder`."""

    code = "IM-RUN-22"
    summary = QT_TRANSLATE_NOOP("engine", "The folder of this run was deleted: {folder}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "The result will be saved beside Imprint's own data; its end says where.",
    )


def noticing_moves(events: Iterator[Event], folder: RunFolder) -> Iterator[Event]:
    """The events, with a notice after the step in which the folder went away."""
    known, is_there = folder.path, True
    for event in events:
        yield event
        if not isinstance(event, StepFinished):
            continue
        now = folder.path
        if now != known:
            yield Noticed(notice=RunMoved(was=str(known), folder=str(now)))
            known = now
        elif is_there and not is_folder(now):
            is_there = False
            yield Noticed(notice=RunGone(folder=str(now)))
