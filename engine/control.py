"""What a running engine is told, from any thread, and reads between two steps."""

from __future__ import annotations

import threading


class Control:
    """Wishes of the user. Setting one never waits; the engine looks at every yield."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._pause = threading.Event()
        self._save = threading.Event()
        self._sample = threading.Event()

    def stop(self) -> None:
        """Finish the current step, keep everything, export, end."""
        self._stop.set()

    def pause(self) -> None:
        self._pause.set()

    def resume(self) -> None:
        self._pause.clear()

    def save_now(self) -> None:
        self._save.set()

    def sample_now(self) -> None:
        self._sample.set()

    @property
    def stop_requested(self) -> bool:
        return self._stop.is_set()

    @property
    def pause_requested(self) -> bool:
        return self._pause.is_set() and not self._stop.is_set()

    def take_save_request(self) -> bool:
        """Whether a save was asked for since the last call."""
        return _take(self._save)

    def take_sample_request(self) -> bool:
        """Whether samples were asked for since the last call."""
        return _take(self._sample)


def _take(event: threading.Event) -> bool:
    was_set = event.is_set()
    event.clear()
    return was_set
