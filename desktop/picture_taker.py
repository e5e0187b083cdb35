"""Copies dropped and pasted pictures into the project, in a thread: a thousand take a while."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from desktop.dropped import what_is_gone
from desktop.job_rules import JobSignals
from desktop.pool import Pool
from desktop.widgets.drop_area import save_pasted
from engine import incoming
from engine.errors import UserError
from engine.incoming import Incoming
from engine.picture_intake import take_pictures
from engine.project import Project
from engine.regular_files import is_there
from engine.storage.system_errors import refused_by_the_computer


@dataclass(frozen=True, slots=True)
class Taking:
    """What came, where it goes, and the folder that was learned from when it came."""

    paths: list[Path]
    image: QImage | None  # of the clipboard
    project: Project
    current: str | None
    incoming: Incoming | None = None  # where it is written down


class _Answers(JobSignals):
    ended = Signal(object, object, object)  # Taking, folder or None, UserError or None


class PictureTaker(QObject):
    """One after another, in the order in which they come."""

    taken = Signal(object, object)  # Taking, folder to learn from
    failed = Signal(object)  # UserError
    ended = Signal()  # one of them, in whatever way

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting = 0
        self._leaving = Event()
        self._pool = Pool(1, "taking", self)
        self._answers = _Answers(self)
        self._answers.ended.connect(self._on_ended)

    @property
    def is_busy(self) -> bool:
        return self._waiting > 0

    def start(self, taking: Taking) -> None:
        if taking.incoming is None and taking.paths:
            noted = incoming.begin(taking.project, taking.paths, taking.current)
            taking = replace(taking, incoming=noted)
        self._waiting += 1
        self._pool.start(_take, taking, self._leaving, self._answers)

    def go_on(self, project: Project) -> int:
        """Copy what a window before this one did not end; returns how many were dropped."""
        left = incoming.left_in(project)
        for one in left:
            self.start(Taking(one.paths, None, project, one.current, one))
        return sum(len(one.paths) for one in left)

    def close(self) -> None:
        """Return when no thread is left; a picture that is being copied is copied whole."""
        self._leaving.set()
        self._pool.close()

    @Slot(object, object, object)
    def _on_ended(self, taking: Taking, folder: Path | None, error: UserError | None) -> None:
        self._waiting -= 1
        if folder is not None and not self._leaving.is_set():
            self.taken.emit(taking, folder)
        if error is not None:
            self.failed.emit(error)
        self.ended.emit()


def _take(taking: Taking, leaving: Event, answers: _Answers) -> None:
    """In a thread of the pool."""
    folder: Path | None = None
    error = what_is_gone(taking.paths)
    try:
        paths = [path for path in taking.paths if is_there(path)]
        if taking.image is not None:
            paths.append(save_pasted(taking.image, taking.project))
        if paths:
            with incoming.copying(taking.project):
                folder = take_pictures(paths, taking.project, taking.current, leaving)
    except UserError as refused:
        error = refused
    except OSError as refused:
        error = refused_by_the_computer(refused)
        if error is None:
            raise
    finally:  # also where something fails that nobody thought of: the page waits for it
        if taking.incoming is not None and not leaving.is_set():
            taking.incoming.end()
        answers.ended.emit(taking, folder, error)
