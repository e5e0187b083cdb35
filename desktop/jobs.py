"""Who hears the events of which job of the engine."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from desktop.engine_thread import EngineThread, JobHandle
from engine.events import Event, Terminal

Listener = Callable[[Event], None]


class Jobs(QObject):
    """One listener for each job, until its terminal event."""

    def __init__(self, engine: EngineThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._listeners: dict[int, Listener] = {}
        engine.engine_event.connect(self._on_event)

    def watch(self, handle: JobHandle, listener: Listener) -> JobHandle:
        """Call `listener` with each event of the job, in the window's thread."""
        self._listeners[handle.number] = listener
        return handle

    def forget(self, handle: JobHandle) -> None:
        """Nobody listens any more."""
        self._listeners.pop(handle.number, None)

    @Slot(object, object)
    def _on_event(self, handle: JobHandle, event: Event) -> None:
        listener = self._listeners.get(handle.number)
        if isinstance(event, Terminal):
            self._listeners.pop(handle.number, None)
        if listener is not None:
            listener(event)
