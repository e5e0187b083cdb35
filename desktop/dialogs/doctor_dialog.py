"""What works on this computer and what does not, and a text of it for a report of a fault."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.dialogs.growing_dialog import GrowingDialog
from desktop.theme import Theme
from desktop.widgets.buttons import Sign, text_button
from desktop.widgets.labels import label, set_kind
from desktop.words import engine_text, remedy_of, said, summary_of
from engine.doctor import line_of, report
from engine.errors import Message, Notice
from engine.events import Event, Examined, RunCrashed, RunFailed, RunFinished, Stage, StageProgress

SIGN = 20  # pixels of a line's icon


class DoctorDialog(GrowingDialog):
    """A line for each part as it comes."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Check this computer"))
        self._theme = theme
        self._lines: list[str] = []
        self.state = label(self.tr("Begins as soon as the engine is free…"), "quiet", wrap=True)
        self.progress = QProgressBar()
        self.copy = text_button(theme, "copy", self.tr("Copy for a report"))
        self._close = QPushButton(self.tr("Close"))
        self._grid = QGridLayout()
        self.copy.clicked.connect(self._take_copy)
        self._close.clicked.connect(self.reject)
        self._lay_out()

    @property
    def num_lines(self) -> int:
        return len(self._lines)

    def show_event(self, event: Event) -> None:
        match event:
            case StageProgress(stage=Stage.EXAMINE):
                self.state.setText(self.tr("Looks at this computer and tries it in small…"))
                self.progress.setRange(0, event.total)
                self.progress.setValue(event.done)
            case Examined():
                self._add(event)
            case RunFinished():
                self._end(self.tr("All is well."), "ok")
            case RunFailed():
                self._end(self.tr("Something needs your hand; the line says what."), "error")
            case RunCrashed():
                self._lines.append(event.traceback)
                broke = self.tr("The check broke down. This is a fault of ours, not of yours.")
                self._end(broke, "error")

    def _add(self, event: Examined) -> None:
        self._lines.append(line_of(event))
        found = event.found
        if isinstance(found, Message):
            text = f"{summary_of(found)} {remedy_of(found)}"
            sign = ("warning", "warn") if isinstance(found, Notice) else ("error", "error")
        else:
            text, sign = str(said(found)), ("ok", "ok")
        icon = Sign(self._theme, SIGN).show_icon(*sign)
        row = self._grid.rowCount()
        cells = (icon, label(engine_text(event.what.template)), label(text, "quiet", wrap=True))
        for column, cell in enumerate(cells):
            self._grid.addWidget(cell, row, column, Qt.AlignmentFlag.AlignTop)
        self.copy.setEnabled(True)

    def _end(self, text: str, kind: str) -> None:
        self.progress.setRange(0, 1)
        self.progress.setValue(1)
        self.state.setText(text)
        set_kind(self.state, "kind", kind)

    @Slot()
    def _take_copy(self) -> None:
        """In English, whatever the window speaks: it is for those who mend Imprint."""
        QGuiApplication.clipboard().setText(report(self._lines))

    def _lay_out(self) -> None:
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(self.tr("Parts looked at"))
        self.copy.setEnabled(False)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(2, 1)
        note = label(
            self.tr("What is copied names no person and no place on this computer."),
            "quiet",
            wrap=True,
        )
        ends = QHBoxLayout()
        ends.addWidget(self.copy)
        ends.addStretch(1)
        ends.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(self.state)
        column.addWidget(self.progress)
        column.addLayout(self._grid)
        column.addStretch(1)
        column.addWidget(note)
        column.addLayout(ends)
        self.resize(620, 420)
