"""Reads LoRA files of all trainers: kohya, LyCORIS, diffusers old and new, peft, OneTrainer.

Nothing is dropped in silence: what a file holds is applied to the last key, or the file is
refused with a sentence that says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.addon_errors import (
    AddonForOtherFamily,
    AddonForOtherModel,
    AddonIncomplete,
    AddonNamesUnknown,
)
from engine.errors import AddonDoesNotFit, AddonUnreadable, AddonUnsupported
from engine.formats import embedding, lora_origin
from engine.formats.lora_alpha import StatedAlphas
from engine.formats.lora_file import LoraFile, open_lora, with_weights
from engine.formats.lora_keys import ALPHA, NUMBERS, SCALAR, SCALE, is_adapter, split_key
from engine.formats.lora_layers import built, fits
from engine.formats.lora_names import WITHOUT_EFFECT, Place, known_names
from engine.models.base import DiffusionModel
from engine.models.safetensors_header import Header, is_pickle
from engine.regular_files import is_file
from engine.results import DIFF, AdapterLayer, AdapterResult, EmbeddingResult, delta
from engine.wording import QT_TRANSLATE_NOOP, Phrase

Names = Mapping[str, Place]  # a layer's name in the file -> its part and path
Roles = dict[str, Tensor]

# What a key looks like in files of which Imprint does not apply a thing.
_INFIX = r"(\.\w{1,100}){0,2}"  # name of the adapter, and "weight"
_OTHERS = (
    (re.compile(rf"\.(dora_scale|lora_magnitude_vector){_INFIX}\Z"), "DoRA"),
    (re.compile(rf"\.(oft_blocks|oft_diag|oft_R){_INFIX}\Z"), "OFT"),
    (re.compile(r"\.on_input\Z"), "(IA)^3"),
    (
        re.compile(r"\.(set_weight|reshape_weight)\Z"),
        QT_TRANSLATE_NOOP("engine", "a file that replaces whole layers"),
    ),
    (
        re.compile(r"\.(bias_indices|bias_values)\Z"),
        QT_TRANSLATE_NOOP("engine", "a file of scattered biases"),
    ),
)
_BUNDLE = re.compile(r"\Abundle_emb\.(?P<word>.+?)\.(?P<key>string_to_param\..+|clip_[lg])")
_SHOWN = 3  # names in one sentence

_QUANTIZED = QT_TRANSLATE_NOOP(
    "engine", "{name} holds whole numbers; a LoRA that was quantized to them cannot be read"
)
_NO_NUMBERS = QT_TRANSLATE_NOOP("engine", "{name} holds numbers that are none")
_EMPTY = QT_TRANSLATE_NOOP("engine", "{name} holds nothing, its rank is 0")
_TOO_LARGE = QT_TRANSLATE_NOOP(
    "engine", "it is {gib:.0f} GiB large, more than all weights of the model"
)
_TOO_MANY = QT_TRANSLATE_NOOP(
    "engine", "{name} holds {count} numbers, far more than this layer of the model has"
)
_OVERFLOWS = QT_TRANSLATE_NOOP("engine", "what {name} adds to the weights is infinite")
_BYTES_OF_A_WEIGHT, _BYTES_BESIDE = 4, 256 << 20
# A LoRA of the full rank holds twice as many numbers as the weight; of small layers still more.
_TIMES_THE_WEIGHT, _SMALL = 4, 1 << 20
_MOST_BESIDE = 1 << 24
_SURELY_FINITE = 1e30  # of 3e38; the rest is for the base weight, which GLoRA multiplies
_NOT_ONE = QT_TRANSLATE_NOOP("engine", "the {role} of {name} is not a single number")


def read_adapter(path: Path, model: DiffusionModel) -> AdapterResult:
    """The add-on in a file or a peft folder, all of whose layers the model has.

    Raises AddonUnreadable, AddonUnsupported, AddonIncomplete, one of the other Addon... errors
    or one of the Model... errors.
    """
    if is_file(path) and is_pickle(path):  # read as a whole: no header says what it holds
        require_size(path, model)
    file = open_lora(path)
    _refuse_others(path, file.header)
    return _adapter(file, model)


def require_size(path: Path, model: DiffusionModel) -> None:
    """Raises AddonUnreadable where a file is larger than all that could be changed in the model."""
    num_weights = sum(p.numel() for part in model.parts() for p in part.module.parameters())
    if path.stat().st_size > _BYTES_OF_A_WEIGHT * num_weights + _BYTES_BESIDE:
        size = path.stat().st_size / 2**30
        raise AddonUnreadable(path=path.name, reason=Phrase(_TOO_LARGE, gib=size))


def read_named(path: Path, names: Names) -> AdapterResult:
    """A file that holds these layers and nothing else. Raises as `read_adapter` does."""
    file = with_weights(open_lora(path))
    groups = _Groups(file, names)
    groups.require_known()
    groups.require_whole()
    return _result(list(groups.layers(file)), ())


def _adapter(promised: LoraFile, model: DiffusionModel) -> AdapterResult:
    """All that shapes tell is looked at before a weight is read."""
    modules = {part.name: part.module for part in model.parts()}
    known = known_names(model)
    groups = _Groups(promised, known.places)
    groups.settle(known.ambiguous, modules)
    unfit = sum(not fits(layer, modules[layer.part]) for layer in groups.bare_layers())
    if groups.unknown or unfit:
        _refuse_strangers(promised, model)
    groups.require_known()
    groups.require_whole()
    if unfit:
        path = promised.path.name
        raise AddonDoesNotFit(path=path, num_missing=unfit, num_layers=groups.num_layers)
    groups.require_room(modules)
    file = with_weights(promised)
    result = _result(list(groups.layers(file)), _bundled(file))
    for layer in result.layers:
        _require_finite(file.path, layer, modules[layer.part])
    return result


class _Groups:
    """The tensors of a file by layer."""

    def __init__(self, file: LoraFile, names: Names) -> None:
        self.unknown: list[str] = []  # names of layers, or keys of no known form
        self._file = file
        self._places = dict(names)
        self._by_name: dict[str, Roles] = {}
        self._keys: dict[str, dict[str, str]] = {}  # by layer and role
        self._beside: dict[str, Tensor] = {}  # of no layer: words, and what has no effect
        for key, tensor in file.tensors.items():
            if WITHOUT_EFFECT.fullmatch(key) or _BUNDLE.fullmatch(key):
                self._beside[key] = tensor
                continue
            split = split_key(key)
            if split is None:
                self.unknown.append(key)
            else:
                self._by_name.setdefault(split[0], {})[split[1]] = tensor
                self._keys.setdefault(split[0], {})[split[1]] = key
        self.unknown += [name for name in self._by_name if name not in self._places]

    @property
    def num_layers(self) -> int:
        strays = sum(name not in self._by_name for name in self.unknown)
        return len(self._by_name) + strays

    def settle(
        self, ambiguous: Mapping[str, tuple[Place, ...]], modules: Mapping[str, nn.Module]
    ) -> None:
        """Names that two text encoders share belong to the one whose shapes they have."""
        for name in [name for name in self.unknown if name in ambiguous]:
            for place in ambiguous[name]:
                layer = AdapterLayer(*place, _tensors(self._by_name[name]), 1.0)
                if fits(layer, modules[place[0]]):
                    self._places[name] = place
                    self.unknown.remove(name)
                    break

    def require_known(self) -> None:
        if self.unknown:
            raise AddonNamesUnknown(
                path=self._file.path.name,
                count=len(self.unknown),
                total=self.num_layers,
                names=", ".join(sorted(self.unknown)[:_SHOWN]),
            )

    def require_whole(self) -> None:
        broken = {name: roles for name, roles in self._by_name.items() if not built(roles)}
        if broken:
            name, roles = min(broken.items())
            raise AddonIncomplete(
                path=self._file.path.name,
                count=len(broken),
                total=self.num_layers,
                name=name,
                has=", ".join(sorted(roles)),
            )
        if not self._by_name:
            raise AddonUnreadable(
                path=self._file.path.name, reason=lora_origin.what_weights_are(self._file.header)
            )

    def bare_layers(self) -> Iterator[AdapterLayer]:
        """Those that are whole and known, of no strength yet."""
        for name, roles in self._by_name.items():
            if name in self._places and built(roles):
                yield AdapterLayer(*self._places[name], _tensors(roles), 0.0)

    def require_room(self, modules: Mapping[str, nn.Module]) -> None:
        """Raises AddonUnreadable where a layer holds far more than could make a difference."""
        most = dict.fromkeys(self._beside, _MOST_BESIDE)
        held = {name: tensor.numel() for name, tensor in self._beside.items()}
        for name, roles in self._by_name.items():
            part, path = self._places[name]
            weight: Tensor = modules[part].get_submodule(path).weight  # type: ignore[assignment]
            most[name] = _TIMES_THE_WEIGHT * weight.numel() + _SMALL
            held[name] = sum(tensor.numel() for tensor in roles.values())
        large = next((name for name in most if held[name] > most[name]), None)
        if large is not None:
            reason = Phrase(_TOO_MANY, name=large, count=held[large])
            raise AddonUnreadable(path=self._file.path.name, reason=reason)

    def layers(self, file: LoraFile) -> Iterator[AdapterLayer]:
        """`file`: the same with its weights."""
        for name, keys in sorted(self._keys.items()):
            roles, place = (
                {role: file.tensors[key] for role, key in keys.items()},
                self._places[name],
            )
            _require_numbers(self._file.path, place, roles)
            bare = AdapterLayer(*place, _tensors(roles), 0.0)
            yield _scaled(bare, roles, self._file.alphas)


def _tensors(roles: Roles) -> Roles:
    return {role: tensor for role, tensor in roles.items() if role not in NUMBERS}


def _scaled(bare: AdapterLayer, roles: Roles, alphas: StatedAlphas) -> AdapterLayer:
    """The layer with its strength: of its own, as stated beside the tensors, else alpha = rank.

    `scale` is A1111's alpha / rank; LyCORIS' `scalar` is one factor more.
    """
    own = roles.get(ALPHA)
    alpha = float(bare.rank if own is None else own.item())
    if own is None:
        full = _full_path(bare)
        stated = alphas.of(bare.part, full, bare.rank, is_convolution=_is_convolution(bare))
        if stated is not None and bare.rank:
            alpha = stated
        elif stated is not None and (rank := alphas.rank_of(bare.part, full)):
            bare = _whole_scaled(bare, stated / rank)  # peft scales a LoKr of whole matrices too
    if SCALE in roles:
        alpha = roles[SCALE].item() * bare.rank
    factor = roles[SCALAR].item() if SCALAR in roles else 1.0
    if not bare.rank:
        bare = _whole_scaled(bare, factor)
    return replace(bare, alpha=alpha * factor)


def _whole_scaled(layer: AdapterLayer, factor: float) -> AdapterLayer:
    """A layer without a rank takes its strength into a tensor; weights that were added as they
    are (`diff`) have none."""
    role = "lokr_w2"
    if factor == 1 or role not in layer.tensors:
        return layer
    return replace(layer, tensors={**layer.tensors, role: layer.tensors[role].float() * factor})


def _full_path(layer: AdapterLayer) -> str:
    if layer.part == "unet":
        return layer.path
    return f"text_model.{layer.path.removeprefix('text_model.')}"


def _is_convolution(layer: AdapterLayer) -> bool:
    """Of more than one pixel: kohya's conv_alpha does not count for the others."""
    return any(t.dim() == 4 and t.shape[-1] > 1 for t in layer.tensors.values())


def _result(layers: list[AdapterLayer], words: tuple[EmbeddingResult, ...]) -> AdapterResult:
    first = layers[0]
    return AdapterResult(tuple(layers), max(first.rank, 1), first.alpha, first.kind, words)


def _refuse_others(path: Path, header: Header) -> None:
    for form, kind in _OTHERS:
        if any(form.search(name) for name in header.shapes):
            raise AddonUnsupported(path=path.name, kind=Phrase(kind))
    if not is_adapter(header.shapes):
        raise AddonUnreadable(path=path.name, reason=lora_origin.what_weights_are(header))


def _refuse_strangers(file: LoraFile, model: DiffusionModel) -> None:
    """Raises where a file with names or shapes that the model lacks says what it is for."""
    made_for = lora_origin.other_architecture(file.header)
    if made_for is not None:
        raise AddonForOtherModel(path=file.path.name, made_for=made_for)
    family, own = lora_origin.family_of(file.header), model.source.family
    if family is not None and family.context_width != own.context_width:
        raise AddonForOtherFamily(path=file.path.name, made_for=family.title, model=own.title)


def _bundled(file: LoraFile) -> tuple[EmbeddingResult, ...]:
    """Embeddings inside the file, as OneTrainer writes them. Raises AddonUnreadable."""
    found: dict[str, dict[str, Tensor]] = {}
    for key, tensor in file.tensors.items():
        if match := _BUNDLE.fullmatch(key):
            name = match["key"].removeprefix("string_to_param.")
            found.setdefault(match["word"], {})[name] = tensor
    return tuple(
        replace(embedding.from_tensors(file.path, tensors), word=word)
        for word, tensors in found.items()
    )


def _require_numbers(path: Path, place: Place, roles: Roles) -> None:
    reason: str | None = None
    name = ".".join(place)
    for role in NUMBERS:
        if role in roles and roles[role].numel() != 1:
            raise AddonUnreadable(path=path.name, reason=Phrase(_NOT_ONE, role=role, name=name))
    if any(tensor.numel() == 0 for tensor in roles.values()):
        reason = _EMPTY
    elif any(tensor.numel() > 1 and not tensor.is_floating_point() for tensor in roles.values()):
        reason = _QUANTIZED
    elif not all(torch.isfinite(tensor.float()).all() for tensor in roles.values()):
        reason = _NO_NUMBERS
    if reason is not None:
        raise AddonUnreadable(path=path.name, reason=Phrase(reason, name=name))


def _require_finite(path: Path, layer: AdapterLayer, part: nn.Module) -> None:
    """Raises AddonUnreadable where the product of a layer's tensors leaves the range of fp32.

    No number of the product is larger than the product of the tensors' norms, which is cheap.
    """
    if DIFF in layer.tensors:  # added as it is
        return
    bound = max(1.0, abs(layer.alpha))
    for tensor in layer.tensors.values():
        bound *= max(1.0, float(tensor.double().norm()))
    if bound < _SURELY_FINITE:
        return
    weight: Tensor = part.get_submodule(layer.path).weight.detach()  # type: ignore[assignment]
    if not torch.isfinite(delta(layer, weight)).all():
        reason = Phrase(_OVERFLOWS, name=f"{layer.part}.{layer.path}")
        raise AddonUnreadable(path=path.name, reason=reason)
