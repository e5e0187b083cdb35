"""The pictures of a set as a grid, with a filter, changes to many at once, and what is wrong."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QSlider,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.picture_rows import PictureRow
from desktop.picture_set import ORDERS, PictureSet
from desktop.theme import Theme
from desktop.widgets.batch_bar import BatchBar
from desktop.widgets.finding_list import FindingList
from desktop.widgets.image_grid import GridItem, ImageGrid
from desktop.widgets.labels import Card, label
from desktop.widgets.reading_order import set_reading_order
from engine.data.findings import Finding, Fix

FILTER_AFTER_MS = 200
SHAPES_TOLD = 6


class PictureBrowser(QWidget):
    """Shows a PictureSet. `empty` is what stands in its place while there are no pictures."""

    chosen = Signal()  # another picture, or none
    crop_wanted = Signal()
    more_wanted = Signal()

    def __init__(
        self, pictures: PictureSet, theme: Theme, empty: QWidget, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._key = ""
        self.filter = QLineEdit()
        self.order = QComboBox()
        self._size = QSlider(Qt.Orientation.Horizontal)
        self.grid = ImageGrid(theme, self.tr("Pictures"), many=True)
        self.progress = QProgressBar()
        self.batch = BatchBar(theme)
        self.findings = FindingList(theme)
        self._shapes = label("", "note", wrap=True)
        self._finding_card = Card(self.tr("Worth knowing"))
        self._stack = QStackedWidget()
        self._stack.addWidget(empty)
        self._stack.addWidget(self.grid)
        self._filtering = QTimer(self)
        self._connect()
        self._lay_out()

    @property
    def row(self) -> PictureRow | None:
        """The chosen picture."""
        place = self.grid.currentIndex().row()
        if not 0 <= place < len(self._pictures.visible):
            return None
        return self._pictures.rows[self._pictures.visible[place]]

    @property
    def selected_keys(self) -> list[str]:
        """Of the selected pictures; of the chosen one where nothing else is selected."""
        keys = [row.key for row in self._selected()]
        chosen = self.row
        return keys if chosen is None or chosen.key in keys else [chosen.key]

    def step(self, by: int) -> None:
        """Choose the picture before or after."""
        place = self.grid.currentIndex().row() + by
        if 0 <= place < len(self._pictures.visible):
            self.grid.choose(place)

    def begin_filter(self) -> None:
        """The keyboard goes to the filter; what stands there is written over."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def leave_out(self) -> None:
        self._pictures.leave_out(self.selected_keys, self.tr("leave out"))

    def show_problem(self) -> None:
        """The folder could not be read."""
        self._stack.setCurrentIndex(1 if self._pictures.rows else 0)
        self.progress.hide()

    def _selected(self) -> list[PictureRow]:
        visible = self._pictures.visible
        return [
            self._pictures.rows[visible[place]]
            for place in self.grid.selected
            if place < len(visible)
        ]

    @Slot()
    def _show_rows(self) -> None:
        visible = self._pictures.visible
        row = self._pictures.row_of(self._key)  # before the grid forgets its choice
        if not self._pictures.rows:
            self.grid.grid_model.loader.forget_all()
        self.grid.grid_model.show(len(visible), self._grid_item)
        self._stack.setCurrentIndex(1 if self._pictures.rows else 0)
        if visible:
            self.grid.choose(visible.index(row) if row in visible else 0)
        else:
            self._on_chosen()
            self._show_selection()

    @Slot(object)
    def _show_changes(self, rows: set[int]) -> None:
        places = [place for place, row in enumerate(self._pictures.visible) if row in rows]
        self.grid.grid_model.refresh(places)
        if self.grid.currentIndex().row() in places:
            self._on_chosen()
        if not set(places).isdisjoint(self.grid.selected):
            self._show_selection()

    @Slot(int, int)
    def _show_progress(self, read: int, total: int) -> None:
        self.progress.setRange(0, max(1, total))
        self.progress.setValue(read)
        self.progress.setVisible(read < total)

    @Slot()
    def _show_findings(self) -> None:
        findings, shapes = self._pictures.findings, self._pictures.shapes[:SHAPES_TOLD]
        self.findings.show_findings(findings)
        set_reading_order(self)
        self.findings.setVisible(bool(findings))
        told = "   ".join(f"{count} → {box.width} × {box.height}" for box, count in shapes)
        self._shapes.setText(self.tr("Cut for the training: {0}").format(told))
        self._shapes.setVisible(bool(shapes))
        self._finding_card.setVisible(bool(findings or shapes))

    def _grid_item(self, place: int) -> GridItem:
        row = self._pictures.rows[self._pictures.visible[place]]
        edit = self._pictures.edit_of(row)
        badges = self._badges(row)
        unread = row.reading is None
        spoken = self.tr("not read yet") if unread else row.caption or self.tr("caption missing")
        return GridItem(
            path=str(row.path),
            title=row.path.name,
            description=", ".join([row.path.name, *badges, spoken]),
            badge=badges[0] if badges else "",
            edit=edit,
            faded=edit.left_out or (row.reading is not None and not row.is_usable),
        )

    def _badges(self, row: PictureRow) -> list[str]:
        names = {
            "unreadable": self.tr("not usable"),
            "left-out": self.tr("left out"),
            "duplicate": self.tr("duplicate"),
            "blurred": self.tr("blurred?"),
            "small": self.tr("small"),
            "cropped": self.tr("cropped"),
            "masked": self.tr("mask"),
        }
        marks = self._pictures.marks_of(row)
        badges = [name for mark, name in names.items() if mark in marks]
        if not row.caption and row.is_usable:
            badges.append(self.tr("no caption"))
        return badges

    @Slot()
    def _on_chosen(self) -> None:
        self._key = self.row.key if self.row else ""
        self.chosen.emit()

    @Slot()
    def _show_selection(self) -> None:
        usable = [row for row in self._selected() if row.is_usable]
        self.batch.set_captions({row.key: row.caption for row in usable})
        self.batch.setVisible(len(usable) > 1)

    @Slot(object, str)
    def _apply_batch(self, texts: dict[str, str], name: str) -> None:
        self._pictures.write_captions(texts, name)

    @Slot(str)
    def _on_key(self, key: str) -> None:
        if key == "delete":
            self.leave_out()
        elif key == "c":
            self.crop_wanted.emit()

    @Slot(object, object)
    def _fix(self, finding: Finding, fix: Fix) -> None:
        match fix:
            case Fix.SHOW:
                self._pictures.show_only(finding.keys)
            case Fix.LEAVE_OUT:
                self._pictures.leave_out(finding.keys, self.tr("leave out"))
            case Fix.KEEP_BEST:
                copies = [key for group in finding.groups for key in group[1:]]
                self._pictures.leave_out(copies, self.tr("keep the best of each"))
            case Fix.ADD_TRIGGER:
                self._pictures.name_trigger(finding.keys, self.tr("add the trigger word"))
            case Fix.ADD_PICTURES:
                self.more_wanted.emit()
            case Fix.TAKE_OVER:
                self._pictures.take_over(self.tr("what was set before"))
            case Fix.KEEP:
                self._pictures.keep(finding)

    @Slot()
    def _set_filter(self) -> None:
        self._pictures.set_query(self.filter.text())

    @Slot(int)
    def _set_order(self, number: int) -> None:
        self._pictures.set_order(ORDERS[number])

    def _connect(self) -> None:
        self._filtering.setSingleShot(True)
        self._filtering.setInterval(FILTER_AFTER_MS)
        self._filtering.timeout.connect(self._set_filter)
        self.filter.textChanged.connect(self._filtering.start)
        self.order.activated.connect(self._set_order)
        self._size.valueChanged.connect(self.grid.set_size)
        self.grid.chosen.connect(self._on_chosen)
        self.grid.selection_changed.connect(self._show_selection)
        self.grid.key_pressed.connect(self._on_key)
        self.batch.applied.connect(self._apply_batch)
        self.findings.fix_requested.connect(self._fix)
        self._pictures.reset.connect(self._show_rows)
        self._pictures.rewritten.connect(self.grid.grid_model.loader.forget)
        self._pictures.rows_changed.connect(self._show_changes)
        self._pictures.progressed.connect(self._show_progress)
        self._pictures.findings_changed.connect(self._show_findings)

    def _lay_out(self) -> None:
        self.filter.setPlaceholderText(self.tr("Filter: words, is:blurred"))
        self.filter.setToolTip(
            self.tr("Words of the caption or the name; no:caption, is:blurred, size:<512")
        )
        self.filter.setAccessibleName(self.tr("Filter of the pictures"))
        self.filter.setClearButtonEnabled(True)
        for clear in self.filter.findChildren(QToolButton):
            clear.setAccessibleName(self.tr("Clear the filter"))
        self.order.addItems(
            [self.tr("By name"), self.tr("Newest first"), self.tr("Largest first"),
             self.tr("By caption")]
        )  # fmt: skip
        self.order.setAccessibleName(self.tr("Order of the pictures"))
        self._size.setRange(72, 256)
        self._size.setValue(128)
        self._size.setFixedWidth(96)
        self._size.setAccessibleName(self.tr("Size of the thumbnails"))
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(self.tr("Pictures read"))
        for hidden in (self.progress, self.batch, self._finding_card):
            hidden.hide()
        self._finding_card.body.addWidget(self.findings)
        self._finding_card.body.addWidget(self._shapes)
        tools = QHBoxLayout()
        tools.addWidget(self.filter, 1)
        tools.addWidget(self.order)
        tools.addWidget(self._size)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(tools)
        column.addWidget(self.progress)
        column.addWidget(self._stack, 1)
        column.addWidget(self.batch)
        column.addWidget(self._finding_card)
