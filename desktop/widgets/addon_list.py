"""Trained files to draw with: each can be switched on, weighed, and brings its word along."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QLabeledDoubleSlider

from desktop.widgets.labels import label
from engine.prompts import Tag
from engine.trigger import prompt_calls

MOST_WEIGHT = 2.0
STEP = 0.05
WEIGHED = ("lora", "hypernetwork", "")  # kinds; a whole model or a word has no strength


@dataclass(frozen=True, slots=True)
class AddonEntry:
    """One file. `fits` False: made for another family than the base model's."""

    path: str
    title: str
    base_model: str  # that it was trained on; empty where nobody knows
    trigger: str = ""
    kind: str = ""  # of engine.trained_file.KINDS; "model" for a whole model
    fits: bool = True
    family: str = ""


class AddonRow(QWidget):
    """A tick, a slider, and a chip for the word."""

    changed = Signal()
    trigger_wanted = Signal(str)

    def __init__(self, entry: AddonEntry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry = entry
        self.unet_weight: float | None = None  # where a tag gives the UNet a weight of its own
        self.tick = QCheckBox(entry.title)
        self.tick.setAccessibleName(entry.title)
        self.tick.setToolTip(entry.title)
        self.tick.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.weight = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.weight.setRange(0.0, MOST_WEIGHT)
        self.weight.setSingleStep(STEP)  # type: ignore[arg-type] (its types say int)
        self.weight.setValue(1.0)
        for part in (self.weight, *self.weight.findChildren(QWidget)):
            part.setAccessibleName(self.tr("Weight of {0}").format(entry.title))
        self.chip = QPushButton(entry.trigger)
        self.chip.setProperty("role", "chip")
        self.chip.setToolTip(self.tr("Put it into the prompt"))
        self.chip.setVisible(bool(entry.trigger))
        self.chip.clicked.connect(self._tell_trigger)
        self.tick.toggled.connect(self._on_toggle)
        self.weight.valueChanged.connect(self._on_weight)
        below = QHBoxLayout()
        below.setContentsMargins(24, 0, 0, 0)
        below.addWidget(self.weight, 1)
        below.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignRight)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.tick)
        if not entry.fits:
            self.tick.setEnabled(False)
            note = label(self.tr("for {0}").format(entry.family), "note")
            note.setIndent(24)
            column.addWidget(note)
        column.addLayout(below)
        self._on_toggle(False)

    @property
    def strength(self) -> float:
        """1 where the slider is not shown, whatever it was set to before the kind was known."""
        return self.weight.value() if self.entry.kind in WEIGHED else 1.0

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """A name that is too long ends in dots: what it begins with tells runs apart."""
        super().resizeEvent(event)
        style = self.tick.style()
        room = self.width() - style.pixelMetric(style.PixelMetric.PM_IndicatorWidth)
        room -= 2 * style.pixelMetric(style.PixelMetric.PM_CheckBoxLabelSpacing)
        metrics = self.tick.fontMetrics()
        self.tick.setText(metrics.elidedText(self.entry.title, Qt.TextElideMode.ElideRight, room))

    @Slot(bool)
    def _on_toggle(self, on: bool) -> None:
        self.weight.setVisible(on and self.entry.kind in WEIGHED)
        self.changed.emit()

    @Slot()
    def _on_weight(self) -> None:
        self.unet_weight = None
        self.changed.emit()

    def set_weights(self, weight: float, unet_weight: float | None) -> None:
        """As a tag has them, beyond the slider's usual range too."""
        self.weight.setRange(min(weight, 0.0), max(weight, MOST_WEIGHT))
        self.weight.setValue(weight)
        self.unet_weight = unet_weight

    @Slot()
    def _tell_trigger(self) -> None:
        self.trigger_wanted.emit(self.entry.trigger)


class AddonList(QScrollArea):
    """Any number may be on; a whole model is a base model of its own, so only one of those."""

    changed = Signal()
    trigger_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[AddonRow] = []
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Trained files"))
        self.show_entries([])

    def show_entries(self, entries: list[AddonEntry]) -> None:
        """What was on stays on, with its weights."""
        on = {
            row.entry.path: (row.weight.value(), row.unet_weight)
            for row in self.rows
            if row.tick.isChecked()
        }
        inside = QWidget()
        inside.setObjectName("clear")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        self.rows = []
        for entry in entries:
            row = AddonRow(entry)
            if entry.path in on and entry.fits:
                row.set_weights(*on[entry.path])
                row.tick.setChecked(True)
            row.changed.connect(self._on_change)
            row.trigger_wanted.connect(self.trigger_wanted)
            column.addWidget(row)
            self.rows.append(row)
        if not entries:
            column.addWidget(label(self.tr("Nothing was trained yet."), "quiet", wrap=True))
        column.addStretch(1)
        self.setWidget(inside)

    def select(self, path: str) -> None:
        """This one alone."""
        for row in self.rows:
            row.tick.setChecked(row.entry.path == path)

    def take_off(self, prompt: str) -> None:
        """Untick what tags put on, and the words that the prompt does not call. A whole model
        stays: it is a base model."""
        for row in self.rows:
            entry = row.entry
            is_called = entry.kind == "embedding" and prompt_calls(prompt, entry.trigger)
            if entry.kind != "model" and not is_called:
                row.tick.setChecked(False)

    def use(self, tag: Tag) -> bool:
        """Tick the file that a tag in a prompt names. Returns False if no file has that name.

        Of several, one that is ticked already, else the newest.
        """
        named = [row for row in self.rows if tag.names(Path(row.entry.path))]
        fitting = [row for row in named if row.entry.kind in WEIGHED and row.entry.fits]
        row = next((row for row in fitting if row.tick.isChecked()), next(iter(fitting), None))
        if row is not None:
            row.tick.setChecked(True)
            row.set_weights(tag.weight, tag.unet_weight)
        return row is not None

    @property
    def chosen(self) -> list[tuple[AddonEntry, float]]:
        return [(row.entry, row.weight.value()) for row in self.rows if row.tick.isChecked()]

    @property
    def wished(self) -> list[tuple[str, float] | tuple[str, float, float]]:
        """The add-ons that are on, for the engine: path, weight, and the UNet's own if any."""
        rows = [row for row in self.rows if row.tick.isChecked() and row.entry.kind != "model"]
        return [
            (row.entry.path, row.strength)
            if row.unet_weight is None
            else (row.entry.path, row.strength, row.unet_weight)
            for row in rows
        ]

    @Slot()
    def _on_change(self) -> None:
        sender = self.sender()
        if isinstance(sender, AddonRow) and sender.entry.kind == "model":
            for row in self.rows:
                if row is not sender and row.entry.kind == "model" and sender.tick.isChecked():
                    row.tick.setChecked(False)
        self.changed.emit()


def title_of(path: Path) -> str:
    """A file's name and the run it came from."""
    run = path.parent.parent.name
    return f"{path.stem} · {run}" if path.parent.name == "exports" else path.stem
