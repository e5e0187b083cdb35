"""The nets of a hypernetwork: one for k and one for v, for each width of input.

The kind that AUTOMATIC1111 trains and ComfyUI loads; it goes back to NovelAI (2022).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from engine.results import HypernetworkResult, NetworkShape

ROLES = ("k", "v")
ACTIVATIONS: Mapping[str, type[nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "leakyrelu": nn.LeakyReLU,
    "elu": nn.ELU,
    "swish": nn.Hardswish,  # the front ends' word for it; not SiLU
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softsign": nn.Softsign,
    "mish": nn.Mish,
}


class Net(nn.Module):
    """Linear layers, each with activation, layer norm and dropout behind it as the shape says."""

    def __init__(self, width: int, shape: NetworkShape, dropout: float = 0.0) -> None:
        super().__init__()
        sizes = [int(width * multiple) for multiple in shape.layer_structure]
        self.linear = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.norm = nn.ModuleList(nn.LayerNorm(b) for b in sizes[1:] if shape.layer_norm)
        self._activate_output = shape.activate_output
        self._activation = ACTIVATIONS[shape.activation]()
        self._dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> (..., width), what is to be added to the input; fp32."""
        last = len(self.linear) - 1
        for i, linear in enumerate(self.linear):
            x = linear(x)
            if i < last or self._activate_output:
                x = self._activation(x)
            if self.norm:
                x = self.norm[i](x)
            if i < last:
                x = self._dropout(x)
        return x


class Nets(nn.Module):
    """The pairs of nets by width. Their weights are fp32, whatever the base model is."""

    def __init__(self, widths: Collection[int], shape: NetworkShape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.pairs = nn.ModuleDict(
            {
                str(width): nn.ModuleDict({role: Net(width, shape, dropout) for role in ROLES})
                for width in widths
            }
        )

    @classmethod
    def of(cls, result: HypernetworkResult, device: torch.device) -> Nets:
        """The nets of a result, for use alone. Draws no random number.

        Raises RuntimeError where tensors and shape do not agree.
        """
        with torch.device("meta"):
            nets = cls(result.nets, result.shape)
        for width, pair in result.nets.items():
            for role, tensors in zip(ROLES, pair, strict=True):
                own = {name: tensor.to(device, torch.float32) for name, tensor in tensors.items()}
                nets.pair(width)[role].load_state_dict(own, assign=True)
        return nets.eval().requires_grad_(False)

    @property
    def widths(self) -> list[int]:
        return [int(width) for width in self.pairs]

    def pair(self, width: int) -> Mapping[str, Net]:
        """The nets for k and v. Raises KeyError at a width that there is none for."""
        return cast(Mapping[str, Net], self.pairs[str(width)])

    def result(self) -> HypernetworkResult:
        return HypernetworkResult(
            {
                width: (_tensors(self.pair(width)["k"]), _tensors(self.pair(width)["v"]))
                for width in self.widths
            },
            self.shape,
        )


@torch.no_grad()
def initialise(net: Net, way: str, activation: str) -> None:
    """First weights: AUTOMATIC1111's by its names, or "Zero", which gives 0 for any input."""
    for layer in net.linear:
        nn.init.zeros_(cast(nn.Linear, layer).bias)
        _draw(cast(nn.Linear, layer).weight, way, activation)
    if way == "Zero":
        # Only what comes last is zero, so that there is a slope to begin with. Behind a layer
        # norm the norm must be it: it would blow the first tiny outputs up.
        for parameter in (net.norm or net.linear)[-1].parameters():
            nn.init.zeros_(parameter)
        return
    for layer in net.norm:
        nn.init.normal_(cast(nn.LayerNorm, layer).weight, std=0.01)


def _draw(weight: Tensor, way: str, activation: str) -> None:
    slope = "leaky_relu" if activation == "leakyrelu" else "relu"
    match way:
        case "Normal":
            nn.init.normal_(weight, std=0.01)
        case "XavierUniform":
            nn.init.xavier_uniform_(weight)
        case "XavierNormal":
            nn.init.xavier_normal_(weight)
        case "KaimingUniform":
            nn.init.kaiming_uniform_(weight, nonlinearity=slope)
        case "KaimingNormal":
            nn.init.kaiming_normal_(weight, nonlinearity=slope)
        case _:  # "Zero": as torch draws a linear layer, at a strength that no width changes
            pass


def _tensors(net: Net) -> dict[str, Tensor]:
    return {name: parameter.detach() for name, parameter in net.named_parameters()}
