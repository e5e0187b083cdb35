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

# A piece of a key that says what kind of add-on Imprint does not apply.
_OTHERS = (
    ("dora_scale", "DoRA"),
    ("lora_magnitude_vector", "DoRA"),
    ("oft_blocks", "OFT"),
    ("oft_diag", "OFT"),
    ("oft_R", "OFT"),
    (".a1.weight", "GLoRA"),
    (".on_input", "(IA)^3"),
    (".diff", "a file of whole weights (diff)"),
    ("bundle_emb.", "a LoRA with an embedding inside"),
    ("lora_te3_", "a LoRA for another kind of model"),
    ("double_blocks", "a LoRA for another kind of model"),
    ("transformer.", "a LoRA for another kind of model"),
)
_KOHYA = re.compile(r"(.+?)\.(lora_(?:down|up|mid)\.weight|hada_\w+|lokr_\w+|alpha)")
_DIFFUSERS = re.compile(r"(.+?)\.(lora_[AB])(?:\.default|\.imprint)?\.weight")
# `unet.x.to_q.lora.down.weight`, and older still `unet.x.attn1.processor.to_q_lora.down.weight`.
_OLD = re.compile(
    r"(.+?)(?:\.processor\.(to_\w+?)_lora|\.lora(?:_linear_layer)?)\.(down|up)\.weight"
)
_OLD_TEXT = re.compile(r"(.+?)\.lora_linear_layer\.(down|up)\.weight")
_ROLES = {"lora_A": LORA_DOWN, "lora_B": LORA_UP, "down": LORA_DOWN, "up": LORA_UP}


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
    """A missing alpha means alpha = rank, as in every reader."""
    by_layer: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        found = _KOHYA.fullmatch(key)
        name, role = found.groups() if found else (key, "")
        by_layer.setdefault(name, {})[role] = tensor
    layers, unknown = [], 0
    for name, roles in sorted(by_layer.items()):
        alpha = roles.pop("alpha", None)
        if name not in names or not _is_whole(roles):
            unknown += 1
            continue
        bare = AdapterLayer(*names[name], roles, 0.0)
        strength = float(alpha.item()) if alpha is not None and alpha.numel() == 1 else bare.rank
        layers.append(AdapterLayer(bare.part, bare.path, roles, float(strength)))
    return _result(path, layers, unknown)


def from_diffusers(path: Path, tensors: Mapping[str, Tensor], names: Names) -> AdapterResult:
    """Without an alpha, which this form does not have."""
    by_layer: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        found = _DIFFUSERS.fullmatch(key.removeprefix("base_model.model."))
        name, role = (found[1], _ROLES[found[2]]) if found else (key, "")
        by_layer.setdefault(name, {})[role] = tensor
    layers, unknown = [], 0
    for name, roles in sorted(by_layer.items()):
        if name not in names or not _is_whole(roles):
            unknown += 1
            continue
        rank = float(roles[LORA_DOWN].shape[0])
        layers.append(AdapterLayer(*names[name], roles, rank))
    return _result(path, layers, unknown)


def _is_adapter_key(name: str) -> bool:
    return any(
        form.fullmatch(name.removeprefix("base_model.model."))
        for form in (_KOHYA, _DIFFUSERS, _OLD, _OLD_TEXT)
    )


def _what_it_is(header: Header) -> str:
    if any(
        name.startswith(("model.diffusion_model.", "first_stage_model.")) for name in header.shapes
    ):
        return Phrase(QT_TRANSLATE_NOOP("engine", "it is a whole model, not a LoRA"))
    return Phrase(QT_TRANSLATE_NOOP("engine", "its form is not known"))


def _refuse_others(path: Path, header: Header) -> None:
    is_adapter = any(_is_adapter_key(name) for name in header.shapes)
    for mark, kind in _OTHERS:
        hits = [name for name in header.shapes if mark in name or name.startswith(mark)]
        if hits and (is_adapter or mark not in ("transformer.", ".diff")):
            raise AddonUnsupported(path=path.name, kind=kind)


def _renewed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The names of older diffusers, as the newer ones write them."""
    found: dict[str, Tensor] = {}
    for key, tensor in tensors.items():
        old = _OLD.fullmatch(key) or _OLD_TEXT.fullmatch(key)
        if old is None:
            found[key] = tensor
            continue
        start, role = old[1], "lora_A" if old[old.lastindex or 0] == "down" else "lora_B"
        inner = f".{old[2]}" if old.lastindex == 3 and old[2] else ""
        place = f"{start}{inner}"
        place = f"{place}.0" if place.endswith(".to_out") else place
        found[f"{place}.{role}.weight"] = tensor
    return found


def _is_whole(roles: Mapping[str, Tensor]) -> bool:
    """Whether the roles make up one layer, and nothing is left over."""
    names = set(roles)
    if any(tensor.dim() < 2 or 0 in tensor.shape for tensor in roles.values()):
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


def _result(path: Path, layers: list[AdapterLayer], unknown: int) -> AdapterResult:
    if unknown or not layers:
        raise AddonDoesNotFit(path=path.name, num_missing=unknown, num_layers=unknown + len(layers))
    for layer in layers:
        if not all(torch.isfinite(tensor).all() for tensor in layer.tensors.values()):
            raise AddonUnreadable(
                path=path.name,
                reason=Phrase(
                    QT_TRANSLATE_NOOP("engine", "{name} holds numbers that are none"),
                    name=f"{layer.part}.{layer.path}",
                ),
            )
    first = layers[0]
    kind = "lora" if first.is_lora else "loha" if "hada_w1_a" in first.tensors else "lokr"
    return AdapterResult(tuple(layers), max(first.rank, 1), first.alpha, kind)


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
