"""The offer of what a graphics card needs: seen only where there is one, fetched when asked."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import pytest
from PySide6.QtGui import QDesktopServices

from desktop import card_desk
from engine import card_fetch, card_pack
from engine.card_pack import PACKAGES, PackTable
from engine.download_errors import NoConnection
from engine.gpu_figures import GpuFigures
from tests.desktop.first_training import wait_until
from tests.wheel_shop import Handler, make_wheel, serving, table_of

CARD = GpuFigures(
    name="NVIDIA GeForce RTX 4070", load_percent=3, celsius=40, used_bytes=2**30,
    total_bytes=12 * 2**30, driver="580.65.06",
)  # fmt: skip


class Reader:
    """The one thing that is pretended: the card."""

    card: GpuFigures | None = CARD

    def __init__(self, visible: str) -> None:
        pass

    def read(self) -> GpuFigures | None:
        return self.card


@pytest.fixture
def home(window, tmp_path, monkeypatch):
    """The home page of a computer with a card, and a server that has what it needs."""
    shop = tmp_path / "shop"
    shop.mkdir()
    wheels = [
        make_wheel(shop / "torch.whl", {"torch/__init__.py": "cuda = True\n"}),
        make_wheel(shop / "nvidia.whl", {"nvidia/cublas/lib/libcublas.so": "x" * 300_000}),
    ]
    with serving(shop) as address:
        table = table_of(wheels, address)
        monkeypatch.setattr(Reader, "card", CARD)
        monkeypatch.setattr(card_desk, "GpuReader", Reader)
        monkeypatch.setattr(card_desk, "load_table", lambda: table)
        monkeypatch.setattr(card_fetch, "trial", lambda packages, control: "")
        yield window


def until_it_is_stopped(packages, control):
    while not control.stop_requested:
        time.sleep(0.05)
    return ""


def offer_of(window):
    window.cards.look()
    wait_until(lambda: window.cards.offer is not None, "the offer")
    return window.cards.offer


def test_the_card_is_named_with_what_is_fetched_and_nothing_is_fetched_unasked(home):
    offer = offer_of(home)
    assert offer.title.text() == "NVIDIA GeForce RTX 4070"
    assert "fetched once, from PyTorch and NVIDIA" in offer.line.text()
    assert offer.start.isVisibleTo(home)
    assert not offer.restart.isVisibleTo(home)
    assert Handler.asked == []


def test_it_is_fetched_and_a_new_start_is_offered(home):
    offer = offer_of(home)
    offer.start.click()
    wait_until(lambda: offer.restart.isVisibleTo(home), "the end")
    assert (card_pack.pack_folder() / PACKAGES / "torch/__init__.py").exists()
    assert "from its next start" in offer.line.text()
    assert not offer.start.isVisibleTo(home)
    asked = []
    home.cards.restart_wanted.connect(lambda: asked.append(True))
    offer.restart.click()
    assert asked == [True]


def test_what_does_not_work_here_is_told_and_can_be_tried_again(home, monkeypatch):
    monkeypatch.setattr(card_fetch, "trial", lambda packages, control: "no kernel for this card")
    offer = offer_of(home)
    offer.start.click()
    wait_until(lambda: "no kernel for this card" in offer.line.text(), "the failure")
    assert not (card_pack.pack_folder() / PACKAGES).exists()
    assert offer.start.isVisibleTo(home)


def test_a_connection_that_fails_is_told_without_the_advice_for_models(home, monkeypatch):
    def fetch(*_):
        raise NoConnection(host="download.pytorch.org")
        yield

    monkeypatch.setattr(card_fetch, "fetch", fetch)
    offer = offer_of(home)
    offer.start.click()
    wait_until(lambda: "No connection" in offer.line.text(), "the failure")
    assert "the processor does the work" in offer.line.text()
    assert "mirror" not in offer.line.text()


def test_a_fault_of_ours_ends_the_waiting(home, monkeypatch):
    def fetch(*_):
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(card_fetch, "fetch", fetch)
    offer = offer_of(home)
    offer.start.click()
    wait_until(lambda: "cut off by a fault: ZeroDivisionError" in offer.line.text(), "it")
    assert offer.start.isVisibleTo(home)


def test_it_can_be_cancelled_and_gone_on_with(home, monkeypatch):
    """In the trial, the one moment that lasts here."""
    monkeypatch.setattr(card_fetch, "trial", until_it_is_stopped)
    offer = offer_of(home)
    offer.start.click()
    wait_until(lambda: "Unpacking" in offer.line.text(), "the trial")
    assert not offer.pause.isVisibleTo(home)
    offer.stop.click()
    wait_until(lambda: "Stopped at" in offer.line.text(), "the stop")
    assert offer.start.text() == "Go on"


def test_not_now_leaves_a_small_button_and_is_remembered(home):
    offer = offer_of(home)
    assert not home.home.card.isVisibleTo(home)
    offer.later.click()
    assert not offer.isVisibleTo(home)
    assert home.home.card.isVisibleTo(home)
    assert home.preferences.card_declined == offer.offer.torch
    home.home.card.click()
    assert offer.isVisibleTo(home)
    assert home.preferences.card_declined == ""


def test_what_was_declined_is_not_offered_at_the_next_start(home):
    home.preferences.card_declined = card_desk.load_table().torch
    assert not offer_of(home).isVisibleTo(home)
    assert home.home.card.isVisibleTo(home)


def test_an_old_driver_is_told_instead_of_fetching_gigabytes(home, monkeypatch):
    old = GpuFigures(
        name="NVIDIA GeForce GTX 1060", load_percent=0, celsius=40, used_bytes=0,
        total_bytes=6 * 2**30, driver="535.154",
    )  # fmt: skip
    monkeypatch.setattr(Reader, "card", old)
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    offer = offer_of(home)
    assert "535.154, is too old to train on it: 580 or newer" in offer.line.text()
    assert not offer.start.isVisibleTo(home)
    offer.driver.click()
    assert opened == [card_pack.DRIVER_PAGE]


def test_declining_removes_what_had_arrived(home, monkeypatch):
    monkeypatch.setattr(card_fetch, "trial", lambda packages, control: "no")
    offer = offer_of(home)
    offer.start.click()
    wait_until(lambda: "does not work here" in offer.line.text(), "the failure")
    assert (card_pack.pack_folder() / "arrived").exists()
    offer.later.click()
    home.cards._pool.wait()
    assert not (card_pack.pack_folder() / "arrived").exists()
    home.home.card.click()
    assert "fetched once" in offer.line.text()


def test_a_pack_with_which_the_engine_does_not_start_is_taken_out_and_that_is_told(
    home, monkeypatch
):
    packages = card_pack.pack_folder() / PACKAGES
    packages.mkdir(parents=True)
    card_fetch.storage.write_json(packages / card_pack.STAMP, card_desk.load_table().stamp)
    monkeypatch.setattr(sys, "path", [str(packages), *sys.path])
    home.warmth.ended.emit(False)
    wait_until(lambda: "was taken out" in home.home.strip.text, "the notice")
    assert not packages.exists()


def test_what_an_earlier_version_fetched_is_removed_by_the_one_window(home):
    packages = card_pack.pack_folder() / PACKAGES
    packages.mkdir(parents=True)
    card_fetch.storage.write_json(packages / card_pack.STAMP, {"torch": "2.12", "python": "cp311"})
    offer_of(home)
    assert not packages.exists()


@pytest.mark.parametrize("reason", ["no card", "no table", "in use already", "too old", "off"])
def test_nothing_is_said_where_there_is_nothing_to_offer(home, monkeypatch, reason):
    table = card_desk.load_table()
    if reason == "no card":
        monkeypatch.setattr(Reader, "card", None)
    if reason == "too old":
        monkeypatch.setattr(Reader, "card", replace(CARD, capability=(6, 1)))
    if reason == "off":
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    if reason == "no table":
        monkeypatch.setattr(card_desk, "load_table", lambda: None)
    if reason == "in use already":
        packages = card_pack.pack_folder() / PACKAGES
        packages.mkdir(parents=True)
        card_fetch.storage.write_json(packages / card_pack.STAMP, table.stamp)
    home.cards.look()
    home.cards._pool.wait()
    wait_until(lambda: True, "a turn of the events")
    assert home.cards.offer is None
    assert not home.home.card.isVisibleTo(home)


def test_a_window_that_closes_ends_the_fetching(home, monkeypatch):
    monkeypatch.setattr(card_fetch, "trial", until_it_is_stopped)
    offer = offer_of(home)
    offer.start.click()
    wait_until(lambda: "Unpacking" in offer.line.text(), "the trial")
    home.leaving.may_stop = lambda: True
    assert home.close()
    assert home.cards.fetching.downloads[-1].control.stop_requested


def test_a_table_has_a_size_to_show():
    files = ({"about_bytes": 10}, {"about_bytes": 5})
    assert PackTable("t", "p", 1, (7, 5), files).about_bytes == 15
