"""Hypernetwork: small nets change what the attention layers read; the base model stays.

AUTOMATIC1111's kind, which goes back to NovelAI (2022); not that of Ha et al. (2016).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn

from engine.methods.base import Method, ParameterGroup
from engine.methods.hypernetwork import hooks
from engine.methods.hypernetwork.layers import Nets, initialise
from engine.models.base import DiffusionModel
from engine.results import HypernetworkResult, NetworkShape, Result
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_PROBES = 16  # inputs that a net is tried with


class Hypernetwork(Method):
    """x + net(x) on the input of every to_k and to_v, with nets of their own by width."""

    nets: Nets
    _bend: hooks.Bend
    _part: str

    def attach(self, model: DiffusionModel) -> None:
        model.freeze()
        part = next(part for part in model.parts() if not part.reads_text)
        all_widths, of_prompt = hooks.widths(part.module)
        wanted = all_widths if self.settings.self_attention else of_prompt
        self._part = part.name
        self.nets = Nets(sorted(wanted), self._shape(), self.settings.dropout)
        for width in self.nets.widths:
            for net in self.nets.pair(width).values():
                initialise(net, self.settings.weight_init, self.settings.activation)
        self.nets.to(next(part.module.parameters()).device)
        self.set_training(False)
        self._bend = hooks.Bend(part.module, [(self.nets, 1.0)])

    def parameter_groups(self) -> list[ParameterGroup]:
        learning = [parameter for _, parameter in self.named_parameters()]
        return [ParameterGroup("hypernetwork", learning, self.settings.learning_rate)]

    @torch.no_grad()
    def shows(self, dtype: torch.dtype) -> bool:
        del dtype  # its files are fp32
        generator = torch.Generator().manual_seed(0)
        for width in self.nets.widths:
            x = torch.randn(_PROBES, width, generator=generator)
            for net in self.nets.pair(width).values():
                x = x.to(next(net.parameters()).device)
                if not (x + net(x)).equal(x):
                    return True
        return False

    def set_training(self, training: bool) -> None:
        self.nets.train(training)

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        for name, parameter in self.nets.pairs.named_parameters():
            yield f"{self._part}.{name}", parameter

    def results(self) -> tuple[Result, ...]:
        return (self.nets.result(),)

    @torch.no_grad()
    def adopt(self, result: Result) -> None:
        """Raises ValueError unless the nets have the same shape and the same widths."""
        if not isinstance(result, HypernetworkResult):
            no_kin = Phrase(QT_TRANSLATE_NOOP("engine", "it is no hypernetwork"))
            raise ValueError(no_kin)  # noqa: TRY004 (what `adopt` promises)
        own = self.nets.result()
        if replace(result.shape, weight_initialization="") != replace(
            own.shape, weight_initialization=""
        ):
            raise ValueError(
                Phrase(
                    QT_TRANSLATE_NOOP("engine", "its nets are {theirs}; this run's are {ours}"),
                    theirs=_in_words(result.shape),
                    ours=_in_words(own.shape),
                )
            )
        if result.nets.keys() != own.nets.keys():
            raise ValueError(
                Phrase(
                    QT_TRANSLATE_NOOP("engine", "it has nets for {theirs}; this run has {ours}"),
                    theirs=", ".join(map(str, sorted(result.nets))),
                    ours=", ".join(map(str, sorted(own.nets))),
                )
            )
        for width, pair in result.nets.items():
            for tensors, mine in zip(pair, own.nets[width], strict=True):
                for name, tensor in mine.items():
                    tensor.copy_(tensors[name])

    @contextmanager
    def base_model(self) -> Iterator[None]:
        was_on, self._bend.is_on = self._bend.is_on, False
        try:
            yield
        finally:
            self._bend.is_on = was_on

    def _shape(self) -> NetworkShape:
        settings = self.settings
        return NetworkShape(
            layer_structure=settings.structure,
            activation=settings.activation,
            activate_output=settings.activate_output,
            layer_norm=settings.layer_norm,
            weight_initialization=settings.weight_init,
        )


def _in_words(shape: NetworkShape) -> str:
    """As the settings' names say it, which are the same in every language."""
    structure = ", ".join(f"{number:g}" for number in shape.layer_structure)
    return (
        f"({structure}) {shape.activation}, activate_output {shape.activate_output}, "
        f"layer_norm {shape.layer_norm}"
    )
