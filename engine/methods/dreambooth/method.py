"""DreamBooth (Ruiz et al. 2022): the whole network learns that these words mean this subject."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from torch import nn

from engine.methods.base import Method, ParameterGroup
from engine.models.base import DiffusionModel, Part
from engine.results import WeightsResult

# The table of words does not learn: weight decay would wear down the 49,000 words that no
# caption names.
_STILL = "token_embedding."


class DreamBooth(Method):
    """All weights of the UNet and, if asked, of the text encoders."""

    _model: DiffusionModel

    @property
    def trains_text(self) -> bool:
        return self.settings.teaches_text

    def attach(self, model: DiffusionModel) -> None:
        model.freeze()
        self._model = model
        self._parts = [p for p in model.parts() if self.trains_text or not p.reads_text]
        prior = self.settings.prior()
        # Only asked for its answers, so a copy of its own is the price of having no pictures.
        self._frozen: dict[str, nn.Module] = (
            {part.name: copy.deepcopy(part.module) for part in self._parts}
            if prior is not None and prior.from_frozen
            else {}
        )
        for _, parameter in self.named_parameters():
            parameter.requires_grad_(True)

    def parameter_groups(self) -> list[ParameterGroup]:
        rates = {False: self.settings.learning_rate, True: self.settings.text_learning_rate}
        until = {False: 1.0, True: self.settings.text_until}
        return [
            ParameterGroup(
                part.name,
                [parameter for _, parameter in _learning(part)],
                rates[part.reads_text],
                until[part.reads_text],
            )
            for part in self._parts
        ]

    def watched(self) -> list[ParameterGroup]:
        return [replace(group, in_file_precision=True) for group in self.parameter_groups()]

    def set_training(self, training: bool) -> None:
        for part in self._parts:
            part.module.train(training)

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        for part in self._parts:
            for name, parameter in _learning(part):
                yield f"{part.name}.{name}", parameter

    def results(self) -> tuple[()]:
        return ()

    def whole_model(self) -> WeightsResult:
        weights = {part.name: part.module.state_dict() for part in self._model.parts()}
        weights["vae"] = self._model.vae_module().state_dict()
        learnt = {part.name: {name for name, _ in _learning(part)} for part in self._parts}
        return WeightsResult(weights, self._model.configs(), learnt)

    @contextmanager
    def base_model(self) -> Iterator[None]:
        if not self._frozen:
            raise RuntimeError("DreamBooth keeps no copy of the base model with these settings")
        learning = {name: self._model.swap_part(name, m) for name, m in self._frozen.items()}
        try:
            yield
        finally:
            for name, module in learning.items():
                self._model.swap_part(name, module)


def _learning(part: Part) -> Iterator[tuple[str, nn.Parameter]]:
    for name, parameter in part.module.named_parameters():
        if _STILL not in name:
            yield name, parameter
