"""Training: what is happening now, and how to stop it without losing anything."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QTabWidget,
    QWidget,
)

from desktop.choosing import choose_where_to_save
from desktop.outside import open_folder
from desktop.run_state import RunState
from desktop.theme import Theme
from desktop.widgets.buttons import ThemedIcon, text_button
from desktop.widgets.labels import Page
from desktop.widgets.message_strip import MessageStrip
from desktop.widgets.queue_list import QueueList
from desktop.widgets.reading_order import set_reading_order
from desktop.widgets.run_history import RunHistory
from desktop.widgets.run_log import RunLog
from desktop.widgets.run_overview import RunOverview
from desktop.words import duration, stage_words
from engine.dataset_notices import PictureRemark
from engine.errors import Notice, UserError
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
    StageProgress,
    StepFinished,
    StepSkipped,
    WentBack,
)
from engine.inputs import refusal_of_folder
from engine.past_events import exported_step_of
from engine.project import Project, RunFolder
from engine.regular_files import read_text
from engine.run_records import write_diagnostics


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
    install_requested = Signal(str)  # path of the trained file
    step_requested = Signal(object, int)  # RunFolder, step whose state is wanted as the file
    resume_requested_of = Signal(object)  # RunFolder of the history
    progressed = Signal(int)  # percent

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Training"), parent)
        self._theme = theme
        self.run_state = RunState.IDLE
        self._steps = self._step = 0
        self._began = 0.0
        self._has_pictures = True
        self._num_pictures = 1
        self.start = text_button(theme, "start", self.tr("Start training"), "primary")
        self.pause = QPushButton(self.tr("Pause"))
        self._pause_icon = ThemedIcon(theme, self.pause, "pause", "text2")
        self.save_now = text_button(theme, "save", self.tr("Save now"))
        self.sample_now = text_button(theme, "sample", self.tr("Sample now"))
        self.stop = text_button(theme, "stop", self.tr("Stop and save"), "danger")
        self.log = RunLog(theme)
        self.history = RunHistory(theme)
        self.queue = QueueList(theme)
        self._settings = QPlainTextEdit()
        self.tabs = QTabWidget()
        self._run: RunFolder | None = None
        self._export = ""
        self.go_on = text_button(theme, "start", self.tr("Continue"))
        self._can_continue = False
        self.strip = MessageStrip(theme)
        self.progress = QProgressBar()
        self.overview = RunOverview(theme)
        self.chart, self.samples = self.overview.chart, self.overview.samples
        self.result = self.overview.result
        self._connect()
        self._lay_out()
        self._set_state(RunState.IDLE)
        self.state.setText(self.tr("Nothing is training."))

    def begin(self, title: str) -> None:
        """A run was handed to the engine."""
        self.title.setText(title)
        self._began = time.monotonic()
        self.overview.clear()
        self.log.clear()
        self._run, self._export = None, ""
        self.strip.hide()
        self.progress.setRange(0, 0)
        self.state.setText(self.tr("Getting ready…"))
        self._set_state(RunState.PREPARING)

    def show_continue(self, possible: bool) -> None:
        """Offer to go on with the last run, where it was stopped or cut off."""
        self._can_continue = possible
        self.go_on.setVisible(possible and not self.run_state.is_running)

    def show_stopping(self) -> None:
        self.state.setText(self.tr("Finishing the current step, then saving…"))
        self._set_state(RunState.STOPPING)

    def show_past(self, title: str, run: RunFolder | None, events: list[Event]) -> None:
        """A run that is over, as it was; nothing where `run` is None."""
        self.begin(title or self.tr("Training"))
        self._run = run
        self._show_settings()
        was_blocked = self.blockSignals(True)  # nobody is to take it for one that trains
        for event in events:
            if not isinstance(event, RunFinished):
                self._show(event)
        self.blockSignals(was_blocked)
        self.progress.setRange(0, max(1, self._steps))
        self.progress.setValue(self._step if events else 0)
        self._set_state(RunState.IDLE)
        self.state.setText(self.tr("Nothing is training."))
        if events and isinstance(events[-1], RunFinished):
            self._show_end(events[-1])
        self.show_num_pictures(self._num_pictures)

    @Slot(object)
    def show_event(self, event: Event) -> None:
        """One event of the run."""
        self.log.show_event(event)
        self._show(event)

    def _show(self, event: Event) -> None:
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
                self.chart.mark(event.step, self.tr("paused"))
                self._set_state(RunState.PAUSED)
            case ResumedAt():
                self.overview.begin(event.step, self._steps)
                self._set_state(RunState.TRAINING)
            case StepSkipped():
                self.chart.mark(event.step, self.tr("left out"))
            case WentBack():
                self.chart.mark(event.step, self.tr("went back"))
                self.overview.begin(event.step, self._steps)
            case CheckpointSaved():
                self.overview.show_saved(event.step)
            case CheckpointScored():
                self.overview.show_score(event)
            case Noticed() if not isinstance(event.notice, PictureRemark):
                self.strip.show_message(event.notice, "warn")
            case RunFinished() | RunFailed() | RunCrashed():
                self._show_end(event)

    def _show_stage(self, event: StageProgress) -> None:
        words = stage_words(event.stage)
        if words:
            count = f" {event.done}/{event.total}" if event.total > 1 else ""
            self.state.setText(words + count)

    def _show_start(self, event: RunStarted) -> None:
        self._run = RunFolder(Path(event.folder))
        self._show_settings()
        self._steps, self._step = event.steps, event.first_step
        self.overview.begin(event.first_step, event.steps)
        self.overview.show_weights(event.trainable)
        self.progress.setRange(0, event.steps)
        self.progress.setValue(event.first_step)
        self._set_state(RunState.TRAINING)

    def _show_step(self, event: StepFinished) -> None:
        self._step = event.step
        self.progress.setValue(event.step)
        left, finish = self.overview.show_step(event)
        percent = 100 * event.step // max(1, self._steps)
        if self.run_state is RunState.TRAINING:
            self.state.setText(
                self.tr("Training… step {0} of {1} · about {2} left (finishes {3})").format(
                    event.step, self._steps, left, finish
                )
            )
        self.progress.setAccessibleName(
            self.tr("Training progress, {0} percent, {1} left").format(percent, left)
        )
        self.progressed.emit(percent)

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
                self._show_result(event)
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
        for button in (self.pause, self.save_now, self.sample_now, self.stop):
            button.setVisible(running)
            button.setEnabled(steerable)
        self.stop.setEnabled(running and state is not RunState.STOPPING)
        paused = state is RunState.PAUSED
        self.pause.setText(self.tr("Continue") if paused else self.tr("Pause"))
        self._pause_icon.set_meaning("start" if paused else "pause")

    @Slot(int)
    def show_num_waiting(self, count: int) -> None:
        name = self.tr("Queue")
        self.tabs.setTabText(self.tabs.indexOf(self.queue), f"{name} ({count})" if count else name)

    def show_runs(self, project: Project) -> None:
        """The runs of the project that is open, newest first."""
        self.history.show_runs(project.list_runs(), refusal_of_folder(project.runs))

    def _show_result(self, event: RunFinished) -> None:
        self._export = event.exports[0] if event.exports else ""
        if self._run is not None and self._export:
            self.result.show_run(self._run, exported_step_of(self._run, event.steps))
            set_reading_order(self)

    def _show_settings(self) -> None:
        """Those of this run, as they were when it began."""
        if self._run is not None:
            try:
                text = read_text(self._run.config_path)
            except OSError:
                text = ""
            self._settings.setPlainText(text)

    @Slot()
    def _ask_to_install(self) -> None:
        if self._export:
            self.install_requested.emit(self._export)

    @Slot()
    def _show_file(self) -> None:
        if self._export:
            open_folder(Path(self._export).parent)

    @Slot(int)
    def _ask_for_step(self, step: int) -> None:
        if self._run is not None:
            self.step_requested.emit(self._run, step)

    @Slot()
    def _save_report(self) -> None:
        """A zip without pictures, words and places."""
        if self._run is None:
            return
        title, name = self.tr("Report for a bug"), "imprint-report.zip"
        if file := choose_where_to_save(self, title, "reports", name, "*.zip"):
            try:
                write_diagnostics(self._run, file)
            except UserError as error:
                self.show_problem(error)

    def show_num_pictures(self, count: int) -> None:
        """Without pictures there is nothing to start."""
        self._num_pictures = count
        self._has_pictures = count > 0
        self.start.setEnabled(self._has_pictures)
        missing = "" if self._has_pictures else self.tr("Add at least one picture.")
        self.start.setToolTip(missing)
        if not self.run_state.is_running and (missing or self.run_state is RunState.IDLE):
            self.state.setText(missing or self.tr("Nothing is training."))

    @Slot(object)
    def show_notice(self, notice: Notice) -> None:
        self.strip.show_message(notice, "warn")

    def in_short(self) -> tuple[str, str]:
        """How a run ended, for a message of the system: what, and the sentence."""
        name = self.title.text()
        if self.run_state is RunState.FINISHED:
            took = duration(time.monotonic() - self._began)
            return self.tr("{0} is ready").format(name), self.tr("{0} steps in {1}").format(
                self._step, took
            )
        return name, self.strip.text or self.state.text()

    @Slot(object)
    def show_problem(self, error: UserError) -> None:
        self.strip.show_message(error, "error")

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
        self.result.gallery_wanted.connect(self.gallery_requested)
        self.result.install_wanted.connect(self._ask_to_install)
        self.result.file_wanted.connect(self._show_file)
        self.result.step_chosen.connect(self._ask_for_step)
        self.log.diagnostics_wanted.connect(self._save_report)
        self.history.resume_wanted.connect(self.resume_requested_of)
        self.history.failed.connect(self.show_problem)

    def _lay_out(self) -> None:
        for button in (
            self.sample_now,
            self.save_now,
            self.pause,
            self.stop,
            self.go_on,
            self.start,
        ):
            self.buttons.addWidget(button)
        self.pause.setShortcut("Ctrl+P")
        self.stop.setShortcut("Ctrl+.")
        self.sample_now.setShortcut("Ctrl+Shift+G")
        self.progress.setAccessibleName(self.tr("Training progress"))
        self.progress.setTextVisible(False)
        self._settings.setReadOnly(True)
        self._settings.setAccessibleName(self.tr("Settings of this run"))
        self.tabs.addTab(self.overview, self.tr("Overview"))
        self.tabs.addTab(self.log, self.tr("Log"))
        self.tabs.addTab(self._settings, self.tr("Settings of this run"))
        self.tabs.addTab(self.history, self.tr("History"))
        self.tabs.addTab(self.queue, self.tr("Queue"))
        self.tabs.setDocumentMode(True)
        for part in (self.tabs, self.tabs.tabBar()):
            part.setAccessibleName(self.tr("What is shown of the training"))
        self.tabs.tabBar().setDrawBase(False)
        self.content.addWidget(self.strip)
        self.content.addWidget(self.progress)
        self.content.addWidget(self.tabs, 1)
