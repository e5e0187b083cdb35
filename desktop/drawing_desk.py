"""Hands the gallery's wishes to the engine, and takes them back where the user wishes so."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from desktop.engine_thread import EngineThread, JobHandle
from desktop.jobs import Jobs
from desktop.panels.gallery_panel import GalleryPanel


class DrawingDesk(QObject):
    """Between the gallery and the engine."""

    def __init__(self, engine: EngineThread, jobs: Jobs, gallery: GalleryPanel) -> None:
        super().__init__(gallery)
        self._engine, self._jobs, self._gallery = engine, jobs, gallery
        self._handles: list[JobHandle] = []
        gallery.generate_requested.connect(self.begin)
        gallery.stop_requested.connect(self.stop)

    @Slot(object)
    def begin(self, wish: dict) -> None:
        """The pictures come as they are drawn; between two steps of a training, where one runs."""
        show = self._gallery.show_base_event if wish["is_base"] else self._gallery.show_event
        self._handles = [handle for handle in self._handles if not handle.is_done]
        self._handles.append(self._jobs.watch(self._engine.generate(wish), show))

    @Slot()
    def stop(self) -> None:
        """What is drawn already stays; the picture at hand is given up at its next step."""
        for handle in self._handles:
            handle.control.stop()
