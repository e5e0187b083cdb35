"""An average of the weights over the last steps, steadier than the weights themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn


class Ema:
    """Exponential moving averages in fp32, each beside its parameter."""

    def __init__(self, named_parameters: Iterable[tuple[str, nn.Parameter]], decay: float) -> None:
        self._parameters = dict(named_parameters)
        self._decay = decay
        self._averages = {
            name: parameter.detach().to(torch.float32, copy=True)
            for name, parameter in self._parameters.items()
        }

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after a step (counted from 1).

        The decay rises as (1 + step) / (10 + step), so that the start is soon forgotten.
        """
        decay = min(self._decay, (1 + step) / (10 + step))
        for name, average in self._averages.items():
            average.lerp_(self._parameters[name].detach().float(), 1 - decay)

    @contextlib.contextmanager
    def swapped_in(self) -> Iterator[None]:
        """Inside the block the parameters hold their averages.

        Parameters in fp32 share the memory of their averages meanwhile: nothing is copied.
        """
        rounded = {n: p for n, p in self._parameters.items() if p.dtype != torch.float32}
        own = {n: p.data for n, p in self._parameters.items() if n not in rounded}
        with weights_kept(rounded.values()):
            try:
                for name in own:
                    self._parameters[name].data = self._averages[name]
                with torch.no_grad():
                    for name, parameter in rounded.items():
                        parameter.copy_(self._averages[name])
                yield
            finally:
                for name, data in own.items():
                    self._parameters[name].data = data

    def state_dict(self) -> dict[str, Tensor]:
        return dict(self._averages)

    def load_state_dict(self, averages: Mapping[str, Tensor]) -> None:
        """Put back what `state_dict` gave. Raises KeyError where the names differ."""
        if averages.keys() != self._averages.keys():
            raise KeyError("the saved averages belong to a method of another shape")
        for name, average in self._averages.items():
            average.copy_(averages[name])


@contextlib.contextmanager
def weights_kept(parameters: Iterable[nn.Parameter]) -> Iterator[None]:
    """Inside the block parameters may change; afterwards they are what they were, bit for bit.

    The copies lie in main memory: a card that trains a whole network has no room for two.
    """
    kept = [(parameter, parameter.detach().to("cpu", copy=True)) for parameter in parameters]
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, copy in kept:
                parameter.copy_(copy)
