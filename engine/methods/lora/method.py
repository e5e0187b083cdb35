"""LoRA (Hu et al. 2021): the base model stays, small matrices beside it learn."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from engine.methods.base import Method, ParameterGroup
from engine.methods.lora.settings import LoraSettings
from engine.models.base import DiffusionModel, Part
from engine.results import LowRankLayer, LowRankResult

ADAPTER = "imprint"
# The layers that kohya's trainer adapts by default: 192 in the UNet of SD 1.5, 72 in its text
# encoder. q, k, v and out always go together, because AUTOMATIC1111 drops a part of them.
ATTENTION = r".*\.attn[12]\.(to_q|to_k|to_v|to_out\.0)"
FEED_FORWARD = r"(.*\.ff\.net\.(0\.proj|2)|.*attentions\.\d+\.proj_(in|out))"
TEXT = r".*\.(q_proj|k_proj|v_proj|out_proj|fc1|fc2)"


class Lora(Method):
    """Low-rank matrices beside the linear layers of the UNet and, if asked, the text encoder."""

    def __init__(self, settings: LoraSettings) -> None:
        self.settings = settings
        self._parts: list[Part] = []

    @property
    def trains_text(self) -> bool:
        return self.settings.text_learning_rate > 0

    def attach(self, model: DiffusionModel) -> None:
        model.freeze()
        self._parts = [part for part in model.parts() if self.trains_text or not part.reads_text]
        for part in self._parts:
            config = LoraConfig(
                r=self.settings.rank,
                lora_alpha=cast(int, self.settings.alpha),  # peft divides; a fraction is fine
                lora_dropout=self.settings.dropout,
                target_modules=self._targets(part),
            )
            inject_adapter_in_model(config, part.module, ADAPTER)
        for parameter in self._parameters():
            parameter.data = parameter.data.float()  # masters in fp32, whatever the base is

    def parameter_groups(self) -> list[ParameterGroup]:
        rates = {False: self.settings.learning_rate, True: self.settings.text_learning_rate}
        return [
            ParameterGroup(
                part.name,
                [p for _, layer in _layers(part) for p in _matrices(layer)],
                rates[part.reads_text],
            )
            for part in self._parts
        ]

    def set_training(self, training: bool) -> None:
        for part in self._parts:
            for _, layer in _layers(part):
                layer.train(training)

    def state_dict(self) -> dict[str, Tensor]:
        return {name: parameter.detach() for name, parameter in self._named_parameters()}

    @torch.no_grad()
    def load_state_dict(self, weights: Mapping[str, Tensor]) -> None:
        own = dict(self._named_parameters())
        if own.keys() != weights.keys():
            raise KeyError("the saved weights belong to a LoRA of another shape")
        for name, parameter in own.items():
            parameter.copy_(weights[name])

    def result(self) -> LowRankResult:
        layers = [
            LowRankLayer(
                part=part.name,
                path=path,
                down=layer.lora_A[ADAPTER].weight.detach(),
                up=layer.lora_B[ADAPTER].weight.detach(),
                alpha=self.settings.alpha,
            )
            for part in self._parts
            for path, layer in _layers(part)
        ]
        return LowRankResult(tuple(layers), self.settings.rank, self.settings.alpha)

    def _targets(self, part: Part) -> str:
        if part.reads_text:
            return TEXT
        return f"{ATTENTION}|{FEED_FORWARD}" if self.settings.feed_forward else ATTENTION

    def _parameters(self) -> Iterator[nn.Parameter]:
        return (parameter for _, parameter in self._named_parameters())

    def _named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        for part in self._parts:
            for path, layer in _layers(part):
                down, up = _matrices(layer)
                yield f"{part.name}.{path}.down", down
                yield f"{part.name}.{path}.up", up


def _layers(part: Part) -> Iterator[tuple[str, Any]]:
    """Path and layer of every adapted layer; a LoraLayer, whose types peft leaves open."""
    for path, module in part.module.named_modules():
        if isinstance(module, LoraLayer):
            yield re.sub(r"^base_model\.model\.", "", path), module


def _matrices(layer: Any) -> tuple[nn.Parameter, nn.Parameter]:
    return layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
