"""What a run has told so far, line by line, for people."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.words import remedy_of, said, summary_of
from engine.events import (
    CheckpointSaved,
    CheckpointScored,
    Event,
    ExportChecked,
    Noticed,
    PausedAt,
    ResumedAt,
    RunCrashed,
    RunFailed,
    RunFinished,
    RunStarted,
    StepFinished,
)

MOST_LINES = 5_000
STEPS_APART = 10  # a line for each step would bury the rest


class RunLog(QWidget):
    """Follows the end only while it is looked at."""

    diagnostics_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[str] = []
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(MOST_LINES)
        self.text.setAccessibleName(self.tr("Log of the run"))
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(self.tr("Show only lines with…"))
        self.filter.setAccessibleName(self.tr("Filter of the log"))
        self._copy = text_button(theme, "copy", self.tr("Copy"))
        self._save = text_button(theme, "save", self.tr("Save a report for a bug…"))
        self.filter.textChanged.connect(self._refilter)
        self._copy.clicked.connect(self._copy_text)
        self._save.clicked.connect(self.diagnostics_wanted)
        row = QHBoxLayout()
        row.addWidget(self.filter, 1)
        row.addWidget(self._copy)
        row.addWidget(self._save)
        column = QVBoxLayout(self)
        column.addLayout(row)
        column.addWidget(self.text, 1)

    def clear(self) -> None:
        self._lines.clear()
        self.text.clear()

    def show_event(self, event: Event) -> None:
        line = self._in_words(event)
        if line:
            self._add(f"{datetime.now():%H:%M:%S}  {line}")

    def _add(self, line: str) -> None:
        self._lines.append(line)
        del self._lines[:-MOST_LINES]
        if self.filter.text().lower() in line.lower():
            bar = self.text.verticalScrollBar()
            follows = bar.value() == bar.maximum()
            self.text.appendPlainText(line)
            if follows:
                bar.setValue(bar.maximum())

    def _in_words(self, event: Event) -> str:
        match event:
            case RunStarted():
                return self.tr("Training {0:,} weights on: {1}").format(
                    event.trainable, said(event.device)
                )
            case StepFinished() if event.step % STEPS_APART == 0:
                return self.tr("step {0}: loss {1:.4f}, {2:.2f} s").format(
                    event.step, event.loss, event.seconds
                )
            case CheckpointSaved():
                return self.tr("saved: {0}").format(Path(event.path).name)
            case CheckpointScored():
                return self.tr("step {0}: likeness {1:.3f}, copies {2:.0%}").format(
                    event.step, event.likeness, event.copies
                )
            case Noticed():
                return f"{summary_of(event.notice)} {remedy_of(event.notice)} [{event.notice.code}]"
            case ExportChecked():
                checked = self.tr("checked: {0}, loads in {1}").format(
                    Path(event.path).name, ", ".join(event.loads_in)
                )
                return "\n".join([checked, *(str(said(remark)) for remark in event.remarks)])
            case PausedAt():
                return self.tr("paused at step {0}").format(event.step)
            case ResumedAt():
                return self.tr("goes on at step {0}").format(event.step)
            case RunFinished():
                return self.tr("ended after step {0}").format(event.steps)
            case RunFailed():
                return f"{summary_of(event.error)} {remedy_of(event.error)} [{event.error.code}]"
            case RunCrashed():
                return event.traceback
        return ""

    @Slot()
    def _refilter(self) -> None:
        wanted = self.filter.text().lower()
        self.text.setPlainText("\n".join(line for line in self._lines if wanted in line.lower()))

    @Slot()
    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
