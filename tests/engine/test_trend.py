"""A loss that rises is told of once, and noise is not taken for it."""

from __future__ import annotations

import random

import pytest

from engine.events import Noticed, RunFinished, RunStarted, StepFinished
from engine.trend import Trend, warn_of_rising_loss


def rising_at(losses: list[float]) -> list[int]:
    trend = Trend(len(losses))
    return [step for step, loss in enumerate(losses, start=1) if trend.rises(step, loss)]


def noisy(mean: float, draw: random.Random) -> float:
    return mean * draw.uniform(0.2, 1.8)


@pytest.mark.parametrize("seed", range(5))
def test_a_noisy_loss_that_falls_is_no_cause(seed):
    draw = random.Random(seed)
    assert rising_at([noisy(0.2 * 0.997**step + 0.05, draw) for step in range(1000)]) == []


def test_a_loss_that_rises_for_long_is_told_of_once_with_its_lowest_step():
    draw = random.Random(0)
    falling = [noisy(0.1, draw) for _ in range(400)]
    rising = [noisy(0.1 + 0.002 * step, draw) for step in range(600)]
    trend, told = Trend(1000), []
    for step, loss in enumerate(falling + rising, start=1):
        if trend.rises(step, loss):
            told.append((step, trend.lowest_step))
    assert len(told) == 1
    ((step, lowest),) = told
    assert 450 < step < 800
    assert lowest < 500


def test_a_short_peak_is_no_cause():
    assert rising_at([0.1] * 300 + [0.5] * 20 + [0.1] * 680) == []


def test_the_notice_follows_the_step_and_nothing_else_changes():
    losses = [0.1] * 100 + [1.0] * 100
    events = [RunStarted(folder="", steps=200, first_step=0, device="", trainable=1)]
    events += [
        StepFinished(step=n, loss=loss, learning_rate=0.0, seconds=0.0, memory_bytes=0)
        for n, loss in enumerate(losses, start=1)
    ]
    events.append(RunFinished(steps=200, stopped_early=False, exports=()))
    told = list(warn_of_rising_loss(iter(events)))
    assert [event for event in told if not isinstance(event, Noticed)] == events
    (notice,) = [event.notice for event in told if isinstance(event, Noticed)]
    assert "lowest at step" in str(notice)
