"""The loss while it falls: the raw line pale, the smoothed one clear."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.theme import Theme
from engine.run_records import smoothed

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
        self._scores: dict[int, float] = {}
        self._scored = pg.PlotDataItem([], [], symbol="o", symbolSize=7)
        self._right = pg.ViewBox()  # likeness has a scale of its own, at the right
        self._marks: list[pg.InfiniteLine] = []
        self._add_right_axis()
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
        text = self.tr("Loss {0:.4f} at step {1}, from {2:.4f} at the start").format(
            smooth[-1], self._steps[-1], smooth[0]
        )
        if not self._scores:
            return text
        last = max(self._scores)
        return text + self.tr("; likeness {0:.2f} at step {1}").format(self._scores[last], last)

    @property
    def num_points(self) -> int:
        return len(self._steps)

    def clear(self) -> None:
        self._steps.clear()
        self._losses.clear()
        self._scores.clear()
        for mark in self._marks:
            self._plot.removeItem(mark)
        self._marks.clear()
        self._dirty = True

    def add_score(self, step: int, likeness: float) -> None:
        """A point of the likeness curve."""
        self._scores[step] = likeness
        self._dirty = True

    def mark(self, step: int, words: str) -> None:
        """A thin line at a step: a pause, a checkpoint that was asked for."""
        line = pg.InfiniteLine(step, label=words, labelOpts={"position": 0.9})
        self._marks.append(line)
        self._plot.addItem(line)
        self._recolour()

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
        scored = sorted(self._scores)
        self._scored.setData(scored, [self._scores[step] for step in scored])
        self._plot.showAxis("right", bool(scored))
        self._plot.setAccessibleDescription(self.summary)

    def _add_right_axis(self) -> None:
        item: Any = self._plot.getPlotItem()  # its types say that there may be none
        item.scene().addItem(self._right)
        item.getAxis("right").linkToView(self._right)
        item.getAxis("right").setLabel(self.tr("Likeness"))
        item.getAxis("right").enableAutoSIPrefix(False)
        item.hideAxis("right")
        self._right.setXLink(item)
        self._right.addItem(self._scored)
        item.vb.sigResized.connect(self._fit_right)

    @Slot()
    def _fit_right(self) -> None:
        item: Any = self._plot.getPlotItem()
        self._right.setGeometry(item.vb.sceneBoundingRect())

    @Slot()
    def _recolour(self) -> None:
        tokens = self._theme.tokens
        self._plot.setBackground(tokens.surface)
        pale = QColor(tokens.accent)
        pale.setAlphaF(0.35)
        self._raw.setPen(pg.mkPen(pale, width=1))
        self._smooth.setPen(pg.mkPen(tokens.accent, width=2))
        self._scored.setPen(pg.mkPen(tokens.ok, width=2))
        self._scored.setSymbolBrush(tokens.ok)
        self._scored.setSymbolPen(tokens.ok)
        for mark in self._marks:
            mark.setPen(pg.mkPen(tokens.text3, style=Qt.PenStyle.DotLine))
            mark.label.setColor(tokens.text2)
        for side in ("left", "bottom", "right"):
            axis = self._plot.getAxis(side)
            axis.setPen(pg.mkPen(tokens.line))
            axis.setTextPen(pg.mkPen(tokens.text2))
        self._plot.showGrid(x=False, y=True, alpha=0.15)
        self._dirty = True
