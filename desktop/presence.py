"""Says in the project's folder that this window has it open, and tells when others have."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale, QObject, QTimer, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from desktop.project_desk import ProjectDesk
from engine import project_in_use
from engine.project_in_use import OpenElsewhere
from engine.project_notices import ProjectOpenElsewhere


@dataclass(frozen=True, slots=True)
class _Opened:
    """A project that this window has open."""

    folder: Path
    token: str
    since: float


class _Answers(JobSignals):
    found = Signal(object, object)  # _Opened, list of OpenElsewhere


class Presence(QObject):
    """Each other window is told of once. Nothing here keeps a project from opening."""

    noticed = Signal(object)  # Notice

    def __init__(self, projects: ProjectDesk, parent: QObject) -> None:
        super().__init__(parent)
        self._projects = projects
        self._opened: _Opened | None = None
        self._told: set[str] = set()  # tokens
        self._pool = Pool(1, "presence", self)
        self._answers = _Answers(self)
        self._answers.found.connect(self._on_found)
        self._timer = QTimer(self, interval=1000 * project_in_use.RENEW_SECONDS)
        self._timer.timeout.connect(self._renew)
        self._timer.start()
        projects.opened.connect(self._renew)
        self._renew()

    def close_threads(self) -> None:
        """The window closes: the project is no longer open here."""
        self._timer.stop()
        self._leave()
        self._pool.close()

    @Slot()
    def _renew(self) -> None:
        folder = self._projects.draft.project.folder
        if self._opened is None or self._opened.folder != folder:
            self._leave()
            self._opened = _Opened(folder, project_in_use.new_token(), time.time())
            self._told.clear()
        self._pool.start(_look, self._opened, self._answers)

    def _leave(self) -> None:
        if self._opened is not None:
            self._pool.start(_withdraw, self._opened)
            self._opened = None

    @Slot(object, object)
    def _on_found(self, opened: _Opened, others: list[OpenElsewhere]) -> None:
        if opened != self._opened:
            return
        news = [one for one in others if one.token not in self._told]
        self._told.update(one.token for one in news)
        for one in news[:1]:  # the strip holds one sentence
            self.noticed.emit(
                ProjectOpenElsewhere(
                    name=opened.folder.name, computer=one.computer, time=_in_words(one.since)
                )
            )


def _in_words(since: float) -> str:
    """The time of day, with the date where it was not today."""
    when, locale = QDateTime.fromSecsSinceEpoch(int(since)), QLocale()
    short = QLocale.FormatType.ShortFormat
    if when.date() == QDateTime.currentDateTime().date():
        return locale.toString(when.time(), short)
    return locale.toString(when, short)


def _look(opened: _Opened, answers: _Answers) -> None:
    """In a thread of the pool."""
    project_in_use.announce(opened.folder, opened.token, opened.since)
    answers.found.emit(opened, project_in_use.others(opened.folder, opened.token))


def _withdraw(opened: _Opened) -> None:
    """In a thread of the pool."""
    project_in_use.withdraw(opened.folder, opened.token)
