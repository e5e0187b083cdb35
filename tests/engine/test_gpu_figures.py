"""Figures of a card that is pretended, and of none."""

from __future__ import annotations

import sys

import pytest

from engine.gpu_figures import GpuReader, Heat
from tests.pretended_card import GIB, Card


@pytest.fixture
def card(monkeypatch) -> Card:
    made = Card()
    made.install(monkeypatch)
    return made


def test_a_card_tells_its_name_load_heat_and_memory(card):
    found = GpuReader().read()
    assert (found.name, found.load_percent, found.celsius) == ("NVIDIA GeForce RTX 3060", 97, 61)
    assert (found.used_bytes, found.total_bytes) == (6 * GIB, 8 * GIB)
    assert not found.is_hot
    card.celsius = 83
    assert GpuReader().read().is_hot


@pytest.mark.parametrize(
    ("visible", "asked"), [("", 0), ("2", 2), ("1,0", 1), ("GPU-8932f937", "GPU-8932f937")]
)
def test_the_card_that_cuda_uses_is_looked_at(card, visible, asked):
    GpuReader(visible).read()
    assert card.asked == asked


def test_a_card_that_is_lost_gives_no_figures_any_more(card):
    reader = GpuReader()
    assert reader.read() is not None
    card.is_lost = True
    assert reader.read() is None
    card.is_lost = False
    assert reader.read() is None  # it is not asked again and again


def test_without_the_library_or_the_driver_there_are_no_figures(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert GpuReader().read() is None
    monkeypatch.delitem(sys.modules, "pynvml")
    real = GpuReader().read()
    assert real is None or real.total_bytes > 0


def test_heat_is_told_after_a_minute_and_again_only_after_it_has_cooled():
    heat = Heat()
    looks = [(89, 0), (90, 10), (91, 69), (92, 70), (92, 200), (89, 210), (95, 220), (95, 290)]
    assert [second for celsius, second in looks if heat.is_too_hot(celsius, second)] == [70]
    assert not heat.is_too_hot(75, 300)
    assert not heat.is_too_hot(90, 310)
    assert heat.is_too_hot(90, 370)
