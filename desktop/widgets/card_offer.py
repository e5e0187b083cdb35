"""Offers the part of PyTorch that uses the graphics card of this computer."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop.download_desk import Download
from desktop.outside import open_page
from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.download_row import DownloadRow
from engine.card_pack import DRIVER_PAGE, PackTable
from engine.errors import UserError
from engine.gpu_figures import GpuFigures

# No room, nothing can be written, does not work here, cut off.
OWN_ADVICE = {"IM-DL-08", "IM-DL-12", "IM-DL-13", "IM-OUT-01", "IM-OUT-02"}


class CardOffer(DownloadRow):
    """Nothing is fetched until the button is pressed; *Not now* is remembered."""

    declined = Signal()
    restart_wanted = Signal()
    offer: PackTable

    def __init__(
        self, card: GpuFigures, table: PackTable, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(card.name, table, theme, parent)
        self._card = card
        self._suits = table.suits_driver(card.driver)
        self.driver = text_button(theme, "folder", self.tr("Open NVIDIA's page"))
        self.restart = text_button(theme, "start", self.tr("Start Imprint anew"), "primary")
        self.later = text_button(theme, "close", self.tr("Not now"))
        self.driver.clicked.connect(self._open_page)
        self.restart.clicked.connect(self.restart_wanted)
        self.later.clicked.connect(self.declined)
        for button in (self.driver, self.restart, self.later):
            self.buttons.addWidget(button)
        self.show_download(None)

    def show_download(self, known: Download | None) -> None:
        super().show_download(known)
        is_done = known is not None and known.state == "done"
        busy = known is not None and not known.is_over
        self.start.setVisible(self._suits and not busy and not is_done)
        self.driver.setVisible(not self._suits)
        self.restart.setVisible(is_done)
        self.later.setVisible(not busy and not is_done)

    def offered(self) -> str:
        if not self._suits:
            return self.tr(
                "The driver of this card, {0}, is too old to train on it: {1} or newer is needed. "
                "Until then the processor does the work."
            ).format(self._card.driver, self.offer.oldest_driver)
        size = self.locale().formattedDataSize(self.offer.about_bytes)
        return self.tr(
            "Imprint can train and draw on this card, which is much faster than the processor. The "
            "part that it needs for that is fetched once, from PyTorch and NVIDIA: {0}."
        ).format(size)

    def checked(self) -> str:
        return self.tr("Unpacking, and trying it on this computer: some minutes…")

    def whole(self) -> str:
        return self.tr("It is here and it works. Imprint uses the card from its next start.")

    def advice(self, error: UserError) -> str:
        """Mirrors and files of one's own, of which most errors speak, are for models."""
        if error.code in OWN_ADVICE:
            return super().advice(error)
        return self.tr("What has arrived is kept. Until then the processor does the work.")

    @Slot()
    def _open_page(self) -> None:
        open_page(DRIVER_PAGE)
