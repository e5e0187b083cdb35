"""Shows on the training page what the open project's last run was, as long as nothing trains."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.panels.monitor_panel import MonitorPanel
from desktop.pool import Pool
from desktop.project_desk import ProjectDesk
from desktop.run_desk import RunDesk, title_of
from engine.events import Event
from engine.past_events import past_events
from engine.project import RunFolder


class _Answers(JobSignals):
    read = Signal(object, str, object)  # RunFolder, title, list of Event


class PastRun(QObject):
    """After a change of project, or in a new window: the page is never another project's."""

    def __init__(self, projects: ProjectDesk, runs: RunDesk, page: MonitorPanel) -> None:
        super().__init__(page)
        self._draft, self._runs, self._page = projects.draft, runs, page
        self._pool = Pool(1, "past-run", self)
        self._answers = _Answers(self)
        self._answers.read.connect(self._show)
        projects.opened.connect(self.show)

    @Slot()
    def show(self) -> None:
        """Read it in a thread of the pool."""
        if self._runs.is_busy:
            return
        newest = self._draft.project.newest_run()
        if newest is None:
            self._page.show_past("", None, [])
        else:
            self._pool.start(_read, newest, self._answers)

    @Slot(object, str, object)
    def _show(self, run: RunFolder, title: str, events: list[Event]) -> None:
        if not self._runs.is_busy and run == self._draft.project.newest_run():
            self._page.show_past(title, run, events)


def _read(run: RunFolder, answers: _Answers) -> None:
    """In a thread of the pool."""
    answers.read.emit(run, title_of(run), past_events(run))
