"""Averaged weights: the formula by hand, and the way in and out."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.ema import Ema


def parameter(*values: float, dtype: torch.dtype = torch.float32) -> nn.Parameter:
    return nn.Parameter(torch.tensor(values, dtype=dtype))


def test_the_average_follows_the_formula_and_forgets_the_start_soon():
    weight = parameter(1.0)
    ema = Ema([("weight", weight)], decay=0.25)
    weight.data.fill_(2.0)
    ema.update(1)  # decay (1 + 1) / (10 + 1)
    first = 2 / 11 * 1.0 + 9 / 11 * 2.0
    assert ema.state_dict()["weight"].item() == pytest.approx(first)
    weight.data.fill_(4.0)
    ema.update(2)  # (1 + 2) / (10 + 2) is the limit itself
    second = 0.25 * first + 0.75 * 4.0
    assert ema.state_dict()["weight"].item() == pytest.approx(second)
    weight.data.fill_(0.0)
    ema.update(1000)  # never above the decay that was asked for
    assert ema.state_dict()["weight"].item() == pytest.approx(0.25 * second)


def test_averages_of_bf16_weights_see_what_bf16_cannot_hold():
    weight = parameter(1.0, dtype=torch.bfloat16)
    ema = Ema([("weight", weight)], decay=0.999)
    weight.data.fill_(1.0078125)  # the next bf16 number
    ema.update(10_000)
    average = ema.state_dict()["weight"]
    assert average.dtype == torch.float32
    assert average.item() == pytest.approx(1 + 0.0078125 * 0.001)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_weights_come_back_bit_for_bit_even_after_an_error(dtype):
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(50).to(dtype))
    ema = Ema([("weight", weight)], decay=0.5)
    before, average = weight.detach().clone(), ema.state_dict()["weight"].clone()
    weight.data.mul_(3.0)
    tripled, storage = weight.detach().clone(), weight.data_ptr()

    def look() -> None:
        with ema.swapped_in():
            assert torch.equal(weight, before)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look()
    assert torch.equal(weight, tripled)
    assert weight.data_ptr() == storage
    assert torch.equal(ema.state_dict()["weight"], average)


def test_gradients_can_be_asked_for_while_the_averages_are_in():
    weight = parameter(2.0)
    with Ema([("weight", weight)], decay=0.5).swapped_in():
        assert (weight * weight).requires_grad


def test_averages_go_on_from_what_was_saved():
    weight = parameter(1.0, 2.0)
    ema = Ema([("weight", weight)], decay=0.9)
    weight.data.add_(1)
    ema.update(50)
    saved = {name: average.clone() for name, average in ema.state_dict().items()}
    other = Ema([("weight", weight)], decay=0.9)
    other.load_state_dict(saved)
    for each in (ema, other):
        each.update(51)
    assert torch.equal(ema.state_dict()["weight"], other.state_dict()["weight"])
    with pytest.raises(KeyError):
        other.load_state_dict({"another": saved["weight"]})
