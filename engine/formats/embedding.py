"""Embeddings as `.safetensors`: the form that every front end reads.

One text encoder: a single tensor `emb_params` (n, width). Two: `clip_l` (n, 768) and `clip_g`
(n, 1280). The word in the prompt is the file's name; no name inside counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import AddonUnreadable
from engine.formats import metadata
from engine.formats.lora_file import read_tensors
from engine.formats.metadata import ExportFacts
from engine.models.safetensors_header import read_header
from engine.regular_files import is_file
from engine.results import EmbeddingResult
from engine.tensor_writer import write_tensors
from engine.wording import QT_TRANSLATE_NOOP, Phrase

ONE_ENCODER = "emb_params"
BY_ENCODER = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}
MAX_VECTORS = 75  # a chunk of the prompt holds no more
MAX_WIDTH = 8192
MAX_BYTES = 64 << 20

# OneTrainer's vectors that are added to the text encoder's output (one name has a slip of the pen).
_OUTPUTS = {
    "emp_params_out": ONE_ENCODER, "emb_params_out": ONE_ENCODER,
    "clip_l_out": "clip_l", "clip_g_out": "clip_g",
}  # fmt: skip
MANY_WORDS = QT_TRANSLATE_NOOP("engine", "it holds more than one word")
_NO_FORM = QT_TRANSLATE_NOOP("engine", "it holds no embedding of a known form")
_TOO_LARGE = QT_TRANSLATE_NOOP(
    "engine", "it is {mib:.0f} MiB large, far too large for an embedding"
)


def save(path: Path, result: EmbeddingResult, facts: ExportFacts) -> None:
    """Raises DiskFull or OutputNotWritable; an older file at `path` stays whole then."""
    header = metadata.modelspec_header(
        facts, implementation=metadata.SGM, suffix="/textual-inversion"
    )
    write_tensors(path, to_tensors(result), {"format": "pt", **header})


def load(path: Path) -> EmbeddingResult:
    """Every form of `.safetensors`. Raises AddonUnreadable or one of the Model... errors."""
    shapes = read_header(path).shapes
    if any(prod(shape) > MAX_VECTORS * MAX_WIDTH for shape in shapes.values()):
        raise AddonUnreadable(path=path.name, reason=Phrase(_NO_FORM))
    require_small(path)
    return from_tensors(path, read_tensors(path))


def require_small(path: Path) -> None:
    """Raises AddonUnreadable: an embedding of 75 vectors takes a few megabytes at most."""
    size = path.stat().st_size if is_file(path) else 0
    if size > MAX_BYTES:
        raise AddonUnreadable(path=path.name, reason=Phrase(_TOO_LARGE, mib=size / 2**20))


def to_tensors(result: EmbeddingResult) -> dict[str, Tensor]:
    """fp32: a few kB are not worth rounding, and one reader takes nothing else."""
    if len(result.vectors) == 1:
        return {ONE_ENCODER: _plain(next(iter(result.vectors.values())))}
    return {BY_ENCODER[part]: _plain(vectors) for part, vectors in result.vectors.items()}


def is_embedding(names: Collection[str]) -> bool:
    """Whether a file of these tensors is an embedding of a known form."""
    return len(_known(names)) == 1 or set(_known(names)) == set(BY_ENCODER.values())


def from_tensors(path: Path, tensors: Mapping[Any, Any]) -> EmbeddingResult:
    """`clip_l` with `clip_g`, `emb_params`, or one tensor named after its word.

    OneTrainer's vectors for the text encoder's output are beside these; no front end reads them,
    and neither does this.
    """
    every = {str(name): value for name, value in tensors.items() if isinstance(value, Tensor)}
    found = {name: every[name] for name in _known(every)}
    has_output = len(found) < len(every)
    if found.keys() == set(BY_ENCODER.values()):
        vectors = {part: _checked(path, found[name]) for part, name in BY_ENCODER.items()}
        if len({len(rows) for rows in vectors.values()}) > 1:
            raise AddonUnreadable(
                path=path.name,
                reason=Phrase(
                    QT_TRANSLATE_NOOP("engine", "its two text encoders have unlike vectors")
                ),
            )
        return EmbeddingResult(path.stem, vectors, has_output)
    found = _in_one(found)
    if len(found) == 1:
        rows = _checked(path, next(iter(found.values())))
        return EmbeddingResult(path.stem, {"text_encoder": rows}, has_output)
    if len(found) > 1 and all(tensor.dim() in (1, 2) for tensor in found.values()):
        raise AddonUnreadable(path=path.name, reason=Phrase(MANY_WORDS))
    raise AddonUnreadable(path=path.name, reason=Phrase(_NO_FORM))


def _known(names: Collection[str]) -> list[str]:
    """All but OneTrainer's vectors for the output, where what they belong to is there too."""
    return [n for n in names if n not in _OUTPUTS or _OUTPUTS[n] not in names]


def _in_one(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """diffusers names the vectors of one word `<w>`, `<w>_1`, `<w>_2` when each is a token."""
    first = min(found, key=len, default="")
    names = [first, *(f"{first}_{number}" for number in range(1, len(found)))]
    if len(found) < 2 or set(names) != set(found) or any(t.dim() != 1 for t in found.values()):
        return dict(found)
    if len({len(tensor) for tensor in found.values()}) > 1:
        return dict(found)
    return {first: torch.stack([found[name] for name in names])}


def _checked(path: Path, vectors: Tensor) -> Tensor:
    """(n, width) in fp32, or a sentence."""
    rows = vectors[None] if vectors.dim() == 1 else vectors
    if rows.dim() != 2 or not rows.is_floating_point() or not 0 < rows.shape[1] <= MAX_WIDTH:
        raise AddonUnreadable(path=path.name, reason=Phrase(_NO_FORM))
    if not 1 <= len(rows) <= MAX_VECTORS:
        raise AddonUnreadable(
            path=path.name,
            reason=Phrase(
                QT_TRANSLATE_NOOP("engine", "it has {count} vectors; 1 to {most} can be used"),
                count=len(rows),
                most=MAX_VECTORS,
            ),
        )
    rows = rows.float()  # first: of fp8 it cannot be asked, and fp64 may hold more than fp32
    if not torch.isfinite(rows).all():
        raise AddonUnreadable(
            path=path.name,
            reason=Phrase(QT_TRANSLATE_NOOP("engine", "its numbers are no longer numbers")),
        )
    return rows


def _plain(vectors: Tensor) -> Tensor:
    return vectors.detach().to("cpu", torch.float32).contiguous()
