"""What the run will need, measured before it starts, and what would make it fit."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QGridLayout, QProgressBar, QPushButton, QWidget

from desktop.theme import Theme, tabular
from desktop.widgets.buttons import text_button
from desktop.widgets.flow import Flow
from desktop.widgets.labels import Card, label, set_kind
from desktop.words import duration, engine_text, remedy_of, said, summary_of
from engine.config import RunConfig
from engine.errors import Notice
from engine.events import (
    Estimated,
    Event,
    FitSuggested,
    Noticed,
    RunCrashed,
    RunFailed,
    Stage,
    StageProgress,
    StepFinished,
    Terminal,
)
from engine.settings import rows

GIB = 2**30


class RunCheck(Card):
    """Asks for a dry run by `wanted`, shows its events, and offers the first switch that helps."""

    wanted = Signal()
    cancel_wanted = Signal()
    switch_wanted = Signal(object)  # {dotted key: value}

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.heading.setText(self.tr("Before the start"))
        self.body.insertLayout(0, self.header)
        self.estimate: Estimated | None = None
        self._switch: FitSuggested | None = None
        self._notes: list[Notice] = []
        self._is_running = self._is_stale = False
        self.check = text_button(theme, "ok", self.tr("Check this run"))
        self._cancel = QPushButton(self.tr("Cancel"))
        self._progress = QProgressBar()
        self._line = label("", "quiet", wrap=True)
        self._apply = text_button(theme, "ok", self.tr("Apply"), "primary")
        self._numbers = {
            name: label("–", "number") for name in ("memory", "time", "step", "disk", "file")
        }
        self._connect()
        self._lay_out()
        self.clear()

    def begin(self) -> None:
        """The dry run was handed to the engine."""
        self._is_running = self._is_stale = False
        self.clear()
        self._is_running = True
        self._show_running()
        self._line.setText(self.tr("Taking a few steps…"))

    @Slot()
    def clear(self) -> None:
        """The settings changed: what was measured, or is being measured, counts no more."""
        self.estimate = self._switch = None
        self._notes.clear()
        if self._is_running:
            self._stop_stale()
            return
        for number in self._numbers.values():
            number.setText("–")
        set_kind(self._line, "kind", "quiet")
        self._line.setText(
            self.tr("Takes a few real steps and one sample, and says what the run will need.")
        )
        self._show_running()

    def _stop_stale(self) -> None:
        """Once: its events come for a while yet."""
        if not self._is_stale:
            self._is_stale = True
            self._line.setText(self.tr("The settings changed: stopping the check…"))
            self.cancel_wanted.emit()

    def show_event(self, event: Event) -> None:
        if self._is_stale:
            if isinstance(event, Terminal):
                self._is_running = self._is_stale = False
                self.clear()
                self._line.setText(self.tr("The settings changed during the check. Check again."))
            return
        match event:
            case StageProgress(stage=Stage.LOAD_MODEL, done=0):
                self._line.setText(self.tr("Loading the model…"))
            case StageProgress(stage=Stage.SAMPLE):
                self._line.setText(self.tr("Making a sample…"))
            case StepFinished():
                self._line.setText(self.tr("Step {0}…").format(event.step))
            case Estimated():
                self.estimate = event
            case FitSuggested():
                self._switch = event
            case Noticed():
                self._notes.append(event.notice)
            case RunFailed():
                self._end("error", f"{summary_of(event.error)} {remedy_of(event.error)}")
            case RunCrashed():
                last = event.traceback.strip().splitlines()[-1]
                self._end("error", self.tr("The check crashed: {0}").format(last))
        if isinstance(event, Terminal) and self._is_running:
            self._show_estimate()

    def _show_estimate(self) -> None:
        found = self.estimate
        if found is None:  # cancelled
            self._is_running = False
            self.clear()
            return
        free, peak = found.free_bytes / GIB, found.peak_bytes / GIB
        self._numbers["memory"].setText(self.tr("{0:.1f} of {1:.1f} GiB").format(peak, free))
        self._numbers["time"].setText(duration(found.total_seconds))
        self._numbers["step"].setText(self.tr("{0:.2f} s").format(found.seconds_per_step))
        locale = self.locale()
        self._numbers["disk"].setText(locale.formattedDataSize(found.disk_bytes))
        self._numbers["file"].setText(locale.formattedDataSize(found.export_bytes))
        if found.peak_bytes > found.free_bytes:
            self._end("error", self.tr("It does not fit into the memory that is free."))
        elif found.disk_bytes > found.free_disk_bytes:
            room = locale.formattedDataSize(found.free_disk_bytes)
            self._end("error", self.tr("The disk has only {0} free.").format(room))
        else:
            self._end("ok", self.tr("It fits. Measured on: {0}").format(said(found.device)))

    def _end(self, kind: str, text: str) -> None:
        self._is_running = False
        set_kind(self._line, "kind", kind)
        if self._switch is not None and self._switch.measures:
            question = self.tr("It would fit with {0}. That changes what is learnt: use it?")
            text = f"{text} {question.format(said(self._switch.measures))}"
        notes = [f"{summary_of(note)} {remedy_of(note)}".strip() for note in self._notes]
        self._line.setText("\n".join([text, *notes]))
        self._show_running()

    def _show_running(self) -> None:
        self.check.setVisible(not self._is_running)
        self._cancel.setVisible(self._is_running)
        self._progress.setVisible(self._is_running)
        has_switch = self._switch is not None and not self._is_running
        self._apply.setVisible(has_switch)
        if self._switch is not None:
            self._apply.setText(self._offer(self._switch))

    def _offer(self, switch: FitSuggested) -> str:
        if switch.measures:
            return self.tr("Use {0}").format(said(switch.measures))
        ((key, value),) = switch.changes.items()
        names = {row.key: row.label for row in rows(RunConfig)}
        return self.tr("Set {0} to {1}").format(engine_text(names.get(key, key)), value)

    @Slot()
    def _take_switch(self) -> None:
        if self._switch is not None:
            self.switch_wanted.emit(dict(self._switch.changes))

    def _connect(self) -> None:
        self.check.clicked.connect(self.wanted)
        self._cancel.clicked.connect(self.cancel_wanted)
        self._apply.clicked.connect(self._take_switch)

    def _lay_out(self) -> None:
        self._progress.setRange(0, 0)
        self._progress.setAccessibleName(self.tr("The check is running"))
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        names = {
            "memory": self.tr("Memory"),
            "time": self.tr("Whole run"),
            "step": self.tr("One step"),
            "disk": self.tr("Disk"),
            "file": self.tr("Trained file"),
        }
        for place, (key, name) in enumerate(names.items()):
            number = self._numbers[key]
            number.setFont(tabular(number.font()))
            number.setAccessibleName(name)
            row, column = divmod(place, 2)
            grid.addWidget(label(name, "note"), 2 * row, column)
            grid.addWidget(number, 2 * row + 1, column)
        self.body.addLayout(grid)
        self.body.addWidget(self._line)
        self.body.addWidget(self._progress)
        self.body.addWidget(Flow(self.check, self._cancel, self._apply))
