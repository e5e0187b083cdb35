"""What is known of a run before it starts: which methods fit, and what a few real steps say."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Slot

from desktop.engine_thread import EngineThread, JobHandle
from desktop.jobs import Jobs
from desktop.panels.method_panel import MethodPanel
from desktop.run_desk import RunDesk
from engine.config import RunConfig
from engine.errors import WouldNotFit
from engine.events import Event, MethodFits, RunFinished

GIB = 2**30


class CheckDesk(QObject):
    """Asks the engine, and shows the answers on the page of methods."""

    def __init__(
        self, engine: EngineThread, jobs: Jobs, runs: RunDesk, page: MethodPanel, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._engine, self._jobs, self._runs, self._page = engine, jobs, runs, page
        self._dry_run: JobHandle | None = None
        self.is_warm = False
        page.check.cancel_wanted.connect(self.cancel)
        page.base_changed.connect(self.ask_what_fits)

    def measure(self, config: RunConfig) -> None:
        """Take a few real steps of this run."""
        if self._runs.is_busy:
            text = self.tr("A training is running. Check when it has ended.")
            self._page.strip.show_text(text)
            return
        if self._dry_run is not None:  # one that still runs would tell of other settings
            self._dry_run.control.stop()
            self._jobs.forget(self._dry_run)
        self._page.check.begin()
        show = self._page.check.show_event
        self._dry_run = self._jobs.watch(self._engine.dry_run(config), show)

    @Slot()
    def cancel(self) -> None:
        if self._dry_run is not None:
            self._dry_run.control.stop()

    @Slot()
    def ask_what_fits(self) -> None:
        """Once the engine is warm, and again with another base model."""
        if self.is_warm:
            handle = self._engine.method_fits(self._page.drafts_by_method())
            self._jobs.watch(handle, partial(self._show_fit, []))

    def refusal(self) -> WouldNotFit | None:
        """Why this run should not start, where it was measured and does not fit."""
        found = self._page.check.estimate
        if found is None or found.fits:
            return None
        return WouldNotFit(
            needed_gib=found.peak_bytes / GIB,
            free_gib=found.free_bytes / GIB,
            disk_gib=found.disk_bytes / GIB,
            room_gib=found.free_disk_bytes / GIB,
        )

    def _show_fit(self, found: list[MethodFits], event: Event) -> None:
        """All cards at once, so that their figures are of one moment."""
        if isinstance(event, MethodFits):
            found.append(event)
        elif isinstance(event, RunFinished):
            self._page.show_fits(found)
