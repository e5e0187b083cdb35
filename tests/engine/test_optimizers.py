"""Every optimizer that can be chosen."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch import nn

from engine.config import OptimizerSettings
from engine.errors import OptimizerNeedsCard, OptimizerUnfit
from engine.optimizers import OPTIMIZERS, build_optimizer

ON_CPU = sorted(set(OPTIMIZERS) - {"adamw_8bit"})
RATES = {"prodigy": 1.0, "lion": 0.01}


def test_every_name_that_can_be_chosen_can_be_built_and_no_other():
    assert set(get_args(OptimizerSettings.model_fields["name"].annotation)) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", ON_CPU)
def test_an_optimizer_lowers_a_quadratic_to_a_tenth(name):
    torch.manual_seed(0)
    target = torch.randn(6, 5)
    weight = nn.Parameter(torch.zeros(6, 5))
    settings = OptimizerSettings(name=name, weight_decay=0)
    optimizer = build_optimizer([weight], RATES.get(name, 0.05), settings)
    losses = []
    for _ in range(200):
        loss = (weight - target).square().mean()
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert losses[-1] < 0.1 * losses[0]


def test_plain_adamw_is_torchs_own_and_fused():
    optimizer = build_optimizer(
        [nn.Parameter(torch.ones(2))], 1e-3, OptimizerSettings(beta1=0.8, weight_decay=0.5)
    )
    assert type(optimizer) is torch.optim.AdamW
    group = optimizer.param_groups[0]
    assert (group["fused"], group["betas"], group["weight_decay"]) == (True, (0.8, 0.999), 0.5)


@pytest.mark.parametrize("name", ["adafactor", "came", "lion"])
def test_weight_decay_pulls_towards_zero_at_the_rate_that_is_set(name):
    weight = nn.Parameter(torch.full((3, 3), 2.0))
    weight.grad = torch.zeros(3, 3)
    build_optimizer([weight], 0.1, OptimizerSettings(name=name, weight_decay=0.5)).step()
    assert torch.allclose(weight, torch.full((3, 3), 2.0 * (1 - 0.1 * 0.5)))


@pytest.mark.parametrize("name", ["adafactor", "came"])
def test_a_factored_optimizer_keeps_rows_and_columns_instead_of_a_second_moment(name):
    weight = nn.Parameter(torch.ones(64, 32))
    weight.grad = torch.ones(64, 32)
    optimizer = build_optimizer([weight], 1e-3, OptimizerSettings(name=name))
    optimizer.step()
    kept = [v.numel() for v in optimizer.state[weight].values() if isinstance(v, torch.Tensor)]
    momentum = 64 * 32 if name == "came" else 0
    assert sum(kept) <= momentum + 2 * (64 + 32) + 1


def test_prodigy_multiplies_the_learning_rate_onto_its_own_estimate():
    moved = []
    for rate in (1.0, 0.5):
        weight = nn.Parameter(torch.ones(4))
        weight.grad = torch.ones(4)
        settings = OptimizerSettings(name="prodigy", weight_decay=0)
        build_optimizer([weight], rate, settings).step()
        moved.append((1 - weight.detach()).double().mean().item())
    assert moved[0] > 0
    assert moved[1] == pytest.approx(moved[0] / 2, rel=0.1)


def test_adamw_with_8_bits_says_what_it_needs_on_a_processor():
    with pytest.raises(OptimizerNeedsCard) as caught:
        build_optimizer([nn.Parameter(torch.ones(2))], 1e-3, OptimizerSettings(name="adamw_8bit"))
    assert "NVIDIA" in str(caught.value)


def test_schedule_free_says_that_it_needs_momentum():
    settings = OptimizerSettings(name="schedulefree_adamw", beta1=0)
    with pytest.raises(OptimizerUnfit, match="Beta 1"):
        build_optimizer([nn.Parameter(torch.ones(2))], 1e-3, settings)
