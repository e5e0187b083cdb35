"""Models: what a training can build on. Files are used where they lie; a few can be fetched."""

from __future__ import annotations

from pathlib import Path
from threading import Event

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from desktop.choosing import choose_file, choose_folder
from desktop.download_desk import DownloadDesk
from desktop.draft import Draft
from desktop.dropped import Dropped, TakesDrops
from desktop.job_rules import JobSignals
from desktop.outside import open_page
from desktop.pool import Pool
from desktop.preferences import Preferences
from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.labels import Page, label, scrolling
from desktop.widgets.message_strip import MessageStrip
from desktop.widgets.model_rows import OfferRow, ShelfRow
from desktop.widgets.reading_order import set_reading_order
from desktop.words import said
from engine.config import STARTER
from engine.drop_errors import MODELS
from engine.errors import UserError
from engine.model_offers import Offer, load_offers
from engine.model_shelf import Shelf, ShelfEntry, scan


class _Answers(JobSignals):
    shelved = Signal(object)  # list of ShelfEntry
    told = Signal(object, bool)  # list of ShelfEntry that were added or refused; of a scan?


class ModelsPanel(TakesDrops, Page):
    """The shelf and the offers."""

    model_chosen = Signal(str)  # path, or STARTER

    def __init__(
        self,
        draft: Draft,
        theme: Theme,
        preferences: Preferences,
        desk: DownloadDesk,
        shelf: Shelf | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(self.tr("Models"), parent)
        self._draft, self._theme, self._desk = draft, theme, desk
        self._preferences = preferences
        self._shelf = shelf or Shelf()
        self._pool = Pool(1, "models", self)
        self._answers = _Answers(self)
        self._closing = Event()
        self.setAcceptDrops(True)
        self.strip = MessageStrip(theme)
        self._add = text_button(theme, "add", self.tr("Add a file…"))
        self._scan = text_button(theme, "search", self.tr("Scan a folder…"))
        self.rows: list[ShelfRow] = []
        self.offers: list[OfferRow] = []
        self._list = QVBoxLayout()
        self.agree = QCheckBox(self.tr("I have read the licences and keep to them"))
        self.mirror = QLineEdit(preferences.mirror)
        self._connect()
        self._lay_out()
        self._show_offers()
        self.reload()

    @Slot()
    def reload(self) -> None:
        self._pool.start(_read, self._shelf, self._answers)

    def add_paths(self, paths: list[str]) -> None:
        """Take files or folders in; what is no model is told."""
        self._pool.start(_take_in, self._shelf, paths, self._answers)

    def scan_folder(self, folder: Path) -> None:
        self.strip.show_text(self.tr("Looking through {0}…").format(folder.name))
        self._pool.start(_look_through, self._shelf, folder, self._closing, self._answers)

    def close_threads(self) -> None:
        self._closing.set()
        self._desk.close()
        self._pool.wait()

    @Slot(object)
    def _show_shelf(self, entries: list[ShelfEntry]) -> None:
        for row in self.rows:
            row.deleteLater()
        chosen = self._draft.get("base_model", STARTER)
        self.rows = []
        for entry in entries:
            row = ShelfRow(entry, self._theme, entry.path == chosen)
            row.use_wanted.connect(self._use)
            row.remove_wanted.connect(self._remove)
            row.find_wanted.connect(self._find)
            self._list.addWidget(row)
            self.rows.append(row)
        set_reading_order(self)
        self.state.setText(self.tr("%n model(s) on this computer", "", len(entries)))

    @Slot(object, bool)
    def _tell(self, told: list[ShelfEntry] | UserError, is_scan: bool) -> None:
        if isinstance(told, UserError):
            self.strip.show_message(told, "error")
            return
        good = [entry for entry in told if not entry.problem]
        bad = [entry for entry in told if entry.problem]
        lines = [f"{Path(entry.path).name}: {said(entry.problem)}" for entry in bad[:5]]
        if is_scan:
            text = self.tr("Found {0}, used in place; left out {1}.").format(len(good), len(bad))
            self.strip.show_text(text, "\n".join(lines), "ok" if good else "warn")
        elif bad:
            self.strip.show_text(self.tr("Not a model to train on:"), "\n".join(lines), "warn")
        else:
            self.strip.hide()

    @Slot(str)
    def _use(self, path: str) -> None:
        self.model_chosen.emit(path)
        self.reload()

    @Slot(str)
    def _remove(self, path: str) -> None:
        self._shelf.remove(path)
        self.reload()

    @Slot(str)
    def _find(self, path: str) -> None:
        file = choose_file(self, self.tr("Where is it now?"), "models", self._kinds())
        if file:
            entry = self._shelf.move(path, str(file))
            if entry.problem:
                self._tell([entry], False)
            self.reload()

    @Slot()
    def _choose_file(self) -> None:
        if file := choose_file(self, self.tr("Model file"), "models", self._kinds()):
            self.add_paths([str(file)])

    @Slot()
    def _choose_folder(self) -> None:
        if folder := choose_folder(self, self.tr("Folder with models"), "models"):
            self.scan_folder(folder)

    @Slot(object)
    def _start(self, offer: Offer) -> None:
        """A licence is agreed to before, and by the one who reads it."""
        if not self.agree.isChecked():
            open_page(offer.licence_page)
            self.strip.show_text(
                self.tr("Read the licence first, then tick that you keep to it."),
                offer.licence_page,
                "info",
            )
            return
        self._desk.start(offer, self.mirror.text().strip())

    @Slot()
    def _show_downloads(self) -> None:
        for row in self.offers:
            known = [one for one in self._desk.downloads if one.offer == row.offer]
            row.show_download(known[-1] if known else None)

    @Slot(str)
    def _take_arrived(self, path: str) -> None:
        self.add_paths([path])

    @Slot()
    def _keep_mirror(self) -> None:
        self._preferences.mirror = self.mirror.text().strip()

    @Slot(str)
    def _on_draft_changed(self, key: str) -> None:
        if key in ("", "base_model"):
            self.reload()

    wanted = MODELS

    def can_take(self, found: Dropped) -> bool:
        return bool(found.files)

    def take_dropped(self, found: Dropped) -> None:
        self.add_paths(list(map(str, found.files)))

    def _show_offers(self) -> None:
        try:
            offers = load_offers()
        except UserError as error:
            self.strip.show_message(error, "error")
            return
        for offer in offers:
            row = OfferRow(offer, self._theme)
            row.start_wanted.connect(self._start)
            row.pause_wanted.connect(self._desk.pause)
            row.go_on_wanted.connect(self._desk.go_on)
            row.stop_wanted.connect(self._desk.stop)
            self._offer_list.addWidget(row)
            self.offers.append(row)

    def _kinds(self) -> str:
        return self.tr("Models (*.safetensors *.ckpt);;All files (*)")

    def _connect(self) -> None:
        self._add.clicked.connect(self._choose_file)
        self._scan.clicked.connect(self._choose_folder)
        self._answers.shelved.connect(self._show_shelf)
        self._answers.told.connect(self._tell)
        self._desk.changed.connect(self._show_downloads)
        self._desk.arrived.connect(self._take_arrived)
        self.mirror.editingFinished.connect(self._keep_mirror)
        self._draft.changed.connect(self._on_draft_changed)

    def _lay_out(self) -> None:
        self.buttons.addWidget(self._scan)
        self.buttons.addWidget(self._add)
        self.mirror.setPlaceholderText("https://")
        self.mirror.setAccessibleName(self.tr("Mirror address"))
        self.mirror.setMaximumWidth(360)
        name = label(self.tr("Mirror address, if the hub cannot be reached"), "quiet")
        name.setBuddy(self.mirror)
        self._offer_list = QVBoxLayout()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(12)
        column.addWidget(label(self.tr("On this computer"), "heading"))
        column.addLayout(self._list)
        column.addSpacing(8)
        column.addWidget(label(self.tr("Recommended"), "heading"))
        column.addWidget(self.agree)
        column.addLayout(self._offer_list)
        column.addWidget(name)
        row = QHBoxLayout()
        row.addWidget(self.mirror, 1)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)
        self.content.addWidget(self.strip)
        self.content.addWidget(scrolling(inside), 1)


# ---- in a thread of the pool -------------------------------------------------------------


def _read(shelf: Shelf, answers: _Answers) -> None:
    answers.shelved.emit(shelf.entries())


def _take_in(shelf: Shelf, paths: list[str], answers: _Answers) -> None:
    try:
        answers.told.emit(shelf.add(paths), False)
    except UserError as error:
        answers.told.emit(error, False)
    _read(shelf, answers)


def _look_through(shelf: Shelf, folder: Path, closing: Event, answers: _Answers) -> None:
    found = []
    for entry in scan(folder, closing.is_set):
        if closing.is_set():
            return
        found.append(entry)
    try:
        shelf.add([entry.path for entry in found if not entry.problem])
        answers.told.emit(found, True)
    except UserError as error:
        answers.told.emit(error, True)
    _read(shelf, answers)
