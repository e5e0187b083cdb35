"""Finds a graphics card that this program does not use yet, and offers what is missing."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from desktop.download_desk import DownloadDesk
from desktop.job_rules import JobSignals
from desktop.panels.home_panel import HomePanel
from desktop.pool import Pool
from desktop.preferences import Preferences
from desktop.theme import Theme
from desktop.warm_up import WarmUp
from desktop.widgets.card_offer import CardOffer
from engine.card_pack import (
    PACKAGES,
    PackTable,
    discard,
    is_active,
    is_whole,
    load_table,
    pack_folder,
)
from engine.control import Control
from engine.gpu_figures import GpuFigures, GpuReader
from engine.notices import CardPackTakenOut

NO_CARDS = ("", "-1")  # in CUDA_VISIBLE_DEVICES: the user has switched CUDA off


class _Answers(JobSignals):
    found = Signal(object, object)  # PackTable, GpuFigures
    taken_out = Signal()


class CardDesk(QObject):
    """Silent where there is no card, where it is used already, and in a program that was built
    without a table of what to fetch."""

    restart_wanted = Signal()

    def __init__(
        self, home: HomePanel, theme: Theme, preferences: Preferences, warmth: WarmUp
    ) -> None:
        """It looks when the engine is warm: not while the imports want the whole computer."""
        super().__init__(home)
        self._home, self._theme, self._preferences = home, theme, preferences
        self._pool = Pool(1, "card", self)
        self._answers = _Answers(self)
        self.fetching = DownloadDesk(self, fetch=_fetch)
        self.offer: CardOffer | None = None
        self._answers.found.connect(self._offer)
        self._answers.taken_out.connect(self._tell)
        self.fetching.changed.connect(self._show)
        home.card.clicked.connect(self._offer_again)
        warmth.ended.connect(self.look)

    @Slot(bool)
    def look(self, ready: bool = True) -> None:
        """`ready`: whether the engine could be started, with what was fetched before."""
        self._pool.start(_look if ready or not is_active() else _take_out, self._answers)

    def close_threads(self) -> None:
        """What arrived is kept."""
        self.fetching.close()

    @Slot()
    def _tell(self) -> None:
        self._home.strip.show_message(CardPackTakenOut(), "warn")

    @Slot(object, object)
    def _offer(self, table: PackTable, card: GpuFigures) -> None:
        if self.offer is not None:
            return
        self.offer = CardOffer(card, table, self._theme)
        self.offer.start_wanted.connect(self.fetching.start)
        self.offer.pause_wanted.connect(self.fetching.pause)
        self.offer.go_on_wanted.connect(self.fetching.go_on)
        self.offer.stop_wanted.connect(self.fetching.stop)
        self.offer.declined.connect(self._decline)
        self.offer.restart_wanted.connect(self.restart_wanted)
        self._home.show_offer(self.offer)
        self._show_offer(self._preferences.card_declined != table.torch)

    @Slot()
    def _decline(self) -> None:
        """Until another PyTorch is offered, only a small button tells of it."""
        assert self.offer is not None
        self._pool.start(_forget)
        self.fetching.downloads.clear()
        self.offer.show_download(None)
        self._preferences.card_declined = self.offer.offer.torch
        self._show_offer(False)

    @Slot()
    def _offer_again(self) -> None:
        self._preferences.card_declined = ""
        self._show_offer(True)

    def _show_offer(self, is_shown: bool) -> None:
        assert self.offer is not None
        self.offer.setVisible(is_shown)
        self._home.card.setVisible(not is_shown)

    @Slot()
    def _show(self) -> None:
        if self.offer is not None and self.fetching.downloads:
            self.offer.show_download(self.fetching.downloads[-1])


def _look(answers: _Answers) -> None:
    """In a thread of the pool: a driver may take its time."""
    table, folder = load_table(), pack_folder()
    if table is None or is_whole(folder / PACKAGES, table):
        return
    discard(folder)  # of another version of this program, if there is one
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in NO_CARDS:
        return
    card = GpuReader(visible or "").read()
    if card is not None and table.suits_card(card.capability):
        answers.found.emit(table, card)


def _take_out(answers: _Answers) -> None:
    """In a thread of the pool. It was whole when it was fetched; a disk or a virus scanner
    may have changed that."""
    discard(pack_folder())
    answers.taken_out.emit()


def _forget() -> None:
    """In a thread of the pool."""
    from engine.card_fetch import forget  # late: the hub's library takes a moment

    forget(pack_folder())


def _fetch(table: PackTable, control: Control, _: str) -> Generator[Any, None, Path | None]:
    from engine.card_fetch import fetch  # late: the hub's library takes a moment

    return (yield from fetch(table, pack_folder(), control))
