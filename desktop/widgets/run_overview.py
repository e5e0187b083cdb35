"""The run at a glance: the loss, the numbers, the samples, and in the end what came of it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from desktop.theme import Theme, tabular
from desktop.widgets.first_result import FirstResult
from desktop.widgets.labels import Card, label, set_kind
from desktop.widgets.loss_chart import LossChart
from desktop.widgets.sample_strip import SampleStrip
from desktop.words import duration, said
from engine.events import CheckpointScored, StepFinished
from engine.gpu_figures import GpuFigures

HEIGHT = 316  # the numbers need it


class RunOverview(QScrollArea):
    """Fed by the panel; asks for nothing but what the result's buttons say."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._began, self._first_step, self._steps = 0.0, 0, 0
        self.chart = LossChart(theme)
        self.samples = SampleStrip()
        self.result = FirstResult(theme)
        self._smoothing = QSlider(Qt.Orientation.Horizontal)
        self._saved = label("", "note")
        self._best = label("", "note")
        self.numbers = {
            name: label("–", "number")
            for name in ("speed", "left", "memory", "card", "likeness", "rate", "weights")
        }
        self._names: dict[str, QLabel] = {}
        self._smoothing.valueChanged.connect(self.chart.set_smoothing)
        self._lay_out()

    def clear(self) -> None:
        self.chart.clear()
        self.samples.clear()
        self.result.hide()
        self._saved.setText("")
        self._best.setText("")
        for number in self.numbers.values():
            number.setText("–")

    def begin(self, first_step: int, steps: int) -> None:
        """Speed is counted from here, so that a pause does not count."""
        self._began, self._first_step, self._steps = time.monotonic(), first_step, steps

    def show_weights(self, count: int) -> None:
        self.numbers["weights"].setText(f"{count:,}")

    def show_saved(self, step: int) -> None:
        self._saved.setText(self.tr("Last saved: step {0}").format(step))

    def show_step(self, event: StepFinished) -> tuple[str, str]:
        """Returns how long it will still take, and when it will have finished, in words."""
        self.chart.add(event.step, event.loss)
        done = event.step - self._first_step
        seconds = (time.monotonic() - self._began) / max(1, done)
        left = seconds * (self._steps - event.step)
        self.numbers["speed"].setText(self.tr("{0:.2f} s/step").format(seconds))
        self.numbers["left"].setText(duration(left))
        self.numbers["memory"].setText(f"{event.memory_bytes / 2**30:.1f} GiB")
        self.numbers["rate"].setText(f"{event.learning_rate:.1e}")
        finish = datetime.now() + timedelta(seconds=left)
        return duration(left), finish.strftime("%H:%M")

    @Slot(object)
    def show_card(self, figures: GpuFigures) -> None:
        """What the graphics card says of itself; without one the line is not there."""
        number, name = self.numbers["card"], self._names["card"]
        words = self.tr("hot: {1} °C, {0} %") if figures.is_hot else self.tr("{1} °C, {0} %")
        number.setText(words.format(figures.load_percent, figures.celsius))
        set_kind(number, "heat", "hot" if figures.is_hot else "")
        used, total = (count / 2**30 for count in (figures.used_bytes, figures.total_bytes))
        hot = self.tr("Hot: the training may slow down.") if figures.is_hot else ""
        told = self.tr("{0}: {1:.1f} of {2:.1f} GiB in use.").format(figures.name, used, total)
        number.setToolTip(f"{told} {hot}".strip())
        number.setAccessibleDescription(number.toolTip())
        for label_of_it in (number, name):
            label_of_it.show()

    def show_score(self, event: CheckpointScored) -> None:
        self.chart.add_score(event.step, event.likeness)
        number = self.numbers["likeness"]
        best = self.tr("best: step {0}").format(event.best_step)
        number.setText(f"{event.likeness:.2f}")
        self._best.setText(best)
        number.setToolTip(
            self.tr(
                "The base model: {base:.2f}. Real pictures: {ceiling:.2f}. "
                "Step {step} is the best so far: {reason}."
            ).format(
                base=event.base_likeness,
                ceiling=event.ceiling,
                step=event.best_step,
                reason=said(event.reason),
            )
        )

    def _lay_out(self) -> None:
        inside = QWidget()
        inside.setObjectName("scrolled")
        self.setWidgetResizable(True)
        self.setAccessibleName(self.tr("Overview"))
        self.setWidget(inside)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        samples = Card(self.tr("Samples"))
        samples.header.addLayout(self.samples.controls)
        samples.body.addWidget(self.samples)
        pair = QHBoxLayout()
        pair.setSpacing(16)
        pair.addWidget(self._loss_card(), 1)
        pair.addWidget(self._number_card())
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 12, 8, 0)
        column.setSpacing(16)
        column.addWidget(self.result)
        column.addLayout(pair, 3)
        column.addWidget(samples, 2)

    def _loss_card(self) -> Card:
        loss = Card(self.tr("Loss"))
        loss.setMinimumHeight(self._theme.scaled(HEIGHT))
        self._smoothing.setRange(0, 99)
        self._smoothing.setValue(90)
        self._smoothing.setFixedWidth(120)
        self._smoothing.setAccessibleName(self.tr("Smoothing of the loss"))
        loss.header.addWidget(label(self.tr("Smoothing"), "note"))
        loss.header.addWidget(self._smoothing)
        loss.body.addWidget(self.chart, 1)
        words = self.tr("Noise is normal: judge by the samples below, not by the thin line.")
        loss.body.addWidget(label(words, "note"))
        return loss

    def _number_card(self) -> Card:
        side = Card(self.tr("Now"))
        side.setMinimumHeight(self._theme.scaled(HEIGHT))
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        names = {
            "speed": self.tr("Speed"),
            "left": self.tr("Time left"),
            "memory": self.tr("Memory, whole program"),
            "card": self.tr("Graphics card"),
            "likeness": self.tr("Likeness"),
            "rate": self.tr("Learning rate"),
            "weights": self.tr("Weights that learn"),
        }
        for row, (key, name) in enumerate(names.items()):
            number = self.numbers[key]
            number.setFont(tabular(number.font()))
            number.setAccessibleName(name)
            wide = 1 if key == "likeness" else 2
            self._names[key] = label(name, "note")
            grid.addWidget(self._names[key], 2 * row, 0, 1, wide)
            if key == "likeness":
                grid.addWidget(self._best, 2 * row, 1)
            grid.addWidget(number, 2 * row + 1, 0, 1, 2)
        for hidden in (self.numbers["card"], self._names["card"]):
            hidden.hide()
        side.body.addLayout(grid)
        side.body.addStretch(1)
        side.body.addWidget(self._saved)
        side.setFixedWidth(self._theme.scaled(256))
        return side
