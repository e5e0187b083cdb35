"""Reads LoRA files of all trainers: kohya, LyCORIS, diffusers of old and new, peft.

Nothing is dropped in silence: what a file holds is applied to the last key, or the file is
refused by the name of what Imprint does not apply.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from engine.errors import AddonDoesNotFit, AddonUnreadable, AddonUnsupported
from engine.formats.lora_names import known_names
from engine.models.base import DiffusionModel
from engine.models.safetensors_header import Header, read_header
from engine.results import LORA_DOWN, LORA_MID, LORA_UP, AdapterLayer, AdapterResult, delta
from engine.wording import QT_TRANSLATE_NOOP, Phrase

Names = Mapping[str, tuple[str, str]]  # a layer's name in the file -> its part and path

# What a key looks like in files of which Imprint does not apply a thing.
_FOREIGN = "a file for another kind of model"
_OTHERS = (
    (re.compile(r".*\.(dora_scale|lora_magnitude_vector)(\.\w+)*"), "DoRA"),
    (re.compile(r".*\.(oft_blocks|oft_diag|oft_R)(\.\w+)*"), "OFT"),
    (re.compile(r".*\.[ab][12]\.weight"), "GLoRA"),
    (re.compile(r".*\.on_input"), "(IA)^3"),
    (re.compile(r".*\.diff(_b)?"), "a file of whole weights (diff)"),
    (re.compile(r"bundle_emb\..+"), "a LoRA with an embedding inside"),
    (re.compile(r".*lora_te3_.+|.*(double|single|joint)_blocks.+"), _FOREIGN),
    (re.compile(r"(base_model\.model\.)?transformer\..+lora.+"), _FOREIGN),
)
_KOHYA = re.compile(r"(.+?)\.(lora_(?:down|up|mid)\.weight|hada_\w+|lokr_\w+|alpha)")
_DIFFUSERS = re.compile(r"(.+?)\.(?:(lora_[AB])(?:\.\w+)?\.weight|(alpha))")  # any adapter's name
# `unet.x.to_q.lora.down.weight`, and older still `unet.x.attn1.processor.to_q_lora.down.weight`.
_OLD = re.compile(
    r"(?P<start>.+?)(?:(?:\.processor)?\.(?P<inner>to_\w+?)_lora|\.lora(?:_linear_layer)?)"
    r"\.(?P<role>down\.weight|up\.weight|alpha)"
)
_OLD_ROLES = {"down.weight": "lora_A.weight", "up.weight": "lora_B.weight", "alpha": "alpha"}
_ROLES = {"lora_A": LORA_DOWN, "lora_B": LORA_UP}
_PEFT = "base_model.model."

_NO_NUMBERS = QT_TRANSLATE_NOOP("engine", "{name} holds numbers that are none")
_EMPTY = QT_TRANSLATE_NOOP("engine", "{name} holds nothing, its rank is 0")


def read_adapter(path: Path, model: DiffusionModel) -> AdapterResult:
    """The add-on in a file, all of whose layers the model has.

    Raises AddonUnreadable, AddonUnsupported, AddonDoesNotFit or one of the Model... errors.
    """
    header = read_header(path)
    _refuse_others(path, header)
    if not any(_is_adapter_key(name) for name in header.shapes):
        raise AddonUnreadable(path=path.name, reason=_what_it_is(header))
    tensors = read_tensors(path)
    names = known_names(model)
    if any(_KOHYA.fullmatch(name) and not name.endswith(".alpha") for name in tensors):
        result = from_kohya(path, tensors, names.kohya)
    else:
        result = from_diffusers(path, _renewed(tensors), names.diffusers)
    _require_fit(path, result, model)
    return result


def read_tensors(path: Path) -> dict[str, Tensor]:
    """From bytes, not mapped: another program may cut the file short."""
    try:
        return safetensors.torch.load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise AddonUnreadable(path=path.name, reason=str(error)) from error


def from_kohya(path: Path, tensors: Mapping[str, Tensor], names: Names) -> AdapterResult:
    """A missing alpha means alpha = rank, as in every reader; alpha 0 adds nothing."""
    by_layer: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        found = _KOHYA.fullmatch(key)
        name, role = found.groups() if found else (key, "")
        by_layer.setdefault(name, {})[role] = tensor
    return _assembled(path, by_layer, names)


def from_diffusers(path: Path, tensors: Mapping[str, Tensor], names: Names) -> AdapterResult:
    """Mostly without an alpha; old files, and those turned from kohya's, may have one."""
    by_layer: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        found = _DIFFUSERS.fullmatch(key.replace(_PEFT, "", 1))
        name, role = (found[1], _ROLES.get(found[2], "alpha")) if found else (key, "")
        by_layer.setdefault(name, {})[role] = tensor
    return _assembled(path, by_layer, names)


def _is_adapter_key(name: str) -> bool:
    return any(form.fullmatch(name.replace(_PEFT, "", 1)) for form in (_KOHYA, _DIFFUSERS, _OLD))


def _what_it_is(header: Header) -> str:
    if any(
        name.startswith(("model.diffusion_model.", "first_stage_model.")) for name in header.shapes
    ):
        return Phrase(QT_TRANSLATE_NOOP("engine", "it is a whole model, not a LoRA"))
    return Phrase(QT_TRANSLATE_NOOP("engine", "its form is not known"))


def _refuse_others(path: Path, header: Header) -> None:
    for form, kind in _OTHERS:
        if any(form.fullmatch(name) for name in header.shapes):
            raise AddonUnsupported(path=path.name, kind=kind)


def _renewed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The names of older diffusers, as the newer ones write them."""
    found: dict[str, Tensor] = {}
    for key, tensor in tensors.items():
        old = _OLD.fullmatch(key)
        new = f"{_old_place(old)}.{_OLD_ROLES[old['role']]}" if old else key
        found[new.replace(".to_out.alpha", ".to_out.0.alpha")] = tensor
    return found


def _old_place(old: re.Match[str]) -> str:
    inner = old["inner"]
    if inner and old["start"].endswith("self_attn"):  # the text encoder, by the UNet's words
        return f"{old['start']}.{inner.removeprefix('to_')}_proj"
    place = f"{old['start']}.{inner}" if inner else old["start"]
    return f"{place}.0" if place.endswith(".to_out") else place


def _assembled(
    path: Path, by_layer: Mapping[str, dict[str, Tensor]], names: Names
) -> AdapterResult:
    """Layers from their tensors. Raises AddonDoesNotFit, AddonUnreadable."""
    layers, unknown = [], 0
    for name, roles in sorted(by_layer.items()):
        alpha = roles.pop("alpha", None)
        if name not in names or not _is_whole(roles) or (alpha is not None and alpha.numel() != 1):
            unknown += 1
            continue
        _require_numbers(path, names[name], [*roles.values(), *([] if alpha is None else [alpha])])
        bare = AdapterLayer(*names[name], roles, 0.0)
        strength = bare.rank if alpha is None else alpha.item()
        layers.append(AdapterLayer(bare.part, bare.path, roles, float(strength)))
    if unknown or not layers:
        raise AddonDoesNotFit(path=path.name, num_missing=unknown, num_layers=unknown + len(layers))
    first = layers[0]
    kind = "lora" if first.is_lora else "loha" if "hada_w1_a" in first.tensors else "lokr"
    return AdapterResult(tuple(layers), max(first.rank, 1), first.alpha, kind)


def _require_numbers(path: Path, place: tuple[str, str], tensors: list[Tensor]) -> None:
    reason = None
    if any(tensor.numel() == 0 for tensor in tensors):
        reason = _EMPTY
    elif not all(torch.isfinite(tensor.float()).all() for tensor in tensors):
        reason = _NO_NUMBERS
    if reason is not None:
        raise AddonUnreadable(path=path.name, reason=Phrase(reason, name=".".join(place)))


def _is_whole(roles: Mapping[str, Tensor]) -> bool:
    """Whether the roles make up one layer, and nothing is left over."""
    names = set(roles)
    if any(tensor.dim() < 2 for tensor in roles.values()):
        return False
    if LORA_DOWN in names:
        return names in ({LORA_DOWN, LORA_UP}, {LORA_DOWN, LORA_UP, LORA_MID})
    hada = {f"hada_w{n}_{side}" for n in "12" for side in "ab"}
    if names in (hada, hada | {"hada_t1", "hada_t2"}):
        return True
    first = names & {"lokr_w1", "lokr_w1_a", "lokr_w1_b"}
    second = names - first
    return first in ({"lokr_w1"}, {"lokr_w1_a", "lokr_w1_b"}) and second in (
        {"lokr_w2"}, {"lokr_w2_a", "lokr_w2_b"}, {"lokr_w2_a", "lokr_w2_b", "lokr_t2"}
    )  # fmt: skip


def _require_fit(path: Path, result: AdapterResult, model: DiffusionModel) -> None:
    modules = {part.name: part.module for part in model.parts()}
    wrong = sum(
        not _fits(layer, modules[layer.part].get_submodule(layer.path)) for layer in result.layers
    )
    if wrong:
        raise AddonDoesNotFit(path=path.name, num_missing=wrong, num_layers=len(result.layers))


def _fits(layer: AdapterLayer, module: nn.Module) -> bool:
    """By working the change out on the meta device: shapes alone, no arithmetic."""
    weight: Tensor = module.weight  # type: ignore[assignment]
    bare = {role: torch.empty_like(t, device="meta") for role, t in layer.tensors.items()}
    try:
        change = delta(AdapterLayer(layer.part, layer.path, bare, layer.alpha))
    except (RuntimeError, KeyError, IndexError):
        return False
    return tuple(change.shape) == (weight.shape[0], weight[0].numel())
