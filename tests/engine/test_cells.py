"""Weights in half precision: rounded at random, moved in fp32, and nothing left lying about."""

from __future__ import annotations

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from engine.cells import stochastic_round
from engine.config import OptimizerSettings
from engine.methods.base import ParameterGroup
from engine.stepping import Stepper
from tests.small_net import BF16, FP16, FP32, ON_CPU, Net, stepper_of, take


@pytest.fixture(scope="module")
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


@pytest.mark.parametrize("dtype", [BF16, FP16])
@pytest.mark.parametrize("value", [0.3, -1.2345, 3e-6, -1e-7, 0.0, 700.7])
def test_rounding_at_random_has_the_value_itself_as_its_mean(dtype, value):
    generator = torch.Generator().manual_seed(1)
    exact = torch.full((200_000,), value)
    rounded = stochastic_round(exact, dtype, generator)
    below = set(rounded.tolist())
    assert len(below) <= 2
    spacing = max(below) - min(below)
    assert min(below) <= exact[0].item() <= max(below)
    error = rounded.double().mean().item() - exact[0].double().item()
    assert abs(error) <= 4 * 0.5 * spacing / 200_000**0.5


@pytest.mark.parametrize("dtype", [BF16, FP16])
def test_rounding_keeps_what_needs_none_and_what_is_no_number(dtype):
    generator = torch.Generator().manual_seed(1)
    exact = torch.randn(1000, generator=generator).to(dtype)
    assert torch.equal(stochastic_round(exact.float(), dtype, generator), exact)
    odd = torch.tensor([float("inf"), float("-inf"), float("nan")])
    rounded = stochastic_round(odd, dtype, generator)
    assert rounded.tolist()[:2] == [float("inf"), float("-inf")]
    assert rounded[2].isnan()


@pytest.mark.parametrize("fused", [False, True])
def test_steps_far_below_the_resolution_of_bf16_move_the_mean(accelerator, fused):
    weight = nn.Parameter(torch.ones(20_000, dtype=BF16))  # its neighbours lie 1/128 above
    settings = OptimizerSettings(
        fused_backward=fused, schedule="constant", warmup=0, weight_decay=0, max_grad_norm=0
    )
    group = ParameterGroup("all", [weight], 1e-5)
    stepper = Stepper([group], settings, accelerator, num_steps=50)
    for step in range(1, 51):
        stepper.begin(step)
        stepper.backward(-weight.float().sum())
        stepper.end()
    assert weight.float().mean().item() == pytest.approx(1 + 50 * 1e-5, abs=1.5e-4)


def test_the_rounding_differs_from_step_to_step_and_not_from_run_to_run(accelerator):
    def rounded(step: int) -> Tensor:
        weight = nn.Parameter(torch.ones(1000, dtype=BF16))
        settings = OptimizerSettings(schedule="constant", warmup=0)
        group = ParameterGroup("all", [weight], 4e-3)
        stepper = Stepper([group], settings, accelerator, num_steps=50)
        stepper.begin(step)
        stepper.backward(-weight.float().sum())
        stepper.end()
        return weight.detach()

    assert torch.equal(rounded(7), rounded(7))
    assert not torch.equal(rounded(7), rounded(8))


def test_no_fp32_copy_of_a_half_weight_outlives_its_step(accelerator):
    net = Net(BF16)
    stepper = stepper_of(net, accelerator, name="adafactor")
    take(stepper, net, 1, 2)
    held = [seen for cell in stepper._cells for seen in cell.optimizer.param_groups[0]["params"]]
    assert [seen.numel() for seen in held] == [0] * 8
    assert all(seen.grad is None for seen in held)


def test_a_factored_optimizer_sees_kernels_as_matrices(accelerator):
    net = Net()
    stepper = stepper_of(net, accelerator, name="adafactor")
    take(stepper, net, 1)
    kernel = stepper.state_dict()["state"][0]
    assert kernel["exp_avg_sq_row"].shape == (4,)
    assert kernel["exp_avg_sq_col"].shape == (3 * 3 * 3,)


@pytest.mark.parametrize("name", ON_CPU)
def test_bf16_weights_learn_about_as_well_as_fp32_weights(accelerator, name):
    ends = {}
    for dtype in (FP32, BF16):
        net = Net(dtype)
        rates = {"prodigy": 100.0, "lion": 0.2, "came": 0.1}
        group = ParameterGroup("all", list(net.parameters()), 1e-2 * rates.get(name, 1))
        settings = OptimizerSettings(name=name, schedule="constant", warmup=0)
        stepper = Stepper([group], settings, accelerator, num_steps=60)
        before = net.loss(1).item()
        take(stepper, net, *range(1, 61))
        ends[dtype] = sum(net.loss(step).item() for step in range(1, 6)) / 5
        assert ends[dtype] < 0.7 * before
    assert ends[BF16] < 1.3 * ends[FP32] + 0.05
