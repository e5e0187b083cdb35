"""Samples side by side, oldest at the left, with a slider over the steps."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from desktop.widgets.labels import label
from desktop.widgets.read_pictures import ReadPictures

SIDE = 112


class SampleStrip(QWidget):
    """Columns are steps, rows are prompts; the slider brings a step into view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns: list[int] = []
        self._prompts: list[str] = []
        self._cells: list[QLabel] = []
        self._heads: list[QLabel] = []
        self.pictures = ReadPictures(SIDE, self)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Step of the samples"))
        self.slider.setRange(0, 0)
        self.slider.setFixedWidth(180)
        self.step_label = label(self.tr("no samples yet"), "note")
        self.slider.valueChanged.connect(self._show_column)
        self._inside = QWidget()
        self._inside.setObjectName("clear")
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setAccessibleName(self.tr("Samples"))
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(self._inside)
        self._scroll.setMinimumHeight(SIDE + 40)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._scroll)
        self.controls = QHBoxLayout()
        self.controls.addWidget(self.step_label)
        self.controls.addWidget(self.slider)

    @property
    def steps(self) -> list[int]:
        return list(self._columns)

    def clear(self) -> None:
        self.pictures.clear()
        self._columns.clear()
        self._prompts.clear()
        for widget in (*self._heads, *self._cells):
            self._grid.removeWidget(widget)
            widget.deleteLater()
        self._heads.clear()
        self._cells.clear()
        self.slider.setRange(0, 0)
        self.step_label.setText(self.tr("no samples yet"))

    def add(self, step: int, prompt: str, path: str) -> None:
        if prompt not in self._prompts:
            self._prompts.append(prompt)
        if step not in self._columns:
            self._columns.append(step)
            head = label(self.tr("step {0}").format(step), "note")
            self._heads.append(head)
            self._grid.addWidget(head, 0, len(self._columns) - 1)
        cell = QLabel()
        self.pictures.show(path, cell)
        row = 1 + self._prompts.index(prompt)
        spoken = self.tr("Sample of step {0}: {1}").format(step, prompt)
        cell.setAccessibleName(spoken)
        cell.setToolTip(prompt)
        self._grid.addWidget(cell, row, self._columns.index(step))
        self._cells.append(cell)
        self.slider.setRange(0, len(self._columns) - 1)
        self.slider.setValue(len(self._columns) - 1)
        self._show_column(len(self._columns) - 1)

    @Slot(int)
    def _show_column(self, column: int) -> None:
        if not 0 <= column < len(self._columns):
            return
        self.step_label.setText(self.tr("step {0}").format(self._columns[column]))
        self._scroll.ensureWidgetVisible(self._heads[column], SIDE, 0)
