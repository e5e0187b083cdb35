"""The loss while it falls: the raw line pale, the smoothed one clear."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.theme import Theme

REPAINT_MS = 200
MAX_POINTS = 4_000


class LossChart(QWidget):
    """Points come as they like; it repaints five times a second, and not while hidden."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._steps: list[int] = []
        self._losses: list[float] = []
        self._smoothing = 0.9
        self._dirty = False
        self._plot = pg.PlotWidget()
        self._plot.setAccessibleName(self.tr("Chart of the loss"))
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(x=True, y=False)
        self._plot.hideButtons()
        self._raw = self._plot.plot([], [])
        self._smooth = self._plot.plot([], [])
        self._plot.setClipToView(True)
        self._plot.setDownsampling(auto=True, mode="peak")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self._timer = QTimer(self)
        self._timer.setInterval(REPAINT_MS)
        self._timer.timeout.connect(self._repaint)
        self._timer.start()
        theme.changed.connect(self._recolour)
        self._recolour()

    @property
    def summary(self) -> str:
        """The chart in words, for people who do not see it."""
        if not self._losses:
            return self.tr("No steps yet")
        smooth = smoothed(self._losses, self._smoothing)
        return self.tr("Loss {0:.4f} at step {1}, from {2:.4f} at the start").format(
            smooth[-1], self._steps[-1], smooth[0]
        )

    @property
    def num_points(self) -> int:
        return len(self._steps)

    def clear(self) -> None:
        self._steps.clear()
        self._losses.clear()
        self._dirty = True

    def add(self, step: int, loss: float) -> None:
        while self._steps and self._steps[-1] >= step:  # a resumed run repeats steps
            self._steps.pop()
            self._losses.pop()
        self._steps.append(step)
        self._losses.append(loss)
        self._dirty = True

    @Slot(int)
    def set_smoothing(self, percent: int) -> None:
        self._smoothing = percent / 100
        self._dirty = True

    @Slot()
    def _repaint(self) -> None:
        if not self._dirty or not self.isVisible():
            return
        self._dirty = False
        self.draw_now()

    def draw_now(self) -> None:
        stride = max(1, len(self._steps) // MAX_POINTS)
        steps = np.asarray(self._steps[::stride], np.float64)
        self._raw.setData(steps, np.asarray(self._losses[::stride], np.float64))
        smooth = smoothed(self._losses, self._smoothing)[::stride]
        self._smooth.setData(steps, np.asarray(smooth, np.float64))
        self._plot.setAccessibleDescription(self.summary)

    @Slot()
    def _recolour(self) -> None:
        tokens = self._theme.tokens
        self._plot.setBackground(tokens.surface)
        pale = QColor(tokens.accent)
        pale.setAlphaF(0.35)
        self._raw.setPen(pg.mkPen(pale, width=1))
        self._smooth.setPen(pg.mkPen(tokens.accent, width=2))
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(pg.mkPen(tokens.line))
            axis.setTextPen(pg.mkPen(tokens.text2))
        self._plot.showGrid(x=False, y=True, alpha=0.15)
        self._dirty = True


def smoothed(values: list[float], weight: float) -> list[float]:
    """Exponential average without the pull to zero at the start; a constant stays constant."""
    result, average, total = [], 0.0, 0.0
    for value in values:
        if math.isfinite(value):
            average = weight * average + (1 - weight) * value
            total = weight * total + (1 - weight)
        result.append(average / total if total else value)
    return result
