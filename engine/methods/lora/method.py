"""LoRA (Hu et al. 2021) and its kin: the base model stays, small matrices beside it learn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from peft import inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from engine.methods.base import LiveLayer, Method, ParameterGroup
from engine.methods.lora.targets import layers_of, peft_config
from engine.models.base import DiffusionModel, Part
from engine.results import LORA_DOWN, LORA_UP, AdapterLayer, AdapterResult, Result, WeightsResult
from engine.wording import QT_TRANSLATE_NOOP, Phrase

ADAPTER = "imprint"
# Where peft keeps an adapter's tensors, and what we call them.
_ROLES = {
    "lora_A": "down", "lora_B": "up", "lora_magnitude_vector": "magnitude",
    "hada_w1_a": "hada_w1_a", "hada_w1_b": "hada_w1_b",
    "hada_w2_a": "hada_w2_a", "hada_w2_b": "hada_w2_b",
    "lokr_w1": "lokr_w1", "lokr_w1_a": "lokr_w1_a", "lokr_w1_b": "lokr_w1_b",
    "lokr_w2": "lokr_w2", "lokr_w2_a": "lokr_w2_a", "lokr_w2_b": "lokr_w2_b",
    "oft_R": "oft",
}  # fmt: skip
_IN_FILES = {"down": LORA_DOWN, "up": LORA_UP}
_BEGIN_AS_ZERO = ("up", "hada_w2_b", "lokr_w1", "lokr_w1_a", "oft")
_OUTER = ("up",)  # what LoRA+ lets learn faster

_OTHER_KIND = QT_TRANSLATE_NOOP("engine", "it is of another kind than this run's add-on")
_OTHER_LAYERS = QT_TRANSLATE_NOOP("engine", "it stands beside other layers, not {name}")
_MORE_LAYERS = QT_TRANSLATE_NOOP(
    "engine", "it stands beside {name} too, which this run leaves alone"
)
_BRINGS_WORDS = QT_TRANSLATE_NOOP("engine", "it has embeddings inside, which a run cannot continue")
_OTHER_SIZE = QT_TRANSLATE_NOOP("engine", "its {name} has another size")


class Lora(Method):
    """Small matrices beside layers of the UNet and, if asked, of the text encoders."""

    _model: DiffusionModel

    @property
    def trains_text(self) -> bool:
        return self.settings.teaches_text

    def attach(self, model: DiffusionModel) -> None:
        model.freeze()
        self._model = model
        self._parts = [part for part in model.parts() if self.trains_text or not part.reads_text]
        for part in self._parts:
            config = peft_config(layers_of(part, self.settings), self.settings)
            inject_adapter_in_model(config, part.module, ADAPTER)
            _measure_again(part)
        for _, parameter in self.named_parameters():
            parameter.data = parameter.data.float()  # masters in fp32, whatever the base is

    def parameter_groups(self) -> list[ParameterGroup]:
        return [group for part in self._parts for group in self._groups_of(part)]

    def _groups_of(self, part: Part) -> Iterator[ParameterGroup]:
        settings = self.settings
        rate = settings.text_learning_rate if part.reads_text else settings.learning_rate
        until = settings.text_until if part.reads_text else 1.0
        found = [(role, p) for _, layer in _layers(part) for role, p in _tensors(layer)]
        if settings.plus_ratio == 1:
            yield ParameterGroup(part.name, [p for _, p in found], rate, until)
            return
        inner = [p for role, p in found if role not in _OUTER]
        outer = [p for role, p in found if role in _OUTER]
        yield ParameterGroup(part.name, inner, rate, until)
        yield ParameterGroup(f"{part.name}, outer", outer, rate * settings.plus_ratio, until)

    def watched(self) -> list[ParameterGroup]:
        """The matrices that begin as zero: while they are zero, the add-on does nothing."""
        found = []
        for part in self._parts:
            group = next(iter(self._groups_of(part)))
            weights = [
                parameter
                for _, layer in _layers(part)
                for role, parameter in _tensors(layer)
                if role in _BEGIN_AS_ZERO
            ]
            found.append(replace(group, parameters=weights, in_file_precision=True))
        return found

    @torch.no_grad()
    def shows(self, dtype: torch.dtype) -> bool:
        is_whole = "adapter" not in self.settings.leaves
        for part in self._parts:
            for _, layer in _layers(part):
                base = layer.get_base_layer().weight.detach().to("cpu", torch.float32)
                held = _merged(layer, torch.float32 if is_whole else dtype)
                if is_whole:  # the file holds the sum alone
                    base, held = base.to(dtype), held.to(dtype)
                if not held.equal(base):
                    return True
        return False

    def set_training(self, training: bool) -> None:
        for part in self._parts:
            for _, layer in _layers(part):
                layer.train(training)

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        for part in self._parts:
            for path, layer in _layers(part):
                for role, parameter in _tensors(layer):
                    yield f"{part.name}.{path}.{role}", parameter

    def results(self) -> tuple[Result, ...]:
        if "adapter" not in self.settings.leaves:
            return ()
        layers = [
            _result_of(part, path, layer) for part in self._parts for path, layer in _layers(part)
        ]
        rank, alpha, kind = self.settings.rank, self.settings.alpha, self.settings.algorithm
        # As files mean it: they know no scale but alpha / rank.
        meant = alpha * rank**0.5 if self.settings.rslora else alpha
        return (AdapterResult(tuple(layers), rank, meant, kind),)

    def live_layers(self) -> Iterator[tuple[str, str]]:
        for part in self._parts:
            for path, _ in _layers(part):
                yield part.name, path

    def live_layer(self, part: str, path: str) -> LiveLayer:
        layer = self._layer(part, path)
        tensors = {
            _IN_FILES.get(role, role): parameter.detach().to("cpu", torch.float32)
            for role, parameter in _tensors(layer)
        }
        return LiveLayer(tensors, float(layer.scaling[ADAPTER]), partial(_delta_with, layer))

    def whole_model(self) -> WeightsResult:
        weights: dict[str, Mapping[str, Tensor]] = {
            part.name: _MergedWeights(part) for part in self._model.parts()
        }
        weights["vae"] = self._model.vae_module().state_dict()
        learnt = {
            part.name: {f"{path}.weight" for path, _ in _layers(part)} for part in self._parts
        }
        return WeightsResult(weights, self._model.configs(), learnt)

    @torch.no_grad()
    def adopt(self, result: Result) -> None:
        if not isinstance(result, AdapterResult) or result.algorithm != self.settings.algorithm:
            raise ValueError(Phrase(_OTHER_KIND))
        if result.words:
            raise ValueError(Phrase(_BRINGS_WORDS))
        given = {(layer.part, layer.path): layer for layer in result.layers}
        own = set(self.live_layers())
        for part, path in given:
            if (part, path) not in own:
                raise ValueError(Phrase(_MORE_LAYERS, name=f"{part}.{path}"))
        for part, path in self.live_layers():
            layer = given.get((part, path))
            if layer is None:
                raise ValueError(Phrase(_OTHER_LAYERS, name=f"{part}.{path}"))
            _take_over(self._layer(part, path), _result_of_path(part, path, self), layer)

    @contextmanager
    def base_model(self) -> Iterator[None]:
        # Not peft's enable_adapters: it would also make the weights forget that they learn.
        found = [layer for part in self._parts for _, layer in _layers(part)]
        for layer in found:
            layer._disable_adapters = True
        try:
            yield
        finally:
            for layer in found:
                layer._disable_adapters = False

    def _layer(self, part: str, path: str) -> Any:
        module = next(known.module for known in self._parts if known.name == part)
        return module.get_submodule(path)


class _MergedWeights(Mapping[str, Tensor]):
    """A part's weights under their bare names; an adapted one is worked out when asked for."""

    def __init__(self, part: Part) -> None:
        self._layers = dict(_layers(part))
        self._plain: dict[str, Tensor] = {}
        for key, tensor in part.module.state_dict().items():
            if not any(f".{kept}." in f".{key}." for kept in _ROLES):
                self._plain[key.replace(".base_layer.", ".")] = tensor

    def __getitem__(self, name: str) -> Tensor:
        path, _, kind = name.rpartition(".")
        if kind == "weight" and path in self._layers:
            return _merged(self._layers[path])
        return self._plain[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._plain)

    def __len__(self) -> int:
        return len(self._plain)


@torch.no_grad()
def _merged(layer: Any, stored: torch.dtype = torch.float32) -> Tensor:
    """The layer's weight with the adapter in it, fp32; the layer stays as it is, bit for bit.

    `stored`: the precision in which a file holds the adapter.
    """
    weight = layer.get_base_layer().weight
    kept = weight.data
    weight.data = kept.to("cpu", torch.float32, copy=True)  # so that the file alone rounds it
    own = {_IN_FILES.get(role, role): p.detach().to(stored) for role, p in _tensors(layer)}
    try:
        with _holding(layer, own):
            layer.merge(adapter_names=[ADAPTER])
        return weight.data
    finally:
        weight.data = kept
        layer.merged_adapters.clear()
        getattr(layer, "_caches", {}).clear()  # DoRA's norms, kept for an unmerge that never comes


@torch.no_grad()
def _delta_with(layer: Any, tensors: Mapping[str, Tensor]) -> Tensor:
    """What peft's own arithmetic makes of other tensors in the layer's place."""
    with _holding(layer, tensors):
        return layer.get_delta_weight(ADAPTER).float()


@contextmanager
def _holding(layer: Any, tensors: Mapping[str, Tensor]) -> Iterator[None]:
    """Inside the block the layer's adapter holds these values, in fp32 on the CPU.

    There, because a card may multiply convolutions in TF32, and the same numbers must give the
    same result whenever it is worked out.
    """
    kept: list[tuple[Tensor, Tensor]] = [(p, p.data) for _, p in _tensors(layer)]
    kept += [(b, b.data) for n, b in layer.named_buffers() if not n.startswith("base_layer.")]
    try:
        for role, parameter in _tensors(layer):
            given = tensors[_IN_FILES.get(role, role)].detach().to("cpu", torch.float32)
            parameter.data = given.reshape(parameter.shape)
        for name, buffer in layer.named_buffers():
            if not name.startswith("base_layer."):
                buffer.data = buffer.data.cpu()
        yield
    finally:
        for tensor, data in kept:
            tensor.data = data


def _measure_again(part: Part) -> None:
    """DoRA's magnitudes in fp32: peft works them out in the base's own precision, and a rounded
    length would change the model before a step is taken."""
    for _, layer in _layers(part):
        weight = layer.get_base_layer().weight
        for role, magnitude in _tensors(layer):
            if role == "magnitude" and weight.dtype != torch.float32:
                lengths = weight.detach().float().flatten(1).norm(dim=1)
                magnitude.data = lengths.view(magnitude.shape)


def _layers(part: Part) -> Iterator[tuple[str, Any]]:
    """Path and layer of every adapted layer, whose types peft leaves open."""
    for path, module in part.module.named_modules():
        if isinstance(module, BaseTunerLayer):
            yield path, module


def _tensors(layer: Any) -> Iterator[tuple[str, nn.Parameter]]:
    """Role and weight of all that learns in a layer."""
    for kept, role in _ROLES.items():
        found = getattr(layer, kept, None)
        if found is not None and ADAPTER in found:
            held = found[ADAPTER]
            yield role, held if isinstance(held, nn.Parameter) else held.weight


def _result_of(part: Part, path: str, layer: Any) -> AdapterLayer:
    tensors = {_IN_FILES.get(role, role): p.detach() for role, p in _tensors(layer)}
    scale, rank = layer.scaling[ADAPTER], layer.r[ADAPTER]
    if "lokr_w1" in tensors and "lokr_w2" in tensors:
        # Two whole matrices have no rank; readers take the scale for 1.
        tensors["lokr_w2"] = tensors["lokr_w2"] * scale
    return AdapterLayer(part.name, path, tensors, scale * rank)


def _result_of_path(part: str, path: str, method: Lora) -> AdapterLayer:
    known = next(known for known in method._parts if known.name == part)
    return _result_of(known, path, method._layer(part, path))


def _take_over(layer: Any, own: AdapterLayer, given: AdapterLayer) -> None:
    """Copy tensors of the same roles and shapes; another strength goes into the last of them."""
    if own.tensors.keys() != given.tensors.keys():  # Tucker's form, say, or whole matrices
        raise ValueError(Phrase(_OTHER_SIZE, name=f"{given.part}.{given.path}"))
    for role, parameter in _tensors(layer):
        tensor = given.tensors[_IN_FILES.get(role, role)]
        if tensor.numel() != parameter.numel():
            raise ValueError(Phrase(_OTHER_SIZE, name=f"{given.part}.{given.path}"))
        parameter.copy_(tensor.reshape(parameter.shape))
    *_, (_, last) = _tensors(layer)
    if own.rank:
        last.mul_((given.alpha / given.rank) / (own.alpha / own.rank))
    else:
        last.div_(layer.scaling[ADAPTER])
