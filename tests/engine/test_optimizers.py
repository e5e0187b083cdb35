"""The learning rate over a run, in numbers."""

from __future__ import annotations

import pytest
import torch

from engine.config import OptimizerSettings
from engine.methods.base import ParameterGroup
from engine.optimizers import build_optimizer, rate_factor, set_rates


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


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
@pytest.mark.parametrize("warmup", [0, 0.05, 0.9])
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_no_step_of_the_shortest_run_is_lost_or_too_strong(schedule, warmup, steps):
    assert all(0 < rate <= 1 for rate in factors(steps, warmup=warmup, schedule=schedule))


def test_each_group_keeps_its_own_peak():
    groups = [
        ParameterGroup("unet", [torch.nn.Parameter(torch.ones(1))], 1e-3),
        ParameterGroup("text", [torch.nn.Parameter(torch.ones(1))], 1e-5),
    ]
    optimizer = build_optimizer(groups, OptimizerSettings())
    assert set_rates(optimizer, 0.5) == 5e-4
    assert [group["lr"] for group in optimizer.param_groups] == [5e-4, 5e-6]
    set_rates(optimizer, 1.0)
    assert [group["lr"] for group in optimizer.param_groups] == [1e-3, 1e-5]
