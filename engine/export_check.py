"""Reads an exported file back and compares it with the live model, tensor by tensor.

The reference is the model in training and not the result that was written: a wrong strength
agrees with itself when both sides come from the same table. It is first rounded to the file's
type. What is left to differ is nothing where a tensor was only copied, see engine.adapter_check
for the rest; how small the learnt change is plays no part.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from engine.adapter_check import (
    MISSING,
    NOT_COPIED,
    problem_with_form,
    problem_with_layer,
    problem_with_values,
)
from engine.errors import UserError
from engine.events import Event, Heartbeat
from engine.formats.catalog import FormatEntry, code_of
from engine.formats.lora_kohya import DTYPES
from engine.formats.metadata import ExportFacts
from engine.formats.whole_weights import WholeWeights, same_in_memory
from engine.methods.base import Method
from engine.models.ldm_names import folder_name
from engine.models.safetensors_header import read_header
from engine.regular_files import is_folder, listed_below
from engine.results import EmbeddingResult, HypernetworkResult, delta
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_UNREADABLE = QT_TRANSLATE_NOOP("engine", "{name} could not be read back: {reason}")

# What is wrong with a tensor or a layer, its live values and those of the file.
Look = tuple[Phrase | None, Tensor, Tensor | None]


@dataclass(slots=True)
class Findings:
    """What a comparison found."""

    names: list[str] = field(default_factory=list)  # of the tensors in the file
    # Relative L2 distance of the worst tensor: what rounding to the file's type costs.
    largest_difference: float = 0.0
    problem: str | None = None

    def add(self, problem: Phrase | None, live: Tensor, read: Tensor | None) -> None:
        self.problem = self.problem or problem
        if read is None or read.shape != live.shape:
            return
        expected = live.detach().to("cpu", torch.float32)
        apart, length = float((read.float() - expected).norm()), float(expected.norm())
        difference = apart / length if length > 0 else apart
        self.largest_difference = max(self.largest_difference, difference)


def compare(
    entry: FormatEntry, path: Path, method: Method, facts: ExportFacts
) -> Generator[Event, None, Findings]:
    """Yield Heartbeats; return the Findings."""
    findings = Findings()
    try:
        for problem, live, read in _LOOKS[entry.takes](entry, path, method, facts):
            findings.add(problem, live, read)
            yield Heartbeat()
        findings.names = _names(path)
    except UserError as error:  # our own reader refuses it
        findings.problem = error.sentence
    except OSError as error:
        reason = error.strerror or str(error)
        findings.problem = Phrase(_UNREADABLE, name=path.name, reason=reason)
    return findings


def _adapter(entry: FormatEntry, path: Path, method: Method, facts: ExportFacts) -> Iterator[Look]:
    """Each layer's tensors, and what they add to its weight."""
    dtype = DTYPES[facts.config.export.precision]
    places = list(method.live_layers())
    read = code_of(entry).load(path, places, facts)
    found = {(layer.part, layer.path): layer for layer in read.layers}
    for part, layer_path in places:
        name, layer = f"{part}.{layer_path}", found.get((part, layer_path))
        live = method.live_layer(part, layer_path)
        learnt = live.delta(live.tensors).flatten(1)
        if layer is None:
            yield Phrase(MISSING, name=name), learnt, None
        else:
            yield problem_with_layer(name, live, layer, dtype), learnt, delta(layer)


def _embedding(
    entry: FormatEntry, path: Path, method: Method, facts: ExportFacts
) -> Iterator[Look]:
    """Always written in fp32, whatever the settings say."""
    del facts
    read = code_of(entry).load(path)
    for result in method.results():
        if isinstance(result, EmbeddingResult):
            for part, vectors in result.vectors.items():
                yield _look(part, vectors, read.vectors.get(part), torch.float32)


def _hypernetwork(
    entry: FormatEntry, path: Path, method: Method, facts: ExportFacts
) -> Iterator[Look]:
    """Always written in fp32, whatever the settings say."""
    del facts
    read = _net_tensors(code_of(entry).load(path))
    for result in method.results():
        if isinstance(result, HypernetworkResult):
            for name, tensor in _net_tensors(result).items():
                yield _look(name, tensor, read.get(name), torch.float32)


def _net_tensors(result: HypernetworkResult) -> dict[str, Tensor]:
    return {
        f"{width}.{role}.{name}": tensor
        for width, pair in result.nets.items()
        for role, net in zip("kv", pair, strict=True)
        for name, tensor in net.items()
    }


def _model(entry: FormatEntry, path: Path, method: Method, facts: ExportFacts) -> Iterator[Look]:
    """Every weight of every part, one at a time: a whole model is never in memory twice."""
    live, code = method.whole_model(), code_of(entry)
    weights = WholeWeights(live, facts)
    # By their names in a diffusers folder, which is what both kinds of file are read as.
    left = {
        (part, folder_name(part, name)): name
        for part, own in live.weights.items()
        for name in own
        if not name.endswith("position_ids")
    }
    for part, name, tensor in code.load(path, live.configs):
        own = left.pop((part, name), None)
        if own is not None:
            tensors = live.weights[part][own], tensor
            if weights.is_kept(part, name):
                yield _copied(f"{part}.{name}", *tensors, weights.dtype(part, [name]))
            else:
                yield _look(f"{part}.{name}", *tensors, DTYPES[facts.config.export.precision])
    for part, name in left:
        yield Phrase(MISSING, name=f"{part}.{name}"), torch.zeros(0), None
    if entry.suffix and weights.base is not None:
        for name, base, read in code.copied(path, weights.base):
            yield _look(name, base, read, base.dtype)


def _copied(name: str, live: Tensor, read: Tensor, dtype: torch.dtype) -> Look:
    """A weight that was not trained: the file has it as the base model, which the one in memory
    may be in a lesser precision."""
    problem = problem_with_form(name, live, read, dtype)
    if problem is None and not same_in_memory(read, live):
        problem = Phrase(NOT_COPIED, name=name)
    return problem, live, read


def _look(name: str, live: Tensor, read: Tensor | None, dtype: torch.dtype) -> Look:
    """Nothing is worked out here but a rounding, so the bits must be the same."""
    if read is None:
        return Phrase(MISSING, name=name), live, None
    problem = problem_with_form(name, live, read, dtype)
    if problem is None:
        problem = problem_with_values(name, live.detach().to("cpu", dtype), read)
    return problem, live, read


_LOOKS = {
    "adapter": _adapter,
    "embedding": _embedding,
    "hypernetwork": _hypernetwork,
    "model": _model,
}


def _names(path: Path) -> list[str]:
    """The names of the tensors that a reader meets; for a folder those of all its files."""
    if is_folder(path):
        files = listed_below(path, "*.safetensors")
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
