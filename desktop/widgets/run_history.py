"""All runs of a project: what came of each, a note, and any few of them side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.outside import open_folder
from desktop.run_reader import RunReader
from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.labels import label
from desktop.widgets.message_strip import MessageStrip
from desktop.widgets.read_pictures import ReadPictures
from desktop.words import duration, engine_text, said
from engine.config import RunConfig
from engine.errors import UserError
from engine.methods.catalog import METHODS
from engine.project import RunFolder
from engine.run_records import (
    UNREADABLE,
    Curve,
    RunRecord,
    differences,
    samples_of,
    set_note,
    set_star,
    smoothed,
)
from engine.run_shapes import RunNotes
from engine.settings import rows

if TYPE_CHECKING:
    import pyqtgraph as pg

OUTCOME, NOTE = 4, 8  # columns
NOTE_WIDTH = 140  # pixels; more where the user draws it wider
MOST_COMPARED = 4
SAMPLE = 112
COLOURS = ("accent", "warn", "ok", "error")


class RunHistory(QWidget):
    """A table; two to four rows of it can be compared."""

    resume_wanted = Signal(object)  # RunFolder
    failed = Signal(object)  # UserError

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.records: list[RunRecord] = []
        self.reader = RunReader(self)
        self.strip = MessageStrip(theme)
        self.table = QTableWidget(0, 9)
        self.compare = text_button(theme, "compare", self.tr("Compare"))
        self.resume = text_button(theme, "start", self.tr("Continue this run"))
        self._open = text_button(theme, "folder", self.tr("Open folder"))
        self.view = RunComparison(theme)
        self._connect()
        self._lay_out()
        self._compared: list[RunRecord] = []
        self._show_buttons()

    @property
    def selected(self) -> list[RunRecord]:
        numbers = sorted({index.row() for index in self.table.selectedIndexes()})
        return [self.records[number] for number in numbers if number < len(self.records)]

    def show_runs(self, folders: list[RunFolder], refusal: UserError | None = None) -> None:
        """Newest first, as soon as they are read. `refusal`: why there may be more."""
        self.reader.read_records(folders)
        if refusal is not None:
            self.strip.show_message(refusal, "warn")
        else:
            self.strip.hide()

    @Slot(object)
    def _show_records(self, records: list[RunRecord]) -> None:
        """A row stays with its run: what is selected, and a note that is being typed."""
        with QSignalBlocker(self.table):
            wanted = {record.folder for record in records}
            for number in reversed(range(len(self.records))):
                if self.records[number].folder not in wanted:
                    self._remove_row(number)
            for number, record in enumerate(records):
                if number == len(self.records) or self.records[number].folder != record.folder:
                    self.table.insertRow(number)
                    self.records.insert(number, record)
                self.records[number] = record
                self._fill(number, record)
            while len(self.records) > len(records):  # runs in another order than before
                self._remove_row(len(self.records) - 1)
        self._show_buttons()

    def _remove_row(self, number: int) -> None:
        self.table.removeRow(number)
        del self.records[number]

    def _fill(self, number: int, record: RunRecord) -> None:
        outcomes = {
            "finished": self.tr("finished"),
            "stopped": self.tr("stopped"),
            "failed": self.tr("failed"),
            "interrupted": self.tr("interrupted"),
            UNREADABLE: self.tr("cannot be shown"),
        }
        method = METHODS[record.method].title if record.method in METHODS else record.method
        cells = [
            "★" if record.starred else "☆",
            record.title,
            method,
            f"{record.steps} / {record.planned}",
            outcomes.get(record.outcome, record.outcome),
            "–" if record.loss is None else f"{record.loss:.4f}",
            "–" if record.likeness is None else f"{record.likeness:.3f} ({record.best_step})",
            duration(record.seconds) if record.seconds else "–",
            record.note,
        ]
        items = [self._cell(number, column, text) for column, text in enumerate(cells)]
        items[0].setToolTip(self.tr("Click to star (S)"))
        items[OUTCOME].setToolTip(str(said(record.problem)) if record.problem else "")
        spoken = f"{self.tr('Note')} {record.note}".strip()
        items[NOTE].setData(Qt.ItemDataRole.AccessibleTextRole, spoken)

    def _cell(self, number: int, column: int, text: str) -> QTableWidgetItem:
        """Says this now. One that says it already is left alone: somebody may be typing in it."""
        item = self.table.item(number, column)
        if item is None:
            item = QTableWidgetItem(text)
            if column != NOTE:
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            self.table.setItem(number, column, item)
        elif item.text() != text:
            item.setText(text)
        return item

    @Slot()
    def _toggle_star_by_key(self) -> None:
        self._toggle_star(self.table.currentRow(), 0)

    @Slot(int, int)
    def _toggle_star(self, row: int, column: int) -> None:
        if column == 0 and 0 <= row < len(self.records):  # -1: none is chosen
            record = self.records[row]
            self._annotate(row, partial(set_star, record.folder, not record.starred))

    @Slot(QTableWidgetItem)
    def _take_note(self, item: QTableWidgetItem) -> None:
        if item.column() == NOTE and item.row() < len(self.records):
            record = self.records[item.row()]
            if item.text() != record.note:
                self._annotate(
                    item.row(), partial(set_note, record.folder, item.text(), record.note)
                )

    def _annotate(self, row: int, write: Callable[[], RunNotes]) -> None:
        try:
            kept = write()
        except UserError as error:
            self.failed.emit(error)
        else:
            self.records[row] = replace(self.records[row], note=kept.note, starred=kept.starred)
            self.reader.ask_again()
        with QSignalBlocker(self.table):
            self._fill(row, self.records[row])

    @Slot()
    def _show_buttons(self) -> None:
        chosen = self.selected
        self.compare.setEnabled(2 <= len(chosen) <= MOST_COMPARED)
        open_end = len(chosen) == 1 and chosen[0].outcome in ("stopped", "interrupted", "failed")
        self.resume.setEnabled(open_end)
        self._open.setEnabled(len(chosen) == 1)

    @Slot()
    def _compare(self) -> None:
        self._compared = self.selected
        self.compare.setEnabled(False)
        self.reader.read_curves([record.folder for record in self._compared])

    @Slot(object)
    def _show_comparison(self, curves: list[Curve]) -> None:
        self._show_buttons()
        self.view.show_runs(self._compared, curves)

    @Slot()
    def _resume(self) -> None:
        self.resume_wanted.emit(self.selected[0].folder)

    @Slot()
    def _open_folder(self) -> None:
        open_folder(self.selected[0].folder.path)

    def _connect(self) -> None:
        self.reader.records_read.connect(self._show_records)
        self.reader.curves_read.connect(self._show_comparison)
        self.table.itemSelectionChanged.connect(self._show_buttons)
        self.table.cellClicked.connect(self._toggle_star)
        star = QShortcut(QKeySequence("S"), self.table)
        star.setContext(Qt.ShortcutContext.WidgetShortcut)
        star.activated.connect(self._toggle_star_by_key)
        self.table.itemChanged.connect(self._take_note)
        self.compare.clicked.connect(self._compare)
        self.resume.clicked.connect(self._resume)
        self._open.clicked.connect(self._open_folder)

    def _lay_out(self) -> None:
        self.table.setHorizontalHeaderLabels(
            [
                "",
                self.tr("Run"),
                self.tr("Method"),
                self.tr("Steps"),
                self.tr("Outcome"),
                self.tr("Loss"),
                self.tr("Likeness (step)"),
                self.tr("Time"),
                self.tr("Note"),
            ]
        )
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.setTabKeyNavigation(False)  # Tab leads out of it, as everywhere
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        # Of a long name the beginning is enough; the other columns keep their room.
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(NOTE, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(NOTE, self._theme.scaled(NOTE_WIDTH))
        self.table.setAccessibleName(self.tr("Runs of this project"))
        buttons = QHBoxLayout()
        for button in (self.compare, self.resume, self._open):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.addWidget(self.strip)
        column.addWidget(self.table, 1)
        column.addLayout(buttons)
        column.addWidget(self.view, 3)


class RunComparison(QScrollArea):
    """Curves over each other, settings that differ, samples of the same steps side by side."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWidgetResizable(True)
        self.setAccessibleName(self.tr("Runs side by side"))
        self._records: list[RunRecord] = []
        self._curves: list[Curve] = []
        self.pictures = ReadPictures(SAMPLE, self)
        theme.changed.connect(self._show_again)
        self.hide()

    @Slot()
    def _show_again(self) -> None:
        """In the colours of the other theme."""
        if not self.isHidden():
            self.show_runs(self._records, self._curves)

    def show_runs(self, records: list[RunRecord], curves: list[Curve]) -> None:
        """`curves`: the losses of each."""
        self._records, self._curves = records, curves
        self.pictures.clear()
        inside = QWidget(self)
        inside.setObjectName("clear")
        column = QVBoxLayout(inside)
        column.addWidget(self._chart())
        column.addWidget(self._settings(records, inside))
        column.addLayout(self._samples(records))
        column.addStretch(1)
        self.setWidget(inside)
        self.show()

    def _chart(self) -> pg.PlotWidget:
        import pyqtgraph as pg  # a third of a second: not before somebody looks

        tokens = self._theme.tokens
        plot = pg.PlotWidget()
        plot.setBackground(tokens.surface)
        plot.setMinimumHeight(180)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.addLegend(offset=(-12, 8), labelTextColor=tokens.text)  # losses fall: room is above
        plot.setAccessibleName(self.tr("Losses of the runs over each other"))
        for record, curve, colour in zip(self._records, self._curves, COLOURS, strict=False):
            pen = pg.mkPen(getattr(tokens, colour), width=2)
            plot.plot(curve.steps, smoothed(curve.values), pen=pen, name=record.title)
        return plot

    def _settings(self, records: list[RunRecord], inside: QWidget) -> QTableWidget:
        names = {row.key: row.label for row in rows(RunConfig)}
        for record in records:
            if record.method in METHODS:
                own = rows(METHODS[record.method].settings, "method.")
                names |= {row.key: row.label for row in own}
        found = differences(record.folder for record in records)
        table = QTableWidget(len(found), len(records) + 1, inside)  # has the sheet's sizes at once
        table.setHorizontalHeaderLabels([self.tr("Setting"), *(r.title for r in records)])
        table.verticalHeader().hide()
        for number, (key, values) in enumerate(found):
            texts = [engine_text(names[key]) if key in names else key, *values]
            for place, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                table.setItem(number, place, item)
        table.setAccessibleName(self.tr("Settings that differ"))
        table.resizeColumnsToContents()
        rows_high = sum(table.rowHeight(number) for number in range(len(found)))
        table.setMinimumHeight(
            min(220, table.horizontalHeader().sizeHint().height() + rows_high + 8)
        )
        return table

    def _samples(self, records: list[RunRecord]) -> QVBoxLayout:
        """A row for each run, its columns the steps that all of them have."""
        tables = [samples_of(record.folder) for record in records]
        steps = sorted(set.intersection(*(set(table) for table in tables))) if tables else []
        column = QVBoxLayout()
        for record, table in zip(records, tables, strict=True):
            column.addWidget(label(record.title, "quiet"))
            row = QHBoxLayout()
            for step in steps[:8]:
                picture = QLabel()
                self.pictures.show(str(table[step][0]), picture)
                spoken = self.tr("{0}, sample of step {1}").format(record.title, step)
                picture.setAccessibleName(spoken)
                picture.setToolTip(spoken)
                row.addWidget(picture)
            row.addStretch(1)
            column.addLayout(row)
        return column
