"""Reads an exported file back and compares it with the live model, tensor by tensor.

The reference is the model in training and not the result that was written: a wrong strength
agrees with itself when both sides come from the same table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import UserError
from engine.events import Event, Heartbeat
from engine.formats.catalog import FormatEntry, code_of
from engine.formats.metadata import ExportFacts
from engine.methods.base import Method
from engine.models.ldm_names import folder_name
from engine.models.safetensors_header import read_header
from engine.results import EmbeddingResult, HypernetworkResult, delta
from engine.wording import QT_TRANSLATE_NOOP, Phrase

Pair = tuple[str, Tensor, Tensor | None]  # name, live, as read back (None: it is not there)

_MISSING = QT_TRANSLATE_NOOP("engine", "{name} is missing")
_NO_NUMBER = QT_TRANSLATE_NOOP("engine", "{name} holds numbers that are none")
_SHAPE = QT_TRANSLATE_NOOP("engine", "{name} has another shape")


@dataclass(slots=True)
class Findings:
    """What a comparison found."""

    names: list[str] = field(default_factory=list)  # of the tensors in the file
    largest_difference: float = 0.0  # relative L2 distance of the worst tensor
    worst: str = ""
    problem: str | None = None

    def look_at(self, name: str, live: Tensor, read: Tensor | None) -> None:
        if read is None:
            self.problem = self.problem or Phrase(_MISSING, name=name)
        elif read.shape != live.shape:
            self.problem = self.problem or Phrase(_SHAPE, name=name)
        elif not torch.isfinite(read).all():
            self.problem = self.problem or Phrase(_NO_NUMBER, name=name)
        else:
            self._measure(name, live, read)

    def _measure(self, name: str, live: Tensor, read: Tensor) -> None:
        expected = live.detach().to("cpu", torch.float32)
        apart = float((read.float() - expected).norm())
        length = float(expected.norm())
        difference = apart / length if length > 0 else apart
        if difference > self.largest_difference:
            self.largest_difference, self.worst = difference, name


def compare(entry: FormatEntry, path: Path, method: Method, facts: ExportFacts) -> Iterator[Event]:
    """Yield Heartbeats; return the Findings."""
    findings = Findings()
    try:
        for name, live, read in _PAIRS[entry.takes](entry, path, method, facts):
            findings.look_at(name, live, read)
            yield Heartbeat()
        findings.names = _names(path)
    except UserError as error:  # our own reader refuses it
        findings.problem = error.sentence
    return findings


def _adapter(entry: FormatEntry, path: Path, method: Method, facts: ExportFacts) -> Iterator[Pair]:
    """What each layer adds to its weight, by the method's own arithmetic and by the file."""
    places = list(method.live_layers())
    read = code_of(entry).load(path, places, facts)
    found = {(layer.part, layer.path): layer for layer in read.layers}
    for part, layer_path in places:
        layer = found.get((part, layer_path))
        live = method.live_delta(part, layer_path).flatten(1)
        yield f"{part}.{layer_path}", live, None if layer is None else delta(layer)


def _embedding(
    entry: FormatEntry, path: Path, method: Method, facts: ExportFacts
) -> Iterator[Pair]:
    del facts
    read = code_of(entry).load(path)
    for result in method.results():
        if isinstance(result, EmbeddingResult):
            for part, vectors in result.vectors.items():
                yield part, vectors, read.vectors.get(part)


def _hypernetwork(
    entry: FormatEntry, path: Path, method: Method, facts: ExportFacts
) -> Iterator[Pair]:
    del facts
    read = _net_tensors(code_of(entry).load(path))
    for result in method.results():
        if isinstance(result, HypernetworkResult):
            for name, tensor in _net_tensors(result).items():
                yield name, tensor, read.get(name)


def _net_tensors(result: HypernetworkResult) -> dict[str, Tensor]:
    return {
        f"{width}.{role}.{name}": tensor
        for width, pair in result.nets.items()
        for role, net in zip("kv", pair, strict=True)
        for name, tensor in net.items()
    }


def _model(entry: FormatEntry, path: Path, method: Method, facts: ExportFacts) -> Iterator[Pair]:
    """Every weight of every part, one at a time: a whole model is never in memory twice."""
    del facts
    live = method.whole_model()
    # By their names in a diffusers folder, which is what both kinds of file are read as.
    left = {
        (part, folder_name(part, name)): name
        for part, weights in live.weights.items()
        for name in weights
        if not name.endswith("position_ids")
    }
    for part, name, tensor in code_of(entry).load(path, live.configs):
        own = left.pop((part, name), None)
        if own is not None:
            yield f"{part}.{name}", live.weights[part][own], tensor
    for part, name in left:
        yield f"{part}.{name}", torch.zeros(0), None


_PAIRS = {
    "adapter": _adapter,
    "embedding": _embedding,
    "hypernetwork": _hypernetwork,
    "model": _model,
}


def _names(path: Path) -> list[str]:
    """The names of the tensors that a reader meets; for a folder those of all its files."""
    if path.is_dir():
        files = sorted(path.rglob("*.safetensors"))
        return [f"{file.parent.name}/{name}" for file in files for name in read_header(file).shapes]
    if path.suffix == ".safetensors":
        return list(read_header(path).shapes)
    from engine.models.pickle_gate import load_pickle

    return list(_pickled_names("", load_pickle(path)))


def _pickled_names(prefix: str, data: object) -> Iterator[str]:
    if isinstance(data, Tensor):
        yield prefix
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from _pickled_names(f"{prefix}.{key}" if prefix else str(key), value)
    elif isinstance(data, tuple | list):
        for number, value in enumerate(data):
            yield from _pickled_names(f"{prefix}.{number}", value)
