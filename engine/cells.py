"""Weights that one optimizer moves in one call, in whatever precision they are held.

Half-precision weights are moved in fp32 and rounded back at random, so that steps far below
their resolution count on average (Zamirai et al. 2020).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

_OF_GROUP = "group."  # begins the names of numbers that an optimizer keeps for a whole group
_NOT_KEPT = ("params", "lr")


def stochastic_round(values: Tensor, dtype: torch.dtype, generator: torch.Generator) -> Tensor:
    """fp32 -> bf16 or fp16, up or down by chance, so that the mean is the value itself."""
    if dtype == torch.bfloat16:  # its bits are the upper half of those of fp32
        noise = torch.randint(
            2**16, values.shape, dtype=torch.int32, device=values.device, generator=generator
        )
        rounded = ((values.view(torch.int32) + noise) & -(2**16)).view(torch.float32)
    else:
        noise = torch.rand(values.shape, device=values.device, generator=generator)
        exponent = torch.frexp(values).exponent.clamp(min=-13)  # below it fp16 steps evenly
        spacing = torch.ldexp(torch.ones_like(values), exponent - 11)
        rounded = torch.floor(values / spacing + noise) * spacing
    return torch.where(values.isfinite(), rounded, values).to(dtype)


@dataclass(frozen=True, slots=True)
class Cell:
    """Weights that one optimizer moves in one call."""

    group: int
    indices: list[int]  # their places among all parameters
    weights: list[nn.Parameter]
    seen: list[nn.Parameter]  # what the optimizer holds: the weight, or a shell in its place
    optimizer: Optimizer
    fresh: dict[str, Any]  # the optimizer's group as it was made
    as_matrices: bool  # kernels of convolutions are shown as (out, in * height * width)

    @property
    def table(self) -> dict[str, Any]:
        return self.optimizer.param_groups[0]

    @property
    def has_gradients(self) -> bool:
        return any(weight.grad is not None for weight in self.weights)

    def fill(self) -> None:
        """Give each shell its weight and gradient in fp32; the weight gives its gradient away."""
        for weight, shell in self._shells():
            if weight.grad is not None:
                shell.data = self._shown(weight.detach())
                shell.grad = self._shown(weight.grad)
                weight.grad = None

    def empty(self, seed: int, generators: dict[torch.device, torch.Generator]) -> None:
        """Write the shells back into their weights. The rounding is keyed by seed and place."""
        for index, (weight, shell) in zip(self.indices, self._pairs(), strict=True):
            if shell is weight or not shell.numel():
                continue
            moved = shell.detach().reshape(weight.shape)
            if weight.dtype != torch.float32:
                # torch takes 32 bits of a seed; the factor spreads the steps over them.
                key = (seed * 2654435761 + index) % 2**32
                generator = generators[weight.device].manual_seed(key)
                moved = stochastic_round(moved, weight.dtype, generator)
            weight.data.copy_(moved)
            shell.data, shell.grad = shell.data.new_empty(0), None

    def show_averages(self) -> None:
        """Put the average of a schedule-free optimizer in place of the weights."""
        for weight, shell in self._shells():
            shell.data = self._shown(weight.detach())
        optimizer: Any = self.optimizer
        optimizer.eval()
        self.table["train_mode"] = True  # the weights themselves will be put back, to the bit
        for weight, shell in self._shells():
            weight.data.copy_(shell.detach())
            shell.data = shell.data.new_empty(0)

    def known(self) -> dict[int, dict[str, Any]]:
        """What the optimizer keeps, by the places of the weights. The tensors are the live ones.

        Numbers of the whole cell lie beside those of its first weight.
        """
        known = {
            index: dict(self.optimizer.state[seen])
            for index, seen in zip(self.indices, self.seen, strict=True)
            if self.optimizer.state.get(seen)
        }
        for key, value in self.table.items():
            if key not in _NOT_KEPT and (key not in self.fresh or value != self.fresh[key]):
                known.setdefault(self.indices[0], {})[_OF_GROUP + key] = value
        return known

    def learn(
        self, saved: Mapping[int, Mapping[str, Any]], numbers: dict[str, Any]
    ) -> dict[str, Any]:
        """Put back what `known` gave; returns the numbers of the whole cell.

        `numbers` are those of the cell before, for a state that was saved in larger cells.
        """
        for index, (weight, seen) in reversed(list(zip(self.indices, self._pairs(), strict=True))):
            entry = {key: _placed(value, weight) for key, value in saved.get(index, {}).items()}
            shared = [key for key in entry if key.startswith(_OF_GROUP)]
            if shared:
                numbers = {key.removeprefix(_OF_GROUP): entry.pop(key) for key in shared}
            self.optimizer.state[seen] = entry
        self.table.update(numbers)
        return numbers

    def _pairs(self) -> Iterator[tuple[nn.Parameter, nn.Parameter]]:
        return zip(self.weights, self.seen, strict=True)

    def _shells(self) -> Iterator[tuple[nn.Parameter, nn.Parameter]]:
        return (pair for pair in self._pairs() if pair[0] is not pair[1])

    def _shown(self, tensor: Tensor) -> Tensor:
        tensor = tensor.float()
        return tensor.flatten(1) if self.as_matrices and tensor.dim() > 2 else tensor


def shell_of(weight: nn.Parameter) -> nn.Parameter:
    """An empty fp32 parameter, to stand for a weight in an optimizer."""
    return nn.Parameter(weight.detach().new_empty(0, dtype=torch.float32))


def _placed(value: Any, weight: Tensor) -> Any:
    """On the weight's device and, where it has the weight's shape, in its memory layout.

    Kernels walk weight and state side by side, through channels-last memory too.
    """
    if not isinstance(value, Tensor):
        return value
    if value.shape != weight.shape:
        return value.to(weight.device)
    return torch.empty_like(weight, dtype=value.dtype, requires_grad=False).copy_(value)
