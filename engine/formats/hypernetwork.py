"""Hypernetwork as a `.pt`, which AUTOMATIC1111 and ComfyUI read.

One pickled dict: width -> (tensors of the k net, tensors of the v net), and how the nets are
built. A tensor is called `linear.<place>.weight`, its place being that in AUTOMATIC1111's
Sequential, where activations, layer norms and dropouts count too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor

from engine.errors import AddonUnreadable
from engine.formats.catalog import proper_stem
from engine.formats.metadata import ExportFacts
from engine.formats.plain_pickle import dump
from engine.methods.hypernetwork.settings import Activation
from engine.models.pickle_gate import load_pickle
from engine.results import HypernetworkResult, NetworkShape
from engine.storage import write_bytes
from engine.wording import QT_TRANSLATE_NOOP, ReasonedError

ACTIVATIONS: tuple[str, ...] = get_args(Activation)
# The oldest files have two linear layers, linear1 and linear2.
_NAME = re.compile(r"linear(?:([12])|\.([0-9]{1,3}))\.(weight|bias)")
_MAX_LAYERS, _MAX_MULTIPLE, _MAX_WIDTH = 64, 64, 2**16
# A file knows no zero to begin with; it only matters to those who train on.
_FILE_INITS = {"Zero": "Normal"}


def save(path: Path, result: HypernetworkResult, facts: ExportFacts) -> None:
    """Raises DiskFull or OutputNotWritable; an older file at `path` stays whole then."""
    shape = result.shape
    places = _places(shape)
    content: dict[Any, Any] = {
        width: (_named(keys, places), _named(values, places))
        for width, (keys, values) in sorted(result.nets.items())
    }
    # Every field is written: the front ends fill in different values for those that lack.
    content |= {
        "step": facts.step,
        "name": proper_stem(path),
        "layer_structure": list(shape.layer_structure),
        "activation_func": shape.activation,
        "is_layer_norm": shape.layer_norm,
        "weight_initialization": _FILE_INITS.get(
            shape.weight_initialization, shape.weight_initialization
        ),
        "sd_checkpoint": None,
        "sd_checkpoint_name": str(facts.source.title),
        "activate_output": shape.activate_output,
        # ComfyUI leaves dropout at work while it draws.
        "use_dropout": False,
        "dropout_structure": [0] * len(shape.layer_structure),
        "last_layer_dropout": False,
        "optional_info": None,
    }
    write_bytes(path, dump(content))


def load(path: Path) -> HypernetworkResult:
    """A file of ours or of anyone's. Raises AddonUnreadable, or what the pickle gate raises.

    Dropout is left out, as in every use but training; an optimizer's file beside it is not
    looked at.
    """
    data = load_pickle(path)
    try:
        return _parse(data)
    except ReasonedError as error:
        raise AddonUnreadable(path=path.name, reason=error.reason) from error


def _places(shape: NetworkShape) -> dict[str, str]:
    """Our names of the layers -> AUTOMATIC1111's, without dropout."""
    names, place = {}, 0
    last = len(shape.layer_structure) - 2
    for i in range(last + 1):
        names[f"linear.{i}"] = f"linear.{place}"
        place += 1
        if shape.activation != "linear" and (i < last or shape.activate_output):
            place += 1
        if shape.layer_norm:
            names[f"norm.{i}"] = f"linear.{place}"
            place += 1
    return names


def _named(tensors: Mapping[str, Tensor], places: Mapping[str, str]) -> dict[str, Tensor]:
    """In the order of the layers, which ComfyUI goes by."""
    ours = sorted(places, key=lambda name: int(places[name].partition(".")[2]))
    return {
        f"{places[name]}.{role}": tensors[f"{name}.{role}"].detach().float()
        for name in ours
        for role in ("weight", "bias")
    }


def _parse(data: Mapping[Any, Any]) -> HypernetworkResult:
    if "optimizer_state_dict" in data:
        raise ReasonedError(
            QT_TRANSLATE_NOOP("engine", "it is the optimizer's state beside a hypernetwork")
        )
    shape = _shape(data)
    nets = {}
    for width, pair in data.items():
        if isinstance(width, str):
            continue
        if type(width) is not int or not 0 < width <= _MAX_WIDTH:
            raise ReasonedError(
                QT_TRANSLATE_NOOP("engine", "it holds nets for something that is no width")
            )
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ReasonedError(
                QT_TRANSLATE_NOOP("engine", "there is no pair of nets for width {width}"),
                width=width,
            )
        nets[width] = (_net(pair[0], width, shape), _net(pair[1], width, shape))
    if not nets:
        raise ReasonedError(QT_TRANSLATE_NOOP("engine", "it holds no nets"))
    return HypernetworkResult(nets, shape)


def _shape(data: Mapping[Any, Any]) -> NetworkShape:
    """What is not said is as AUTOMATIC1111 takes it to be."""
    structure = _said(data, "layer_structure", [1, 2, 1])
    if not _is_structure(structure):
        raise ReasonedError(QT_TRANSLATE_NOOP("engine", "its layer structure makes no sense"))
    activation = _said(data, "activation_func", "linear")
    if activation not in ACTIVATIONS:
        raise ReasonedError(
            QT_TRANSLATE_NOOP("engine", "its activation {activation} is not known"),
            activation=_quoted(activation),
        )
    way = data.get("weight_initialization")
    return NetworkShape(
        layer_structure=tuple(float(multiple) for multiple in structure),
        activation=activation,
        activate_output=_flag(data, "activate_output", default=True),
        layer_norm=_flag(data, "is_layer_norm", default=False),
        weight_initialization=way if isinstance(way, str) else "Normal",
    )


def _said(data: Mapping[Any, Any], name: str, default: Any) -> Any:
    value = data.get(name)
    return default if value is None else value


def _quoted(value: object) -> str:
    """Short, for a sentence; a text alone, since a file's number may be endless."""
    return repr(value[:40]) if isinstance(value, str) else type(value).__name__


def _is_structure(structure: object) -> bool:
    if not isinstance(structure, list | tuple) or not 2 <= len(structure) <= _MAX_LAYERS:
        return False
    for multiple in structure:
        if isinstance(multiple, bool) or not isinstance(multiple, int | float):
            return False
        if not 0 < multiple <= _MAX_MULTIPLE:  # nor any NaN
            return False
    return structure[0] == structure[-1] == 1


def _flag(data: Mapping[Any, Any], name: str, *, default: bool) -> bool:
    value = _said(data, name, default)
    if not isinstance(value, int):
        raise ReasonedError(
            QT_TRANSLATE_NOOP("engine", "its {name} is neither true nor false"), name=name
        )
    return bool(value)


def _net(tensors: object, width: int, shape: NetworkShape) -> dict[str, Tensor]:
    """The tensors of a net under our names, each checked against the shape.

    Layers are told apart by the number of their dimensions: their places in a file depend on
    whether it was trained with dropout.
    """
    by_place = _by_place(tensors, width)
    sizes = [int(width * multiple) for multiple in shape.layer_structure]
    net, num_linear, num_norm = {}, 0, 0
    for _, (weight, bias) in sorted(by_place.items()):
        if weight.dim() == 2:
            name, num_linear = f"linear.{num_linear}", num_linear + 1
        else:
            name, num_norm = f"norm.{num_norm}", num_norm + 1
        net |= {f"{name}.weight": weight, f"{name}.bias": bias}
    wanted: dict[str, tuple[int, ...]] = {}
    for i, (before, after) in enumerate(pairwise(sizes)):
        wanted |= {f"linear.{i}.weight": (after, before), f"linear.{i}.bias": (after,)}
        if shape.layer_norm:
            wanted |= {f"norm.{i}.weight": (after,), f"norm.{i}.bias": (after,)}
    if min(sizes) < 1 or {name: tuple(tensor.shape) for name, tensor in net.items()} != wanted:
        raise ReasonedError(
            QT_TRANSLATE_NOOP("engine", "the nets for width {width} are not built as it says"),
            width=width,
        )
    if not all(bool(torch.isfinite(tensor).all()) for tensor in net.values()):
        raise ReasonedError(
            QT_TRANSLATE_NOOP("engine", "the nets for width {width} hold values that are none"),
            width=width,
        )
    return net


def _by_place(tensors: object, width: int) -> dict[int, tuple[Tensor, Tensor]]:
    """Place in the Sequential -> weight and bias, in fp32."""
    found: dict[int, dict[str, Tensor]] = {}
    named = tensors if isinstance(tensors, Mapping) else {}
    for name, tensor in named.items():
        known = _NAME.fullmatch(name) if isinstance(name, str) else None
        if known is None or not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            raise ReasonedError(
                QT_TRANSLATE_NOOP("engine", "the nets for width {width} hold {name}"),
                width=width,
                name=_quoted(name),
            )
        old, place, role = known.groups()
        found.setdefault(int(old) - 1 if old else int(place), {})[role] = (
            tensor.detach().float().contiguous()
        )
    if not found or any(len(pair) < 2 for pair in found.values()):
        raise ReasonedError(
            QT_TRANSLATE_NOOP("engine", "the nets for width {width} are not whole"), width=width
        )
    return {place: (pair["weight"], pair["bias"]) for place, pair in found.items()}
