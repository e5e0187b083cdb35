"""Embeddings as AUTOMATIC1111's own `.pt`, packed so that its checker lets them in.

One text encoder: `string_to_param` {"*": (n, width)} with the fields around it that
InvokeAI looks at too. Two: a dict of `clip_l` and `clip_g`.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from engine.errors import AddonUnreadable
from engine.formats import embedding
from engine.formats.metadata import ExportFacts
from engine.formats.plain_pickle import dump
from engine.models.pickle_gate import load_pickle
from engine.results import EmbeddingResult
from engine.storage import write_bytes
from engine.wording import Phrase

ANY_WORD = "*"
TOKEN_OF_ANY_WORD = 265  # the token of "*"


def save(path: Path, result: EmbeddingResult, facts: ExportFacts) -> None:
    """Raises DiskFull or OutputNotWritable; an older file at `path` stays whole then."""
    tensors = embedding.to_tensors(result)
    vectors = tensors.get(embedding.ONE_ENCODER)
    data: dict[str, object] = dict(tensors)
    if vectors is not None:
        data = {
            "string_to_token": {ANY_WORD: TOKEN_OF_ANY_WORD},
            "string_to_param": {ANY_WORD: vectors},
            "name": result.word,
            "step": facts.step,
            "sd_checkpoint": None,
            "sd_checkpoint_name": facts.source.title,
        }
    write_bytes(path, dump(data))


def load(path: Path) -> EmbeddingResult:
    """Every form of `.pt` and `.bin`. Raises AddonUnreadable or what the gate refuses."""
    embedding.require_small(path)
    data = load_pickle(path)
    inner = data.get("string_to_param") if isinstance(data, dict) else None
    if isinstance(inner, dict):
        if len(inner) != 1 or not isinstance(next(iter(inner.values())), Tensor):
            raise AddonUnreadable(
                path=path.name,
                reason=Phrase(embedding.MANY_WORDS),
            )
        return embedding.from_tensors(path, inner)
    return embedding.from_tensors(path, data)
