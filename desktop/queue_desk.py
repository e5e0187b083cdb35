"""Begins the run that waits when the one before it has ended, and keeps what was set aside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.panels.monitor_panel import MonitorPanel
from desktop.project_desk import ProjectDesk
from desktop.run_desk import RunDesk
from desktop.words import remedy_of, said, summary_of
from engine.config import RunConfig
from engine.config_file import Data, check
from engine.errors import UserError
from engine.events import Event, RunCrashed, RunFailed, RunFinished, RunStarted
from engine.run_queue import RunQueue, Waiting, placed, queue_folder
from engine.wording import listed


class QueueDesk(QObject):
    """A run leaves the queue once it has begun, so that a crash before that loses nothing.

    Settings that a run out of the queue takes the place of on the pages are set aside: they are
    kept like runs that wait, but in a folder of their own, and are never begun.
    """

    changed = Signal(int)  # how many wait
    page_wanted = Signal(str)
    said = Signal(str)
    failed = Signal(object)  # UserError
    ended_badly = Signal(str, str, str)  # what became of a run, why, the kind of a strip

    def __init__(
        self, runs: RunDesk, projects: ProjectDesk, page: MonitorPanel, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._runs, self._projects, self._list = runs, projects, page.queue
        self._queue = RunQueue()
        self._aside = RunQueue(queue_folder() / "aside")
        self._beginning: Path | None = None
        self._given_up: set[Path] = set()  # could not begin; not tried again before the next start
        self._title = ""  # of the run that trains
        self._mishap: tuple[str, str] | None = None  # how the run before ended: what, why
        # Others have yet to hear of the end of a run when we do, and would take the beginning of
        # the next one for a part of it.
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._take_turn)
        runs.began.connect(self._remember_title)
        runs.told.connect(self._on_event)
        runs.ended.connect(self._on_end)
        projects.opened.connect(self.show)
        self.changed.connect(page.show_num_waiting)
        self.failed.connect(page.show_problem)
        self.said.connect(page.strip.show_text)
        self.ended_badly.connect(page.strip.show_text)
        self._list.start_wanted.connect(self.start_next)
        self._list.move_wanted.connect(self._move)
        self._list.remove_wanted.connect(self.take_out)
        self._list.edit_wanted.connect(self._edit)
        self.show()

    def add(self, config: RunConfig) -> None:
        self._try(self._queue.add, config)

    @Slot(object)
    def take_out(self, waiting: Waiting) -> None:
        self._try(self._queue.remove, waiting.file)

    @Slot()
    def start_next(self) -> None:
        """The first whose settings are possible."""
        if self._runs.is_busy or self._runs.is_over:
            return
        homeless: list[str] = []
        for waiting in self._waiting():
            if waiting.is_homeless:
                homeless.append(waiting.title)
            elif waiting.config is not None and waiting.file not in self._given_up:
                self._beginning = waiting.file
                self._runs.start(waiting.config)
                break
        self.show()
        if homeless:  # last: a run that begins clears what was said
            text = self.tr("Left out, since its project is no longer there: {0}")
            self.said.emit(text.format(said(listed(homeless))))

    def _waiting(self) -> list[Waiting]:
        """With the places where their projects lie now."""
        known = [self._projects.draft.project, *self._projects.recent()]
        folders = [project.folder for project in known]
        return [placed(waiting, folders) for waiting in self._queue.waiting()]

    @Slot()
    def show(self) -> None:
        waiting = self._waiting()
        aside = self._aside.waiting()
        self._list.show_queue(waiting, is_busy=self._runs.is_busy, set_aside=aside)
        self.changed.emit(len(waiting))

    @Slot(object, int)
    def _move(self, waiting: Waiting, by: int) -> None:
        self._try(self._queue.move, waiting.file, by)

    @Slot(object)
    def _edit(self, waiting: Waiting) -> None:
        """Back onto the pages of its project; it is added anew when it has been changed."""
        if waiting.problem or waiting.is_homeless:  # its settings, or its project, are not known
            return
        if not self._projects.may_take_back(waiting.data, may_change=not self._runs.is_busy):
            self.said.emit(
                self.tr("It belongs to another project: wait until the training has ended.")
            )
            return
        before = self._projects.would_lose(waiting.data)
        is_kept = self._is_kept(before)
        if is_kept or self._try(self._set_aside, before):
            self._projects.take_back(waiting.data)
            self.take_out(waiting)
            if not is_kept:
                self.said.emit(self.tr("The settings shown before are set aside in the queue."))
            self.page_wanted.emit("method")

    def _is_kept(self, data: Data) -> bool:
        """The list holds these settings already, or there are none."""
        config, _ = check(data)
        known = (*self._queue.waiting(), *self._aside.waiting())
        same = (each.data == data or (config and each.config == config) for each in known)
        return not data or any(same)

    def _set_aside(self, data: Data) -> None:
        """As they are, possible or not. Raises OutputNotWritable or DiskFull."""
        self._aside.add_data(data)

    def _try(self, change: Callable[..., object], *facts: object) -> bool:
        """Change the queue, or say why that cannot be; and show it as it is."""
        try:
            change(*facts)
            return True
        except UserError as error:
            self.failed.emit(error)
            return False
        finally:
            self.show()

    @Slot(str)
    def _remember_title(self, title: str) -> None:
        self._title = title

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            if self._beginning is not None:
                begun, self._beginning = self._beginning, None
                self._try(self._queue.remove, begun)
            self.show()

    @Slot(object)
    def _on_end(self, event: Event) -> None:
        """The next one; but whoever stops a run wants the computer back."""
        if self._beginning is not None:
            self._given_up.add(self._beginning)
            self._beginning = None
        self._mishap = self._mishap_of(event)
        self.show()
        if not (isinstance(event, RunFinished) and event.stopped_early):
            self._turn.start(0)

    @Slot()
    def _take_turn(self) -> None:
        """The page begins anew with the next run; how the one before ended is said once more."""
        mishap = self._mishap
        self.start_next()
        if mishap is not None and self._beginning is not None:
            self.ended_badly.emit(*mishap, "error")

    def _mishap_of(self, event: Event) -> tuple[str, str] | None:
        """What is to be said of the run that ended like this, and why; None where it went well."""
        if isinstance(event, RunFailed):
            what = self.tr("{0} was stopped by a problem.").format(self._title)
            return what, f"{summary_of(event.error)} {remedy_of(event.error)}".strip()
        if isinstance(event, RunCrashed):
            what = self.tr("Imprint made a mistake while training {0}.").format(self._title)
            return what, event.traceback.strip().splitlines()[-1]
        return None
