"""Rows of the models page: a model that is here, and one that can be fetched."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from desktop.theme import Theme
from desktop.widgets.buttons import icon_button, text_button
from desktop.widgets.download_row import DownloadRow, Row
from desktop.widgets.labels import set_kind
from desktop.words import said
from engine.config import STARTER
from engine.model_offers import Offer
from engine.model_shelf import ShelfEntry


class ShelfRow(Row):
    """A model on this computer."""

    use_wanted = Signal(str)
    remove_wanted = Signal(str)
    find_wanted = Signal(str)

    def __init__(
        self, entry: ShelfEntry, theme: Theme, in_use: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(entry.title, "", parent)
        self.entry = entry
        if entry.path == STARTER:
            self.title.setText(self.tr("Starter model"))
        if entry.problem:
            badge = self.tr("missing") if entry.is_missing else self.tr("cannot be used")
            self.line.setText(f"{badge}: {said(entry.problem)}")
            set_kind(self.line, "kind", "error")
        else:
            size = self.locale().formattedDataSize(entry.num_bytes)
            place = self.tr("comes with Imprint") if entry.path == STARTER else entry.path
            self.line.setText(f"{entry.family} · {size} · {place}")
        self.line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if entry.is_missing:
            self._add(text_button(theme, "search", self.tr("Find it…")), self._find)
        elif not entry.problem:
            text = self.tr("In use") if in_use else self.tr("Use for this project")
            use = text_button(theme, "ok", text)
            use.setEnabled(not in_use)
            self._add(use, self._use)
        if entry.path != STARTER:
            remove = icon_button(
                theme, "close", self.tr("Take {0} out of the list").format(entry.title)
            )
            remove.clicked.connect(self._remove)
            self.buttons.addWidget(remove)

    def _add(self, button: QPushButton, slot) -> None:  # noqa: ANN001 (a bound slot)
        button.setAccessibleName(f"{button.text()}: {self.entry.title}")
        button.clicked.connect(slot)
        self.buttons.addWidget(button)

    @Slot()
    def _use(self) -> None:
        self.use_wanted.emit(self.entry.path)

    @Slot()
    def _remove(self) -> None:
        self.remove_wanted.emit(self.entry.path)

    @Slot()
    def _find(self) -> None:
        self.find_wanted.emit(self.entry.path)


class OfferRow(DownloadRow):
    """A model that can be fetched, and how far it is."""

    offer: Offer

    def __init__(self, offer: Offer, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(offer.name, offer, theme, parent)
        self.show_download(None)

    def offered(self) -> str:
        size = self.locale().formattedDataSize(self.offer.about_bytes)
        return self.tr("about {0} · licence: {1} · not tried here by us").format(
            size, self.offer.licence
        )

    def checked(self) -> str:
        return self.tr("Checking the file…")

    def whole(self) -> str:
        return self.tr("Here, and whole: its sha256 is the hub's.")
