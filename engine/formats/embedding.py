"""Embeddings as `.safetensors`: the form that every front end reads.

One text encoder: a single tensor `emb_params` (n, width). Two: `clip_l` (n, 768) and `clip_g`
(n, 1280). The word in the prompt is the file's name; no name inside counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from engine.errors import AddonUnreadable
from engine.formats import metadata
from engine.formats.metadata import ExportFacts
from engine.models.safetensors_header import read_header
from engine.results import EmbeddingResult
from engine.storage import write_bytes
from engine.wording import QT_TRANSLATE_NOOP, Phrase

ONE_ENCODER = "emb_params"
BY_ENCODER = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}
MAX_VECTORS = 75  # a chunk of the prompt holds no more
MAX_WIDTH = 8192

_NO_FORM = QT_TRANSLATE_NOOP("engine", "it holds no embedding of a known form")


def save(path: Path, result: EmbeddingResult, facts: ExportFacts) -> None:
    """Raises DiskFull or OutputNotWritable; an older file at `path` stays whole then."""
    header = metadata.modelspec_header(
        facts, implementation=metadata.SGM, suffix="/textual-inversion"
    )
    write_bytes(path, safetensors.torch.save(to_tensors(result), {"format": "pt", **header}))


def load(path: Path) -> EmbeddingResult:
    """Every form of `.safetensors`. Raises AddonUnreadable or one of the Model... errors."""
    read_header(path)
    try:
        tensors = safetensors.torch.load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise AddonUnreadable(path=path.name, reason=str(error)) from error
    return from_tensors(path, tensors)


def to_tensors(result: EmbeddingResult) -> dict[str, Tensor]:
    """fp32: a few kB are not worth rounding, and one reader takes nothing else."""
    if len(result.vectors) == 1:
        return {ONE_ENCODER: _plain(next(iter(result.vectors.values())))}
    return {BY_ENCODER[part]: _plain(vectors) for part, vectors in result.vectors.items()}


def from_tensors(path: Path, tensors: Mapping[Any, Any]) -> EmbeddingResult:
    """`clip_l` with `clip_g`, `emb_params`, or one tensor named after its word."""
    found = {str(name): value for name, value in tensors.items() if isinstance(value, Tensor)}
    if found.keys() == set(BY_ENCODER.values()):
        vectors = {part: _checked(path, found[name]) for part, name in BY_ENCODER.items()}
        if len({len(rows) for rows in vectors.values()}) > 1:
            raise AddonUnreadable(
                path=path.name,
                reason=Phrase(
                    QT_TRANSLATE_NOOP("engine", "its two text encoders have unlike vectors")
                ),
            )
        return EmbeddingResult(path.stem, vectors)
    if len(found) == 1:
        return EmbeddingResult(
            path.stem, {"text_encoder": _checked(path, next(iter(found.values())))}
        )
    raise AddonUnreadable(path=path.name, reason=Phrase(_NO_FORM))


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
    if not torch.isfinite(rows).all():
        raise AddonUnreadable(
            path=path.name,
            reason=Phrase(QT_TRANSLATE_NOOP("engine", "its numbers are no longer numbers")),
        )
    return rows.float()


def _plain(vectors: Tensor) -> Tensor:
    return vectors.detach().to("cpu", torch.float32).contiguous()
