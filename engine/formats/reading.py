"""A file of some training -> its result, whatever kind it is, checked against a model.

Recognised by what is in it, never by its name.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from engine.errors import AddonMissing, AddonUnreadable, EmbeddingDoesNotFit
from engine.formats import embedding, embedding_a1111, hypernetwork
from engine.formats.lora_reading import read_adapter
from engine.model_errors import NotAModel
from engine.models.base import DiffusionModel
from engine.models.pickle_gate import load_pickle, vet_pickle
from engine.models.safetensors_header import is_pickle, read_header
from engine.results import AdapterResult, EmbeddingResult, HypernetworkResult
from engine.wording import QT_TRANSLATE_NOOP, Phrase

PNG = b"\x89PNG"
_MADE_FOR = {
    (768,): "Stable Diffusion 1.x",
    (1024,): "Stable Diffusion 2.x",
    (768, 1280): "Stable Diffusion XL",
}


def read_result(
    path: Path, model: DiffusionModel
) -> AdapterResult | EmbeddingResult | HypernetworkResult:
    """A LoRA and its kin, an embedding or a hypernetwork, which fits the model.

    Raises AddonMissing, AddonUnreadable, AddonDoesNotFit, EmbeddingDoesNotFit, one of the
    Model... errors where the file is damaged, or what the gate for old-style files refuses.
    """
    if not path.is_file():
        raise AddonMissing(path=str(path))
    with path.open("rb") as file:
        if file.read(4) == PNG:
            raise AddonUnreadable(
                path=path.name,
                reason=Phrase(
                    QT_TRANSLATE_NOOP("engine", "embeddings inside pictures are not read")
                ),
            )
    if is_pickle(path):
        return _pickled(path, model)
    try:
        names = read_header(path).shapes
    except NotAModel as error:
        raise AddonUnreadable(path=path.name, reason=error.facts["what"]) from error
    if _is_embedding(names):
        return _fitting(path, embedding.load(path), model)
    return read_adapter(path, model)


def _pickled(path: Path, model: DiffusionModel) -> EmbeddingResult | HypernetworkResult:
    if any(name.startswith("model.diffusion_model.") for name in vet_pickle(path).shapes):
        raise AddonUnreadable(
            path=path.name,
            reason=Phrase(QT_TRANSLATE_NOOP("engine", "it is a whole model, not a LoRA")),
        )
    data = load_pickle(path)
    if "layer_structure" in data or any(isinstance(key, int) for key in data):
        return hypernetwork.load(path)
    return _fitting(path, embedding_a1111.load(path), model)


def _is_embedding(names: Collection[str]) -> bool:
    return set(names) == set(embedding.BY_ENCODER.values()) or len(names) == 1


def _fitting(path: Path, result: EmbeddingResult, model: DiffusionModel) -> EmbeddingResult:
    wanted = {p.name: model.token_table(p.name).shape[1] for p in model.parts() if p.reads_text}
    given = {part: rows.shape[1] for part, rows in result.vectors.items()}
    if wanted != given:
        raise EmbeddingDoesNotFit(
            path=path.name,
            made_for=_MADE_FOR.get(tuple(given.values()), "another model"),
            model=model.source.family.title,
        )
    return result
