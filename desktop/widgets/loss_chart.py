"""The loss while it falls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.loss_series import LossSeries
from desktop.theme import Theme

if TYPE_CHECKING:
    from desktop.widgets.loss_plot import LossPlot

REPAINT_MS = 200
MAX_POINTS = 4_000


class LossChart(QWidget):
    """Points come as they like; it repaints five times a second, and not while hidden."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("chart")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Chart of the loss"))
        self._series = LossSeries()
        self._scores: dict[int, float] = {}
        self.marks: list[tuple[int, str]] = []
        self._plot: LossPlot | None = None
        self._dirty = False
        self._marks_changed = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)  # the ring of the focus
        self._timer = QTimer(self)
        self._timer.setInterval(REPAINT_MS)
        self._timer.timeout.connect(self._repaint)
        self._timer.start()

    @property
    def summary(self) -> str:
        """The chart in words, for people who do not see it."""
        if not len(self._series):
            return self.tr("No steps yet")
        step, loss, first = self._series.ends
        text = self.tr("Loss {0:.4f} at step {1}, from {2:.4f} at the start").format(
            loss, step, first
        )
        if not self._scores:
            return text
        last = max(self._scores)
        return text + self.tr("; likeness {0:.2f} at step {1}").format(self._scores[last], last)

    @property
    def num_points(self) -> int:
        return len(self._series)

    def clear(self) -> None:
        self._series.clear()
        self._scores.clear()
        self.marks.clear()
        self._dirty = self._marks_changed = True

    def add_score(self, step: int, likeness: float) -> None:
        """A point of the likeness curve."""
        self._scores[step] = likeness
        self._dirty = True

    def mark(self, step: int, words: str) -> None:
        """A thin line at a step: a pause, a checkpoint that was asked for."""
        self.marks.append((step, words))
        self._dirty = self._marks_changed = True

    def add(self, step: int, loss: float) -> None:
        self._series.add(step, loss)
        self._dirty = True

    @Slot(int)
    def set_smoothing(self, percent: int) -> None:
        self._series.smooth_by(percent / 100)
        self._dirty = True

    @Slot()
    def _repaint(self) -> None:
        if not self.isVisible() or not (self._dirty or self._plot is None):
            return
        self.draw_now()

    def draw_now(self) -> None:
        self._dirty = False
        plot = self._plot = self._plot or self._make_plot()
        plot.draw(self._series.drawn(MAX_POINTS), self._scores)
        if self._marks_changed:
            self._marks_changed = False
            plot.show_marks(self.marks)
        self.setAccessibleDescription(self.summary)

    def _make_plot(self) -> LossPlot:
        from desktop.widgets.loss_plot import LossPlot  # heavy: see there

        plot = LossPlot(self._theme)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it comes late; the chart has its place
        layout = self.layout()
        assert layout is not None
        layout.addWidget(plot)
        return plot
