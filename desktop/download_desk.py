"""What is being fetched, outside of any page: one thing at a time, the others wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine.control import Control
from engine.download_errors import FetchBroke
from engine.errors import UserError
from engine.model_offers import models_folder

STALLED_SECONDS = 3.0
TICK_MS = 1_000


class Offered(Protocol):
    """A model, say; whatever has a size and is known again by comparison."""

    @property
    def about_bytes(self) -> int: ...


# Yields engine.downloads.Progress and returns where it arrived, or None where it was stopped.
Fetch = Callable[[Any, Control, str], Generator[Any, None, Path | None]]


@dataclass(slots=True)
class Download:
    """One thing on its way."""

    offer: Offered
    control: Control
    done_bytes: int = 0
    total_bytes: int = 0
    speed: float = 0.0  # bytes a second; 0 when nothing arrives
    state: str = (
        "waiting"  # "waiting", "running", "paused", "checking", "done", "stopped", "failed"
    )
    error: UserError | None = None
    _mark: tuple[float, int] = (0.0, 0)  # when the speed was last measured, and the bytes then
    _moved: float = 0.0  # when a byte last arrived

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "stopped", "failed")

    @property
    def seconds_left(self) -> float | None:
        left = self.total_bytes - self.done_bytes
        return left / self.speed if self.speed > 0 and self.total_bytes else None

    def moved_to(self, done: int) -> None:
        now = time.monotonic()
        if done != self.done_bytes:
            self._moved = now
        since, bytes_then = self._mark
        if now - since >= 1:
            if since:
                fresh = (done - bytes_then) / (now - since)
                self.speed = fresh if not self.speed else 0.7 * self.speed + 0.3 * fresh
            self._mark = (now, done)
        self.done_bytes = done

    def notice_stall(self) -> None:
        """A connection that brings nothing for three seconds has no speed."""
        if self.state == "running" and time.monotonic() - self._moved > STALLED_SECONDS:
            self.speed = 0.0


class _Answers(JobSignals):
    progressed = Signal(object, object)  # Download, Progress
    ended = Signal(object, object)  # Download, Path, UserError or None


class DownloadDesk(QObject):
    """Starts, pauses and stops; what arrived stays on the disk for the next time."""

    changed = Signal()
    arrived = Signal(str)  # path

    def __init__(
        self,
        parent: QObject | None = None,
        folder: Path | None = None,
        fetch: Fetch | None = None,
    ) -> None:
        """`fetch`: what is done for each offer in a thread; models of the hub if not given."""
        super().__init__(parent)
        self.downloads: list[Download] = []
        self._fetch = fetch or partial(_from_hub, folder or models_folder())
        self._pool = Pool(1, "downloads", self)
        self._answers = _Answers(self)
        self._answers.progressed.connect(self._on_progress)
        self._answers.ended.connect(self._on_end)
        self._clock = QTimer(self)
        self._clock.setInterval(TICK_MS)
        self._clock.timeout.connect(self._tick)

    @property
    def active(self) -> Download | None:
        return next((known for known in self.downloads if not known.is_over), None)

    def start(self, offer: Offered, mirror: str = "") -> None:
        """Begin, or go on with what was begun before."""
        self.downloads = [known for known in self.downloads if known.offer != offer]
        made = Download(offer, Control(), total_bytes=offer.about_bytes)
        self.downloads.append(made)
        self._clock.start()
        self._pool.start(_work, self._fetch, made, mirror, self._answers)
        self.changed.emit()

    def pause(self, known: Download) -> None:
        known.control.pause()
        known.speed = 0.0
        self.changed.emit()

    def go_on(self, known: Download) -> None:
        known.control.resume()
        self.changed.emit()

    def stop(self, known: Download) -> None:
        known.control.stop()
        if known.state == "waiting":
            known.state = "stopped"
        self.changed.emit()

    def close(self) -> None:
        """Stop all; what arrived is kept."""
        for known in self.downloads:
            known.control.stop()
        self._pool.wait()

    @Slot(object, object)
    def _on_progress(self, known: Download, progress) -> None:  # noqa: ANN001 (comes late)
        known.total_bytes = progress.total_bytes
        known.moved_to(progress.done_bytes)
        known.state = (
            "paused" if progress.is_paused else "checking" if progress.is_checking else "running"
        )
        self.changed.emit()

    @Slot(object, object)
    def _on_end(self, known: Download, result: object) -> None:
        if isinstance(result, UserError):
            known.state, known.error = "failed", result
        elif result is None:
            known.state = "stopped"
        else:
            known.state, known.done_bytes = "done", known.total_bytes
            self.arrived.emit(str(result))
        known.speed = 0.0
        self.changed.emit()

    @Slot()
    def _tick(self) -> None:
        for known in self.downloads:
            known.notice_stall()
        if self.active is None:
            self._clock.stop()
        self.changed.emit()


def _work(fetch: Fetch, known: Download, mirror: str, answers: _Answers) -> None:
    """In a thread of the pool."""
    try:
        events = fetch(known.offer, known.control, mirror)
        while True:
            try:
                answers.progressed.emit(known, next(events))
            except StopIteration as end:
                answers.ended.emit(known, end.value)
                return
    except UserError as error:
        answers.ended.emit(known, error)
    except Exception as error:  # a row that waits for ever would tell nobody
        answers.ended.emit(known, FetchBroke(reason=type(error).__name__))
        raise


def _from_hub(
    folder: Path, offer: Any, control: Control, mirror: str
) -> Generator[Any, None, Path | None]:
    from engine.downloads import download  # late: the hub's library takes a moment

    return (yield from download(offer, folder, control, mirror))
