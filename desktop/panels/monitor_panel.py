"""Training: what is happening now, and how to stop it without losing anything."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from enum import Enum

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSlider,
    QWidget,
)

from desktop.theme import Theme, ThemedIcon, tabular, text_button
from desktop.widgets.labels import Card, Page, label
from desktop.widgets.loss_chart import LossChart
from desktop.widgets.message_strip import MessageStrip
from desktop.widgets.sample_strip import SampleStrip
from desktop.words import duration, said
from engine.events import (
    CheckpointSaved,
    CheckpointScored,
    Event,
    Noticed,
    PausedAt,
    ResumedAt,
    RunCrashed,
    RunFailed,
    RunFinished,
    RunStarted,
    SampleReady,
    Stage,
    StageProgress,
    StepFinished,
)
from engine.notices import PictureRemark


class RunState(Enum):
    """Where a run stands, for the window."""

    IDLE = "idle"
    PREPARING = "preparing"
    TRAINING = "training"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def is_running(self) -> bool:
        return self in (RunState.PREPARING, RunState.TRAINING, RunState.PAUSED, RunState.STOPPING)


class MonitorPanel(Page):
    """Shows the events of a run and asks for nothing but what its signals say."""

    start_requested = Signal()
    continue_requested = Signal()
    pause_requested = Signal()
    resume_requested = Signal()
    stop_requested = Signal()
    save_requested = Signal()
    sample_requested = Signal()
    gallery_requested = Signal()
    setting_requested = Signal(str)
    progressed = Signal(int)  # percent

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Training"), parent)
        self._theme = theme
        self.run_state = RunState.IDLE
        self._steps = self._first_step = self._step = 0
        self._began = 0.0
        self.start = text_button(theme, "start", self.tr("Start training"), "primary")
        self.pause = QPushButton(self.tr("Pause"))
        self._pause_icon = ThemedIcon(theme, self.pause, "pause", "text2")
        self.save_now = text_button(theme, "save", self.tr("Save now"))
        self.sample_now = text_button(theme, "sample", self.tr("Sample now"))
        self.stop = text_button(theme, "stop", self.tr("Stop and save"), "danger")
        self.to_gallery = text_button(theme, "gallery", self.tr("Try it in the gallery"), "primary")
        self.go_on = text_button(theme, "start", self.tr("Continue"))
        self._can_continue = False
        self.strip = MessageStrip(theme)
        self.progress = QProgressBar()
        self.chart = LossChart(theme)
        self._smoothing = QSlider(Qt.Orientation.Horizontal)
        self.samples = SampleStrip()
        self._numbers = {
            name: label("–", "number")
            for name in ("speed", "left", "memory", "likeness", "rate", "weights")
        }
        self._connect()
        self._lay_out()
        self._set_state(RunState.IDLE)
        self.state.setText(self.tr("Nothing is training."))

    def begin(self, title: str) -> None:
        """A run was handed to the engine."""
        self.title.setText(title)
        self.chart.clear()
        self.samples.clear()
        self.strip.hide()
        self.progress.setRange(0, 0)
        for number in self._numbers.values():
            number.setText("–")
        self.state.setText(self.tr("Getting ready…"))
        self._set_state(RunState.PREPARING)

    def show_continue(self, possible: bool) -> None:
        """Offer to go on with the last run, where it was stopped or cut off."""
        self._can_continue = possible
        self.go_on.setVisible(possible and not self.run_state.is_running)

    def show_stopping(self) -> None:
        self.state.setText(self.tr("Finishing the current step, then saving…"))
        self._set_state(RunState.STOPPING)

    @Slot(object)
    def show_event(self, event: Event) -> None:
        """One event of the run."""
        match event:
            case StageProgress():
                self._show_stage(event)
            case RunStarted():
                self._show_start(event)
            case StepFinished():
                self._show_step(event)
            case SampleReady():
                self.samples.add(event.step, event.prompt, event.path)
            case PausedAt():
                self.state.setText(
                    self.tr("Paused at step {0}. Nothing is lost.").format(event.step)
                )
                self._set_state(RunState.PAUSED)
            case ResumedAt():
                self._began, self._first_step = time.monotonic(), event.step
                self._set_state(RunState.TRAINING)
            case CheckpointSaved():
                self._saved.setText(self.tr("Last saved: step {0}").format(event.step))
            case CheckpointScored():
                self._show_score(event)
            case Noticed() if not isinstance(event.notice, PictureRemark):
                self.strip.show_message(event.notice, "warn")
            case RunFinished() | RunFailed() | RunCrashed():
                self._show_end(event)

    def _show_stage(self, event: StageProgress) -> None:
        names = {
            Stage.WARM_UP: self.tr("Warming up…"),
            Stage.LOAD_MODEL: self.tr("Loading the model…"),
            Stage.SCAN: self.tr("Reading pictures…"),
            Stage.CLASS_IMAGES: self.tr("Drawing pictures of the class…"),
            Stage.CACHE_LATENTS: self.tr("Preparing pictures…"),
            Stage.SAMPLE: self.tr("Making samples…"),
            Stage.EVALUATE: self.tr("Measuring likeness…"),
            Stage.EXPORT: self.tr("Writing files…"),
        }
        if event.stage in names:
            count = f" {event.done}/{event.total}" if event.total > 1 else ""
            self.state.setText(names[event.stage] + count)

    def _show_start(self, event: RunStarted) -> None:
        self._steps, self._first_step = event.steps, event.first_step
        self._step = event.first_step
        self._began = time.monotonic()
        self.progress.setRange(0, event.steps)
        self.progress.setValue(event.first_step)
        self._numbers["weights"].setText(f"{event.trainable:,}")
        self._set_state(RunState.TRAINING)

    def _show_step(self, event: StepFinished) -> None:
        self._step = event.step
        self.chart.add(event.step, event.loss)
        self.progress.setValue(event.step)
        done = event.step - self._first_step
        seconds = (time.monotonic() - self._began) / max(1, done)
        left = seconds * (self._steps - event.step)
        finish = (datetime.now() + timedelta(seconds=left)).strftime("%H:%M")
        percent = 100 * event.step // max(1, self._steps)
        self._numbers["speed"].setText(self.tr("{0:.2f} s/step").format(seconds))
        self._numbers["left"].setText(duration(left))
        self._numbers["memory"].setText(f"{event.memory_bytes / 2**30:.1f} GiB")
        self._numbers["rate"].setText(f"{event.learning_rate:.1e}")
        if self.run_state is RunState.TRAINING:
            self.state.setText(
                self.tr("Training… step {0} of {1} · about {2} left (finishes {3})").format(
                    event.step, self._steps, duration(left), finish
                )
            )
        self.progress.setAccessibleName(
            self.tr("Training progress, {0} percent, {1} left").format(percent, duration(left))
        )
        self.progressed.emit(percent)

    def _show_score(self, event: CheckpointScored) -> None:
        number = self._numbers["likeness"]
        best = self.tr("best: step {0}").format(event.best_step)
        number.setText(f"{event.likeness:.2f} ({best})")
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

    def _show_end(self, event: RunFinished | RunFailed | RunCrashed) -> None:
        self.progress.setRange(0, max(1, self._steps))
        self.progress.setValue(self._step)
        match event:
            case RunFinished(stopped_early=True):
                self.state.setText(self.tr("Stopped and saved at step {0}.").format(event.steps))
                self.strip.show_text(
                    self.tr("Saved at step {0}.").format(event.steps),
                    "\n".join(event.exports),
                    "ok",
                )
                self._set_state(RunState.FINISHED)
            case RunFinished():
                self.state.setText(self.tr("Finished after {0} steps.").format(event.steps))
                self.strip.show_text(
                    self.tr("It worked. The trained file is ready."), "\n".join(event.exports), "ok"
                )
                self._set_state(RunState.FINISHED)
            case RunFailed():
                self.state.setText(self.tr("Stopped by a problem."))
                self.strip.show_message(event.error, "error")
                self._set_state(RunState.FAILED)
            case RunCrashed():
                self.state.setText(self.tr("Imprint made a mistake."))
                self.strip.show_text(
                    self.tr("Imprint crashed while training. The last checkpoint is safe."),
                    event.traceback.strip().splitlines()[-1],
                    "error",
                )
                self.strip.setToolTip(event.traceback)
                self._set_state(RunState.FAILED)

    def _set_state(self, state: RunState) -> None:
        self.run_state = state
        running = state.is_running
        steerable = state in (RunState.TRAINING, RunState.PAUSED)
        self.start.setVisible(not running)
        self.go_on.setVisible(self._can_continue and not running)
        self.to_gallery.setVisible(state is RunState.FINISHED)
        for button in (self.pause, self.save_now, self.sample_now, self.stop):
            button.setVisible(running)
            button.setEnabled(steerable)
        self.stop.setEnabled(running and state is not RunState.STOPPING)
        paused = state is RunState.PAUSED
        self.pause.setText(self.tr("Continue") if paused else self.tr("Pause"))
        self._pause_icon.set_meaning("start" if paused else "pause")

    @Slot()
    def _toggle_pause(self) -> None:
        if self.run_state is RunState.PAUSED:
            self.resume_requested.emit()
        else:
            self.state.setText(self.tr("Pausing after this step…"))
            self.pause_requested.emit()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self.chart.draw_now()

    def _connect(self) -> None:
        self.start.clicked.connect(self.start_requested)
        self.go_on.clicked.connect(self.continue_requested)
        self.pause.clicked.connect(self._toggle_pause)
        self.save_now.clicked.connect(self.save_requested)
        self.sample_now.clicked.connect(self.sample_requested)
        self.stop.clicked.connect(self.stop_requested)
        self.to_gallery.clicked.connect(self.gallery_requested)
        self.strip.setting_requested.connect(self.setting_requested)
        self._smoothing.valueChanged.connect(self.chart.set_smoothing)

    def _lay_out(self) -> None:
        for button in (
            self.sample_now,
            self.save_now,
            self.pause,
            self.stop,
            self.go_on,
            self.start,
            self.to_gallery,
        ):
            self.buttons.addWidget(button)
        self.pause.setShortcut("Ctrl+P")
        self.stop.setShortcut("Ctrl+.")
        self.sample_now.setShortcut("Ctrl+Shift+G")
        self.progress.setAccessibleName(self.tr("Training progress"))
        self.progress.setTextVisible(False)
        loss = Card(self.tr("Loss"))
        self._smoothing.setRange(0, 99)
        self._smoothing.setValue(90)
        self._smoothing.setFixedWidth(120)
        self._smoothing.setAccessibleName(self.tr("Smoothing of the loss"))
        loss.header.addWidget(label(self.tr("Smoothing"), "note"))
        loss.header.addWidget(self._smoothing)
        loss.body.addWidget(self.chart, 1)
        loss.body.addWidget(
            label(
                self.tr("Noise is normal: judge by the samples below, not by the thin line."),
                "note",
            )
        )
        side = Card(self.tr("Now"))
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        names = {
            "speed": self.tr("Speed"),
            "left": self.tr("Time left"),
            "memory": self.tr("Memory in use"),
            "likeness": self.tr("Likeness"),
            "rate": self.tr("Learning rate"),
            "weights": self.tr("Weights that learn"),
        }
        for row, (key, name) in enumerate(names.items()):
            self._numbers[key].setFont(tabular(self._numbers[key].font()))
            self._numbers[key].setAccessibleName(name)
            grid.addWidget(label(name, "note"), 2 * row, 0)
            grid.addWidget(self._numbers[key], 2 * row + 1, 0)
        side.body.addLayout(grid)
        side.body.addStretch(1)
        self._saved = label("", "note")
        side.body.addWidget(self._saved)
        side.setFixedWidth(232)
        samples = Card(self.tr("Samples"))
        samples.header.addLayout(self.samples.controls)
        samples.body.addWidget(self.samples)
        pair = QHBoxLayout()
        pair.setSpacing(16)
        pair.addWidget(loss, 1)
        pair.addWidget(side)
        self.content.addWidget(self.strip)
        self.content.addWidget(self.progress)
        self.content.addLayout(pair, 3)
        self.content.addWidget(samples, 2)
