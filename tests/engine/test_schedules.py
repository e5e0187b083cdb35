"""The learning rate over a run, in numbers."""

from __future__ import annotations

import math
from typing import get_args

import pytest

from engine.config import OptimizerSettings
from engine.schedules import rate_factor

SCHEDULES = get_args(OptimizerSettings.model_fields["schedule"].annotation)


def factors(steps: int, **settings) -> list[float]:
    wanted = OptimizerSettings(**settings)
    return [rate_factor(step, steps, wanted) for step in range(1, steps + 1)]


@pytest.mark.parametrize("steps", [20, 100, 1000])
def test_the_warm_up_is_a_share_of_the_run_however_short(steps):
    rates = factors(steps, warmup=0.1, schedule="constant")
    rising = sum(rate < 1 for rate in rates)
    assert rising == steps // 10
    assert rates[:rising] == sorted(rates[:rising])
    assert rates[0] == pytest.approx(1 / (rising + 1))
    assert set(rates[rising:]) == {1.0}


def test_cosine_starts_at_the_peak_passes_half_in_the_middle_and_ends_near_zero():
    rates = factors(1000, warmup=0, schedule="cosine")
    assert rates[0] == 1
    assert rates[500] == pytest.approx(0.5)
    assert 0 < rates[-1] < 1e-5
    assert rates == sorted(rates, reverse=True)


def test_linear_falls_evenly_and_its_last_step_still_moves():
    rates = factors(10, warmup=0, schedule="linear")
    assert rates == pytest.approx([1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])


def test_rex_holds_on_to_the_rate_and_falls_at_the_end():
    rates = factors(4, warmup=0, schedule="rex")  # (1 - t) / (1/2 + (1 - t)/2)
    assert rates == pytest.approx([1, 6 / 7, 2 / 3, 2 / 5])


def test_polynomial_falls_by_its_power():
    assert factors(4, warmup=0, schedule="polynomial", power=2.0) == pytest.approx(
        [1, 9 / 16, 1 / 4, 1 / 16]
    )
    assert factors(4, warmup=0, schedule="polynomial", power=1.0) == factors(
        4, warmup=0, schedule="linear"
    )


def test_cosine_with_restarts_returns_to_the_peak_so_often_and_at_even_distances():
    rates = factors(12, warmup=0, schedule="cosine_restarts", num_restarts=3)
    fall = [1, 0.5 * (1 + math.cos(math.pi / 3)), 0.5 * (1 + math.cos(2 * math.pi / 3))]
    assert rates == pytest.approx(fall * 4)
    long = factors(7000, warmup=0.1, schedule="cosine_restarts", num_restarts=6)
    assert [step for step, rate in enumerate(long, 1) if rate == 1] == [
        701 + 900 * number for number in range(7)
    ]


def test_a_schedule_free_optimizer_stays_at_its_peak_after_the_warm_up():
    rates = factors(10, warmup=0.2, schedule="cosine", name="schedulefree_adamw")
    assert rates == pytest.approx([1 / 3, 2 / 3] + [1] * 8)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("warmup", [0, 0.05, 0.9])
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_no_step_of_the_shortest_run_is_lost_or_too_strong(schedule, warmup, steps):
    assert all(0 < rate <= 1 for rate in factors(steps, warmup=warmup, schedule=schedule))
