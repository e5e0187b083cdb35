"""Embeddings in diffusers' form: one tensor (n, width), named after the word.

A model of two text encoders has no such form: diffusers is given the two tensors of the
ordinary file one by one.
"""

from __future__ import annotations

from pathlib import Path

from engine.errors import FormatDoesNotFit
from engine.formats import embedding, metadata
from engine.formats.metadata import ExportFacts
from engine.results import EmbeddingResult
from engine.tensor_writer import write_tensors

load = embedding.load


def save(path: Path, result: EmbeddingResult, facts: ExportFacts) -> None:
    """Raises FormatDoesNotFit, DiskFull or OutputNotWritable."""
    vectors = embedding.to_tensors(result).get(embedding.ONE_ENCODER)
    if vectors is None:
        raise FormatDoesNotFit(
            format="embedding_diffusers", model=facts.source.family.title, instead="embedding"
        )
    header = metadata.modelspec_header(
        facts, implementation=metadata.SGM, suffix="/textual-inversion"
    )
    write_tensors(path, {result.word: vectors}, {"format": "pt", **header})
