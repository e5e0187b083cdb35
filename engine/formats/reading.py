"""A file of some training -> its result, whatever kind it is, checked against a model.

Recognised by what is in it, never by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.addon_errors import EmbeddingHalf, require_addon_file
from engine.errors import AddonUnreadable, EmbeddingDoesNotFit
from engine.formats import embedding, embedding_a1111, hypernetwork, lora_file
from engine.formats.lora_keys import is_adapter
from engine.formats.lora_reading import read_adapter, require_size
from engine.model_errors import NotAModel
from engine.models.base import DiffusionModel
from engine.models.pickle_gate import load_pickle, vet_pickle
from engine.models.safetensors_header import is_pickle, read_header
from engine.regular_files import is_file, opened
from engine.results import AdapterResult, EmbeddingResult, HypernetworkResult
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_XL = (768, 1280)  # widths of SDXL's text encoders
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

    Raises AddonMissing or another of the Addon... errors, EmbeddingDoesNotFit, EmbeddingHalf, one
    of the Model... errors where the file is damaged, or what the gate for old-style files refuses.
    """
    if lora_file.is_lora_folder(path):
        return read_adapter(path, model)
    require_addon_file(path)
    with opened(path) as file:
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
    if embedding.is_embedding(names):
        return _fitting(path, embedding.load(path), model)
    return read_adapter(path, model)


def _pickled(
    path: Path, model: DiffusionModel
) -> AdapterResult | EmbeddingResult | HypernetworkResult:
    if any(name.startswith("model.diffusion_model.") for name in vet_pickle(path).shapes):
        raise AddonUnreadable(
            path=path.name,
            reason=Phrase(QT_TRANSLATE_NOOP("engine", "it is a whole model, not a LoRA")),
        )
    require_size(path, model)
    data = load_pickle(path)
    if is_adapter(lora_file.state_dict(data)):
        return read_adapter(path, model)
    if "layer_structure" in data or any(isinstance(key, int) for key in data):
        return hypernetwork.load(path)
    return _fitting(path, embedding_a1111.load(path), model)


def _fitting(path: Path, result: EmbeddingResult, model: DiffusionModel) -> EmbeddingResult:
    wanted = {p.name: model.token_table(p.name).shape[1] for p in model.parts() if p.reads_text}
    if len(result.vectors) < len(wanted):
        result = _joined(path, result, wanted, model)
    given = {part: rows.shape[1] for part, rows in result.vectors.items()}
    if wanted == given:
        return result
    made_for = _MADE_FOR.get(tuple(given.values()), "another model")
    title: str = model.source.family.title
    if title.startswith(made_for):  # a model of the family's kind, but of another size
        shape = QT_TRANSLATE_NOOP("engine", "{title} with text encoders {widths} wide")
        title = Phrase(shape, title=title, widths=", ".join(map(str, wanted.values())))
    raise EmbeddingDoesNotFit(path=path.name, made_for=made_for, model=title)


def _joined(
    path: Path, result: EmbeddingResult, wanted: Mapping[str, int], model: DiffusionModel
) -> EmbeddingResult:
    """One half of an SDXL embedding with the other, which diffusers' trainer writes beside it:
    `learned_embeds.safetensors` and `learned_embeds_2.safetensors`.

    The result as it is where its width is of neither half. Raises EmbeddingHalf.
    """
    (rows,) = result.vectors.values()
    parts, width = list(wanted), rows.shape[1]
    places = [list(widths).index(width) for widths in (wanted.values(), _XL) if width in widths]
    if not places:
        return result
    is_first = places[0] == 0
    stem = f"{path.stem}_2" if is_first else path.stem.removesuffix("_2")
    other = path.with_name(f"{stem}{path.suffix}")
    refusal = EmbeddingHalf(
        path=path.name, width=width, other=other.name, model=model.source.family.title
    )
    if other == path or not is_file(other):
        raise refusal
    beside = embedding_a1111.load(other) if is_pickle(other) else embedding.load(other)
    if len(beside.vectors) != 1 or beside.num_vectors != len(rows):
        raise refusal
    (others,) = beside.vectors.values()
    halves = (rows, others) if is_first else (others, rows)
    if halves[0].shape[1] == halves[1].shape[1]:
        raise refusal
    return EmbeddingResult(path.stem, dict(zip(parts, halves, strict=True)))
