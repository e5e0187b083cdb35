"""Looks at the graphics card while a run goes on, and lets it cool when the user says so."""

from __future__ import annotations

import os
import time

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine.gpu_figures import COOL_CELSIUS, GpuFigures, GpuReader, Heat
from engine.notices import CardTooHot

LOOK_MS = 2_000


class _Answers(JobSignals):
    read = Signal(object)  # GpuFigures or None


class GpuWatch(QObject):
    """`measured` comes every two seconds while a card answers."""

    measured = Signal(object)  # GpuFigures
    noticed = Signal(object)  # Notice
    pause_wanted = Signal()
    go_on_wanted = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pool = Pool(1, "gpu", self)
        self._answers = _Answers(self)
        self._reader = GpuReader(os.environ.get("CUDA_VISIBLE_DEVICES", ""))
        self._heat = Heat()
        self._is_cooling = False
        self._clock = QTimer(self)
        self._clock.setInterval(LOOK_MS)
        self._clock.timeout.connect(self.look)
        self._answers.read.connect(self._show)

    @Slot()
    def begin(self) -> None:
        self._heat, self._is_cooling = Heat(), False
        self._clock.start()
        self.look()

    def end(self) -> None:
        self._clock.stop()

    @Slot()
    def look(self) -> None:
        self._pool.start(_look, self._reader, self._answers)

    @Slot()
    def cool(self) -> None:
        """Pause until the card has cooled down."""
        self._is_cooling = True
        self.pause_wanted.emit()

    @Slot()
    def stop_cooling(self) -> None:
        """The user steers again: a pause of theirs is not ended when the card is cool."""
        self._is_cooling = False

    @Slot(object)
    def _show(self, figures: GpuFigures | None) -> None:
        if figures is None:
            self._clock.stop()  # there is no card, or it does not answer
            return
        self.measured.emit(figures)
        if self._heat.is_too_hot(figures.celsius, time.monotonic()):
            self.noticed.emit(CardTooHot(celsius=figures.celsius, cool=COOL_CELSIUS))
        if self._is_cooling and figures.celsius <= COOL_CELSIUS:
            self._is_cooling = False
            self.go_on_wanted.emit()


def _look(reader: GpuReader, answers: _Answers) -> None:
    """In a thread of the pool: a driver may take its time."""
    answers.read.emit(reader.read())
