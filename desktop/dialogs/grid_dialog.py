"""Which strength and which step is best? Asks for a grid of both."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.dialogs.growing_dialog import GrowingDialog
from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.labels import label
from engine.checkpoint_errors import CheckpointUnreadable
from engine.checkpoint_folders import steps_in
from engine.project import RunFolder

WEIGHTS = "0.6, 0.8, 1"
MOST = 6  # steps and strengths that are worth a look


class GridDialog(GrowingDialog):
    """Runs with checkpoints; `wanted` tells the run, its steps and the strengths."""

    wanted = Signal(object)  # {"run", "steps", "weights"}

    def __init__(self, runs: list[RunFolder], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Which strength and which step is best?"))
        self._runs = [run for run in runs if steps_of(run)]
        self.run = QComboBox()
        self.run.addItems([run.path.name for run in self._runs])
        self.run.setAccessibleName(self.tr("Run"))
        self.steps = QListWidget()
        self.steps.setSelectionMode(QListWidget.SelectionMode.MultiSelection)
        self.steps.setAccessibleName(self.tr("Steps"))
        self.weights = QLineEdit(WEIGHTS)
        self.weights.setAccessibleName(self.tr("Strengths"))
        self._line = label("", "quiet", wrap=True)
        self.draw = text_button(theme, "grid", self.tr("Draw the grid"), "primary")
        self._close = QPushButton(self.tr("Cancel"))
        self.run.currentIndexChanged.connect(self._show_steps)
        self.steps.itemSelectionChanged.connect(self._count)
        self.weights.textChanged.connect(self._count)
        self.draw.clicked.connect(self._ask)
        self._close.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        for name, editor in (
            (self.tr("Run"), self.run),
            (self.tr("Steps"), self.steps),
            (self.tr("Strengths"), self.weights),
        ):
            column.addWidget(label(name, "quiet"))
            column.addWidget(editor)
        for widget in (self._line, self.draw, self._close):
            column.addWidget(widget)
        self.resize(420, 440)
        self._show_steps()

    @property
    def asked(self) -> dict[str, Any]:
        """What would be drawn."""
        chosen = [int(item.text()) for item in self.steps.selectedItems()]
        run = self._runs[self.run.currentIndex()].path if self._runs else ""
        weights = numbers_in(self.weights.text())[:MOST]
        return {"run": str(run), "steps": sorted(chosen)[:MOST], "weights": weights}

    @Slot()
    def _show_steps(self) -> None:
        self.steps.clear()
        if self._runs:
            found = steps_of(self._runs[self.run.currentIndex()])
            for step in found:
                self.steps.addItem(QListWidgetItem(str(step)))
            for row in range(max(0, len(found) - 3), len(found)):  # the last ones to begin with
                self.steps.item(row).setSelected(True)
        self._count()

    @Slot()
    def _count(self) -> None:
        asked = self.asked
        count = len(asked["steps"]) * len(asked["weights"])
        self.draw.setEnabled(count > 0)
        if not self._runs:
            self._line.setText(self.tr("No run has kept a state to draw with."))
        else:
            self._line.setText(
                self.tr("%n image(s), with the prompt and the seed of the page.", "", count)
            )

    @Slot()
    def _ask(self) -> None:
        self.wanted.emit(self.asked)
        self.accept()


def steps_of(run: RunFolder) -> list[int]:
    """Steps whose state is kept."""
    try:
        return steps_in(run.checkpoints)
    except CheckpointUnreadable:
        return []


def numbers_in(text: str) -> list[float]:
    """`0.6, 0.8 1` as numbers between -2 and 2; what is none is left out."""
    found = []
    for part in text.replace(",", " ").split():
        try:
            number = float(part)
        except ValueError:
            continue
        if -2 <= number <= 2 and number not in found:
            found.append(number)
    return found
