"""Has a model write captions for the pictures of the open project."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot

from desktop.dialogs.caption_dialog import CaptionDialog
from desktop.engine_thread import EngineThread, JobHandle
from desktop.jobs import Jobs
from desktop.panels.dataset_panel import DatasetPanel
from desktop.preferences import Preferences
from desktop.theme import Theme
from engine.events import Event


class CaptionDesk(QObject):
    """One dialog at a time; the engine describes pictures between the steps of a training."""

    opened = Signal(object)  # the dialog

    def __init__(
        self,
        engine: EngineThread,
        jobs: Jobs,
        images: DatasetPanel,
        preferences: Preferences,
        theme: Theme,
    ) -> None:
        super().__init__(images)
        self._engine, self._jobs, self._images = engine, jobs, images
        self._preferences, self._theme = preferences, theme
        self._job: JobHandle | None = None
        self.dialog: CaptionDialog | None = None
        self._is_asked = False
        images.captions_wanted.connect(self.open)
        images.pictures.finished.connect(self._begin_if_asked)

    @Slot()
    def open(self) -> None:
        if self.dialog is not None:
            self.dialog.raise_()
            return
        images = self._images
        images.keep_caption()
        dialog = CaptionDialog(images.pictures, images.browser.selected_keys, self._theme, images)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.wanted.connect(self._begin)
        dialog.stop_wanted.connect(self._stop)
        dialog.model_chosen.connect(self._remember)
        dialog.finished.connect(self._forget)
        self.opened.emit(dialog)
        self.dialog = dialog
        if self._preferences.caption_model:
            dialog.use_model(Path(self._preferences.caption_model))
        dialog.open()

    @Slot()
    def open_and_begin(self) -> None:
        """For whoever said already that captions should be written: as soon as all is read."""
        self._is_asked = True
        if not self._images.pictures.is_reading:
            self._begin_if_asked()

    @Slot()
    def _begin_if_asked(self) -> None:
        if self._is_asked and self._images.pictures.rows:
            self._is_asked = False
            self.open()
            if self.dialog is not None:
                self.dialog.begin()

    @Slot(object, object)
    def _begin(self, model: Path, keys: list[str]) -> None:
        wish = self._images.pictures.described(keys)
        self._job = self._jobs.watch(self._engine.write_captions(model, *wish), self._show)

    def _show(self, event: Event) -> None:
        if self.dialog is not None:
            self.dialog.show_event(event)

    @Slot()
    def _stop(self) -> None:
        if self._job is not None:
            self._job.control.stop()

    @Slot(str)
    def _remember(self, folder: str) -> None:
        self._preferences.caption_model = folder

    @Slot()
    def _forget(self) -> None:
        if self._job is not None:
            self._job.control.stop()
            self._jobs.forget(self._job)  # its end is not the end of the next dialog's
        self.dialog = self._job = None
