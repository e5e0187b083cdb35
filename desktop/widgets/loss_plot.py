"""What the loss is drawn with. Its library takes a third of a second to import, so this module
is imported when somebody looks."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor

from desktop.loss_series import Drawn
from desktop.theme import Theme


class LossPlot(pg.PlotWidget):
    """The raw line pale, the smoothed one clear, the likeness as points with a scale of its own."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setMenuEnabled(False)
        self.setMouseEnabled(x=True, y=False)
        self.hideButtons()
        self._raw = self.plot([], [])
        self._smooth = self.plot([], [])
        self._scored = pg.PlotDataItem([], [], symbol="o", symbolSize=7)
        self._right = pg.ViewBox()
        self._marks: list[pg.InfiniteLine] = []
        self._marked: list[tuple[int, str]] = []
        self._add_right_axis()
        self.setClipToView(True)
        theme.changed.connect(self._recolour)
        self._recolour()

    def draw(self, lines: Drawn, scores: dict[int, float]) -> None:
        self._raw.setData(*lines.raw)
        self._smooth.setData(*lines.smooth)
        scored = sorted(scores)
        self._scored.setData(scored, [scores[step] for step in scored])
        self.showAxis("right", bool(scored))

    def show_marks(self, marks: list[tuple[int, str]]) -> None:
        """Thin lines at steps, with a word each; those that stand there already stay."""
        if marks[: len(self._marked)] != self._marked:
            for mark in self._marks:
                self.removeItem(mark)
            self._marks, self._marked = [], []
        for at, word in marks[len(self._marked) :]:
            mark = pg.InfiniteLine(at, label=word, labelOpts={"position": 0.9})
            self._marks.append(mark)
            self.addItem(mark)
        self._marked = list(marks)
        self._recolour()

    def _add_right_axis(self) -> None:
        item: Any = self.getPlotItem()  # its types say that there may be none
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
        item: Any = self.getPlotItem()
        self._right.setGeometry(item.vb.sceneBoundingRect())

    @Slot()
    def _recolour(self) -> None:
        tokens = self._theme.tokens
        self.setBackground(tokens.surface)
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
            axis = self.getAxis(side)
            axis.setPen(pg.mkPen(tokens.line))
            axis.setTextPen(pg.mkPen(tokens.text2))
        self.showGrid(x=False, y=True, alpha=0.15)
