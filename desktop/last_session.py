"""Which training runs now, kept where a kill cannot take it; and what the next start says of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot

from desktop.crash_reports import CrashReports, Ending
from desktop.draft import Draft
from desktop.preferences import Preferences
from desktop.run_desk import RunDesk
from engine.errors import Notice
from engine.events import Event, Noticed, RunStarted, Terminal
from engine.interrupted import Interrupted, interrupted
from engine.moved_run import RunMoved
from engine.project import RunFolder
from engine.session_notices import (
    EndedBadly,
    HadErrors,
    NotClosed,
    TrainingCrashed,
    TrainingInterrupted,
    TrainingLost,
)


class RunningMark(QObject):
    """Keeps the folder of the run that trains in the preferences until the run ends."""

    def __init__(
        self, runs: RunDesk, draft: Draft, preferences: Preferences, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._draft, self._preferences = draft, preferences
        runs.told.connect(self._on_event)

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._preferences.running = event.folder
        elif isinstance(event, Noticed) and isinstance(event.notice, RunMoved):
            self._preferences.running = str(event.notice.facts["folder"])
            self._draft.look_again()  # the project may have been moved with its run
        elif isinstance(event, Terminal):
            self._preferences.running = ""


def notice_of(reports: CrashReports, run: Interrupted | None) -> Notice | None:
    """How the last session ended; None where there is nothing to say."""
    report = {}
    if reports.earlier is not None:
        report = {"folder": str(reports.folder), "file": reports.earlier.name}
    if run is not None:
        facts = {"name": run.name, "step": run.step}
        if run.checkpoint is None:
            return TrainingLost(**facts)
        if report:
            return TrainingCrashed(**facts, **report, checkpoint=run.checkpoint)
        return TrainingInterrupted(**facts, checkpoint=run.checkpoint)
    match reports.ending:
        case Ending.CRASHED:
            return EndedBadly(**report)
        case Ending.KILLED:
            return NotClosed()
        case Ending.HAD_ERRORS:
            return HadErrors(**report)
        case Ending.CLOSED:
            return None


def interrupted_run(preferences: Preferences) -> Interrupted | None:
    """The training that the last session was running when it ended. Asked once."""
    folder, preferences.running = preferences.running, ""
    return interrupted(RunFolder(Path(folder))) if folder else None
