"""A small network that learns in a few steps, for tests of how weights move."""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from engine.config import OptimizerSettings
from engine.methods.base import ParameterGroup
from engine.optimizers import OPTIMIZERS
from engine.stepping import Stepper

FP32, BF16, FP16 = torch.float32, torch.bfloat16, torch.float16
ON_CPU = sorted(set(OPTIMIZERS) - {"adamw_8bit"})
NUM_STEPS = 6


class Net(nn.Module):
    """A kernel, a matrix, a bias and a scale: every shape that a UNet has."""

    def __init__(self, dtype: torch.dtype = FP32) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.point = nn.Conv2d(4, 4, 1)
        self.norm = nn.LayerNorm(4 * 16)
        self.linear = nn.Linear(4 * 16, 5)
        self.to(dtype)

    def loss(self, step: int) -> Tensor:
        generator = torch.Generator().manual_seed(step)
        dtype = self.linear.weight.dtype
        pictures = torch.randn(2, 3, 4, 4, generator=generator).to(dtype)
        out = self.linear(self.norm(self.point(self.conv(pictures)).flatten(1)))
        return (out.float() - 1).square().mean()


def groups_of(net: Net, until: float = 1.0) -> list[ParameterGroup]:
    first = [*net.conv.parameters(), *net.norm.parameters()]
    second = [*net.point.parameters(), *net.linear.parameters()]
    return [ParameterGroup("first", first, 1e-2), ParameterGroup("second", second, 3e-3, until)]


def stepper_of(net: Net, accelerator: Accelerator, until: float = 1.0, **settings) -> Stepper:
    return Stepper(
        groups_of(net, until), OptimizerSettings(**settings), accelerator, num_steps=NUM_STEPS
    )


def take(stepper: Stepper, net: Net, *steps: int, micro: int = 1) -> None:
    for step in steps:
        stepper.begin(step)
        for part in range(micro):
            stepper.backward(net.loss(100 * part + step) / micro)
        stepper.end()


def weights_of(net: Net) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def require_equal(one: Net, other: Net) -> None:
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name


def moved(net: Net, before: dict[str, Tensor]) -> set[str]:
    return {
        name for name, tensor in net.state_dict().items() if not torch.equal(tensor, before[name])
    }
