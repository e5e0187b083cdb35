"""A whole model in one safetensors file, in the layout of the original code (LDM, SGM).

The autoencoder is in it. What was not trained is copied bit for bit from the base model, be it read
while drawing or not; averaged weights alone are left out. Written tensor by tensor: the peak is one
of them. Models that predict v get their marks, and a yaml beside the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from engine.formats import metadata
from engine.formats.lora_kohya import DTYPES
from engine.formats.metadata import ExportFacts
from engine.formats.original_yaml import is_our_yaml, yaml_for
from engine.formats.whole_weights import WholeWeights
from engine.models.base_tensors import MARKS, BaseTensors
from engine.models.ldm_names import Entry, original_entries
from engine.models.ldm_weights import original_shape, read_original, to_original
from engine.models.networks import whole_shapes
from engine.models.safetensors_header import read_header
from engine.models.tensor_file import SafetensorsFile, open_tensors
from engine.results import WeightsResult
from engine.storage import remove_file, write_text
from engine.tensor_writer import Planned, write_planned

V_MARK, ZERO_SNR_MARK = MARKS  # tensors without elements, as ComfyUI looks for them
_LOGIT_SCALE = 4.6052  # ln 100, where CLIP's training ends; nothing reads it while drawing

Configs = Mapping[str, Mapping[str, object]]


def save(path: Path, result: WeightsResult, facts: ExportFacts) -> None:
    """Raises DiskFull or OutputNotWritable; an older file at `path` stays whole then."""
    header = {
        "format": "pt",
        **metadata.modelspec_header(facts, implementation=metadata.SGM, suffix=""),
    }
    write_planned(path, planned(result, facts), header)
    text, beside = yaml_for(facts), path.with_suffix(".yaml")
    if text is not None:
        write_text(beside, text, over=is_our_yaml(beside))
    elif is_our_yaml(beside):
        remove_file(beside)


def load(path: Path, configs: Configs) -> Iterator[tuple[str, str, Tensor]]:
    """Part, name in a diffusers folder, tensor, streamed. Raises one of the Model... errors."""
    shapes = whole_shapes(configs)
    entries = original_entries(configs, {part: list(names) for part, names in shapes.items()})
    yield from read_original(open_tensors(path), entries, {})


def copied(path: Path, base: BaseTensors) -> Iterator[tuple[str, Tensor, Tensor | None]]:
    """Name, tensor of the base model and of the file, of all that is no network's weight."""
    header = read_header(path)
    file = SafetensorsFile(path, header.shapes, header.dtypes)
    for name in base.others:
        yield name, base.read_other(name), file.read_one(name) if name in file.shapes else None


def planned(result: WeightsResult, facts: ExportFacts) -> Iterator[Planned]:
    """The tensors of the file, marks included; none has been worked out yet."""
    shapes, weights = whole_shapes(result.configs), WholeWeights(result, facts)
    entries = original_entries(result.configs, {p: list(names) for p, names in shapes.items()})
    base = weights.base
    others = {} if base is None else base.others
    for entry in entries:
        # The base model's own last layer of OpenCLIP is copied; only where there is none does the
        # layer before it stand for it.
        originals = [name for name in entry.originals if name not in others]
        make = _maker(weights, entry)
        if len(originals) > 1:
            make = _Shared(make, len(originals))
        for original in originals:
            dtype = weights.dtype(entry.part, entry.names)
            yield Planned(original, original_shape(entry, shapes), dtype, make)
    if base is not None:
        for name, (shape, dtype) in others.items():
            yield Planned(name, shape, dtype, partial(base.read_other, name))
    has = {original for entry in entries for original in entry.originals} | others.keys()
    wanted = DTYPES[facts.config.export.precision]
    yield from _for_completeness(has, wanted, shapes)
    if facts.is_v and facts.source.family.original_block_names:
        marks = [V_MARK, *([ZERO_SNR_MARK] if facts.zero_terminal_snr else [])]
        for mark in marks:
            yield Planned(mark, (0,), wanted, lambda: torch.zeros(0))


class _Shared:
    """One tensor for several places of the file: worked out once, kept until the last has it."""

    def __init__(self, make: Callable[[], Tensor], uses: int) -> None:
        self._make = make
        self._uses = uses
        self._made: Tensor | None = None

    def __call__(self) -> Tensor:
        made = self._make() if self._made is None else self._made
        self._uses -= 1
        self._made = made if self._uses else None
        return made


def _maker(weights: WholeWeights, entry: Entry) -> Callable[[], Tensor]:
    return lambda: to_original(entry, weights.tensors(entry.part, entry.names))


def _for_completeness(
    has: set[str], dtype: torch.dtype, shapes: Mapping[str, Mapping[str, tuple[int, ...]]]
) -> Iterator[Planned]:
    """What OpenCLIP encoders have beside what is read: readers warn where it is missing."""
    for prefix in {name.split("token_embedding")[0] for name in has if ".model.token_emb" in name}:
        if f"{prefix}logit_scale" not in has:
            yield Planned(f"{prefix}logit_scale", (), dtype, lambda: torch.tensor(_LOGIT_SCALE))
        if f"{prefix}text_projection" not in has:
            part = "text_encoder"
            width = shapes[part]["text_model.embeddings.token_embedding.weight"][1]
            yield Planned(
                f"{prefix}text_projection", (width, width), dtype, lambda w=width: torch.eye(w)
            )
