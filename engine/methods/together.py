"""Several methods in one run, each with its own weights, groups and results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from engine.methods.base import LiveLayer, Method, ParameterGroup, Subject
from engine.models.base import DiffusionModel
from engine.results import Result


class Together(Method):
    """What its members are, one after the other. Leaves no whole model, which would hold one
    member's part alone."""

    def __init__(self, settings: Any, subject: Subject, members: Sequence[Method]) -> None:
        super().__init__(settings, subject)
        self._members = tuple(members)
        self._owners: dict[tuple[str, str], Method] = {}  # of the live layers

    @property
    def trains_text(self) -> bool:
        return any(member.trains_text for member in self._members)

    def attach(self, model: DiffusionModel) -> None:
        for member in self._members:
            member.attach(model)
        for _, parameter in self.named_parameters():  # each freezes the model and all that is in it
            parameter.requires_grad_(True)

    def parameter_groups(self) -> list[ParameterGroup]:
        return [group for member in self._members for group in member.parameter_groups()]

    def watched(self) -> list[ParameterGroup]:
        return [group for member in self._members for group in member.watched()]

    def shows(self, dtype: torch.dtype) -> bool:
        return all(member.shows(dtype) for member in self._members)

    def occasional(self) -> list[nn.Parameter]:
        return [weight for member in self._members for weight in member.occasional()]

    def set_training(self, training: bool) -> None:
        for member in self._members:
            member.set_training(training)

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        for member in self._members:
            yield from member.named_parameters()

    def results(self) -> tuple[Result, ...]:
        return tuple(result for member in self._members for result in member.results())

    def live_layers(self) -> Iterator[tuple[str, str]]:
        for member in self._members:
            yield from member.live_layers()

    def live_layer(self, part: str, path: str) -> LiveLayer:
        if not self._owners:
            self._owners = {place: m for m in self._members for place in m.live_layers()}
        return self._owners[part, path].live_layer(part, path)

    def adopt(self, result: Result) -> None:
        """The member that leaves such a thing takes it; the others begin anew."""
        for member in self._members:
            if any(isinstance(result, type(own)) for own in member.results()):
                member.adopt(result)
                return
        super().adopt(result)

    @contextmanager
    def base_model(self) -> Iterator[None]:
        with ExitStack() as stack:
            for member in self._members:
                stack.enter_context(member.base_model())
            yield

    def after_step(self) -> None:
        for member in self._members:
            member.after_step()
