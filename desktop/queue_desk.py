"""Begins the run that waits when the one before it has ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from desktop.panels.monitor_panel import MonitorPanel
from desktop.project_desk import ProjectDesk
from desktop.run_desk import RunDesk
from engine.config import RunConfig
from engine.errors import UserError
from engine.events import Event, RunFinished, RunStarted
from engine.run_queue import RunQueue, Waiting


class QueueDesk(QObject):
    """A run leaves the queue once it has begun, so that a crash before that loses nothing."""

    changed = Signal(int)  # how many wait
    page_wanted = Signal(str)
    said = Signal(str)
    failed = Signal(object)  # UserError

    def __init__(
        self, runs: RunDesk, projects: ProjectDesk, page: MonitorPanel, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._runs, self._projects, self._list = runs, projects, page.queue
        self._queue = RunQueue()
        self._beginning: Path | None = None
        self._given_up: set[Path] = set()  # could not begin; not tried again before the next start
        runs.told.connect(self._on_event)
        runs.ended.connect(self._on_end)
        self.changed.connect(page.show_num_waiting)
        self.failed.connect(page.show_problem)
        self.said.connect(page.strip.show_text)
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
        if self._runs.is_busy:
            return
        for waiting in self._queue.waiting():
            if waiting.config is not None and waiting.file not in self._given_up:
                self._beginning = waiting.file
                self._runs.start(waiting.config)
                break
        self.show()

    @Slot()
    def show(self) -> None:
        waiting = self._queue.waiting()
        self._list.show_queue(waiting, is_busy=self._runs.is_busy)
        self.changed.emit(len(waiting))

    @Slot(object, int)
    def _move(self, waiting: Waiting, by: int) -> None:
        self._try(self._queue.move, waiting.file, by)

    @Slot(object)
    def _edit(self, waiting: Waiting) -> None:
        """Back onto the pages of its project; it is added anew when it has been changed."""
        if self._projects.take_back(waiting.data, may_change=not self._runs.is_busy):
            self.take_out(waiting)
            self.page_wanted.emit("method")
        else:
            self.said.emit(
                self.tr("It belongs to another project: wait until the training has ended.")
            )

    def _try(self, change: Callable[..., object], *facts: object) -> None:
        """Change the queue, or say why that cannot be; and show it as it is."""
        try:
            change(*facts)
        except UserError as error:
            self.failed.emit(error)
        self.show()

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
        if isinstance(event, RunFinished) and event.stopped_early:
            self.show()
        else:
            self.start_next()
