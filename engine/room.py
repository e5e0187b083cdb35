"""Room on the disk: a run that finds none waits for it, with all that it knows in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from engine import storage
from engine.control import Control
from engine.errors import DiskFull
from engine.events import Event, Heartbeat, Noticed, PausedAt, ResumedAt
from engine.notices import RoomLow, WaitsForRoom

LOW_BYTES = 2 << 30  # told once
LEAST_BYTES = 64 << 20  # beside the next checkpoint: samples, the log, other programs
LOOK_SECONDS = 5.0
FIRST_TRY_SECONDS, MOST_TRY_SECONDS = 5.0, 60.0
NAP_SECONDS = 0.1

T = TypeVar("T")


@dataclass(slots=True)
class Room:
    """Watches the disk that `folder` lies on. `needed` says how much the next checkpoint takes.

    Waiting shows as a pause: it ends when there is room again, when the user goes on, and with
    Stop, which ends the run with its last checkpoint whole.
    """

    folder: Path
    control: Control
    needed: Callable[[], int]
    waits: bool = True  # of several processes none may leave the others waiting
    _is_low: bool = False
    _looked: float = field(default=float("-inf"))

    def watch(self, step: int) -> Iterator[Event]:
        """Between two steps: say that room runs low, and wait before the disk is full."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        free = storage.free_bytes(self.folder)
        if free >= LOW_BYTES:
            self._is_low = False
            return
        if not self._is_low:
            self._is_low = True
            yield Noticed(notice=RoomLow(folder=str(self.folder), free_gib=free / 2**30))
        if self.waits and free < self._least:
            yield from self._wait(step)

    def patiently(
        self, step: int, work: Callable[[], Generator[Event, None, T]]
    ) -> Generator[Event, None, T]:
        """Do `work` again whenever the disk was full and no longer is; return what it returns.

        Raises DiskFull where the user stops instead.
        """
        pause = FIRST_TRY_SECONDS
        while True:
            try:
                return (yield from work())
            except DiskFull:
                if not self.waits or self.control.stop_requested:
                    raise
                yield from self._wait(step, pause)
                if self.control.stop_requested:
                    raise
                pause = min(2 * pause, MOST_TRY_SECONDS)

    @property
    def _least(self) -> int:
        return self.needed() + LEAST_BYTES

    def _wait(self, step: int, least_seconds: float = 0.0) -> Iterator[Event]:
        """A quota tells nothing of itself, so `least_seconds` pass before another try."""
        free, need = storage.free_bytes(self.folder), self._least
        self.control.pause()
        yield Noticed(
            notice=WaitsForRoom(
                folder=str(self.folder), free_mib=free / 2**20, need_mib=need / 2**20
            )
        )
        yield PausedAt(step=step)
        began = time.monotonic()
        while self.control.pause_requested:
            time.sleep(NAP_SECONDS)
            yield Heartbeat()
            has_waited = time.monotonic() - began >= least_seconds
            if has_waited and storage.free_bytes(self.folder) >= need:
                self.control.resume()
        if not self.control.stop_requested:
            yield ResumedAt(step=step)
