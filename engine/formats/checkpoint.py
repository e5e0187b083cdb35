"""A whole model in one safetensors file, in the layout of the original code (LDM, SGM).

The autoencoder is in it, averaged weights and position ids are not. Written tensor by tensor:
the peak is one of them. Models that predict v get their marks, and a yaml beside the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from engine.formats import metadata
from engine.formats.metadata import ExportFacts
from engine.formats.original_yaml import is_ours, yaml_for
from engine.models.ldm_names import Entry, folder_name, original_entries
from engine.models.ldm_weights import original_shape, read_original, to_original
from engine.models.networks import whole_shapes
from engine.models.tensor_file import open_tensors
from engine.results import WeightsResult
from engine.storage import write_text
from engine.tensor_writer import Planned, write_planned

DTYPES = {"fp16": torch.float16, "fp32": torch.float32, "bf16": torch.bfloat16}
V_MARK, ZERO_SNR_MARK = "v_pred", "ztsnr"  # tensors without elements, as ComfyUI looks for them
_LOGIT_SCALE = 4.6052  # ln 100, where CLIP's training ends; nothing reads it while drawing

Configs = Mapping[str, Mapping[str, object]]


def save(path: Path, result: WeightsResult, facts: ExportFacts) -> None:
    """Raises DiskFull or OutputNotWritable; an older file at `path` stays whole then."""
    dtype = DTYPES[facts.config.export.precision]
    header = {
        "format": "pt",
        **metadata.modelspec_header(facts, implementation=metadata.SGM, suffix=""),
    }
    write_planned(path, planned(result, facts, dtype), header)
    text, beside = yaml_for(facts), path.with_suffix(".yaml")
    if text is not None:
        write_text(beside, text)
    elif _is_ours(beside):
        beside.unlink(missing_ok=True)


def _is_ours(beside: Path) -> bool:
    """Whether an older export left it: it would belie the new one."""
    try:
        return is_ours(beside.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return False


def load(path: Path, configs: Configs) -> Iterator[tuple[str, str, Tensor]]:
    """Part, name in a diffusers folder, tensor, streamed. Raises one of the Model... errors."""
    shapes = whole_shapes(configs)
    entries = original_entries(configs, {part: list(names) for part, names in shapes.items()})
    yield from read_original(open_tensors(path), entries, {})


def planned(result: WeightsResult, facts: ExportFacts, dtype: torch.dtype) -> Iterator[Planned]:
    """The tensors of the file, marks included, none of them worked out yet."""
    live = {
        part: {folder_name(part, name): name for name in weights}
        for part, weights in result.weights.items()
    }
    shapes = whole_shapes(result.configs)
    entries = original_entries(result.configs, {p: list(names) for p, names in shapes.items()})
    for entry in entries:
        shape = original_shape(entry, shapes)
        make = _maker(result.weights[entry.part], live[entry.part], entry)
        if len(entry.originals) > 1:
            make = _Shared(make, len(entry.originals))
        for original in entry.originals:
            yield Planned(original, shape, dtype, make)
    has = {original for entry in entries for original in entry.originals}
    yield from _for_completeness(has, dtype, shapes)
    if facts.is_v and facts.source.family.original_block_names:
        marks = [V_MARK, *([ZERO_SNR_MARK] if facts.zero_terminal_snr else [])]
        for mark in marks:
            yield Planned(mark, (0,), dtype, lambda: torch.zeros(0))


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


def _maker(
    weights: Mapping[str, Tensor], live: Mapping[str, str], entry: Entry
) -> Callable[[], Tensor]:
    return lambda: to_original(entry, [weights[live[name]] for name in entry.names])


def _for_completeness(
    has: set[str], dtype: torch.dtype, shapes: Mapping[str, Mapping[str, tuple[int, ...]]]
) -> Iterator[Planned]:
    """What OpenCLIP encoders have beside what is read: readers warn where it is missing."""
    for prefix in {name.split("token_embedding")[0] for name in has if ".model.token_emb" in name}:
        yield Planned(f"{prefix}logit_scale", (), dtype, lambda: torch.tensor(_LOGIT_SCALE))
        if f"{prefix}text_projection" not in has:
            part = "text_encoder"
            width = shapes[part]["text_model.embeddings.token_embedding.weight"][1]
            yield Planned(
                f"{prefix}text_projection", (width, width), dtype, lambda w=width: torch.eye(w)
            )
