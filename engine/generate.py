"""Pictures from a base model, with any mix of LoRAs, embeddings and hypernetworks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from engine import drawn_pictures, tagged
from engine.addon_errors import EmbeddingWeighed, WordTwice
from engine.addons import Addon, adapters_applied, halves
from engine.config import STARTER, TrainingSettings
from engine.control import Control
from engine.device import DTYPES, best_device, memory_guard, resolve_precision
from engine.errors import Notice, UserError
from engine.events import (
    Event,
    ImageGenerated,
    Noticed,
    RunFailed,
    RunFinished,
    Stage,
    StageProgress,
)
from engine.formats.png_text import png_bytes
from engine.formats.reading import read_result
from engine.methods.hypernetwork.hooks import applied as nets_applied
from engine.models import identity
from engine.models.base import DiffusionModel
from engine.models.catalog import locate
from engine.models.loader import load_model
from engine.models.size import native_side
from engine.prompt_check import missing_words
from engine.prompt_notices import (
    AddonChangesNothing,
    OutputVectorsUnused,
    SyntaxNotDone,
    TagsUnknown,
)
from engine.prompts import Tag, not_done, split_tags
from engine.regular_files import is_file
from engine.results import AdapterResult, EmbeddingResult, HypernetworkResult, Result
from engine.sampler import SampleSettings, paint_unless_stopped
from engine.storage import require_writable
from engine.trigger import as_called, folded
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_SHOWN = 5  # pieces of a prompt in one sentence
SMALL = 256  # pixels; models of less want little guidance


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """What to draw, with what, and where it goes."""

    base_model: str = STARTER
    addons: tuple[Addon, ...] = ()
    settings: SampleSettings
    count: int = 1
    folder: Path


# What a wish may say beside prompt, seed and count, by the names of SampleSettings.
OPTIONS = (
    "negative_prompt",
    "width",
    "height",
    "num_inference_steps",
    "guidance_scale",
    "sampler",
    "clip_skip",
)


class ModelCache:
    """The model that was loaded last, so that the next picture starts at once."""

    def __init__(self) -> None:
        self._key: tuple[str, str] | None = None
        self._stamp: identity.Stamp = ()
        self._model: DiffusionModel | None = None

    def get(self, base_model: str) -> tuple[DiffusionModel, torch.device]:
        """The model on its device, read again where its files were replaced. Raises one of the
        Model... errors."""
        device = torch.device(best_device())
        precision = resolve_precision(TrainingSettings(), on_cpu=device.type == "cpu")
        key, stamp = (base_model, precision), identity.stamp(base_model)
        is_replaced = stamp not in ((), self._stamp)  # (): the files are gone, the model is not
        if self._model is None or self._key != key or is_replaced:
            self._model = None  # free the old one before the new one is read
            model = load_model(base_model, DTYPES[precision])
            model.to(device, DTYPES[precision])
            self._key, self._stamp, self._model = key, stamp, model
        return self._model, device


def generate(
    request: GenerateRequest, control: Control, models: ModelCache | None = None
) -> Iterator[Event]:
    """Draw `count` pictures with seeds counting up. Ends with RunFinished or RunFailed."""
    try:
        yield from _generate(request, control, models or ModelCache())
    except UserError as error:
        yield RunFailed(error=error)


def default_settings(base_model: str, prompt: str) -> SampleSettings:
    """Size, steps and guidance that suit a base model."""
    side = native_side(locate(base_model))
    if side < SMALL:  # the starter model, and what it was made into
        return SampleSettings(
            prompt=prompt, width=side, height=side, num_inference_steps=20, guidance_scale=3.0
        )
    return SampleSettings(prompt=prompt, width=side, height=side)


def request_from(wish: dict[str, Any]) -> GenerateRequest:
    """What the gallery asks for, as plain data, made into a request.

    What it says nothing of (size, steps, guidance, sampler) suits the base model.
    """
    base_model = wish["base_model"]
    options = {key: wish[key] for key in OPTIONS if wish.get(key) not in (None, "")}
    settings = replace(default_settings(base_model, wish["prompt"]), seed=wish["seed"], **options)
    addons = tuple(Addon(Path(path), *weights) for path, *weights in wish.get("addons", ()))
    return GenerateRequest(
        base_model=base_model,
        addons=addons,
        settings=settings,
        count=wish["count"],
        folder=Path(wish["folder"]),
    )


class Worn(NamedTuple):
    """A result under its name, and how strongly it counts; `unet_weight` as in Addon."""

    name: str
    result: Result
    weight: float
    unet_weight: float | None = None


@contextmanager
def dressed(model: DiffusionModel, addons: Sequence[Addon]) -> Iterator[tuple[Tag, ...]]:
    """Inside the block the model wears the add-ons, whatever kind each file is; yields the tags
    that front ends write for them. An embedding answers to its file's name.

    Raises AddonUnreadable, AddonDoesNotFit, ...; afterwards the model is as it was.
    """
    with worn(model, read_addons(model, addons)) as tags:
        yield tags


def read_addons(model: DiffusionModel, addons: Sequence[Addon]) -> list[Worn]:
    """Raises what `read_result` does, EmbeddingWeighed and WordTwice."""
    read = [Worn(a.path.stem, read_result(a.path, model), a.weight, a.unet_weight) for a in addons]
    for addon, worn_one in zip(addons, read, strict=True):
        if isinstance(worn_one.result, EmbeddingResult) and addon.weight != 1:
            written = as_called(worn_one.name) or worn_one.name
            raise EmbeddingWeighed(path=addon.path.name, weight=addon.weight, written=written)
    _require_one_meaning(addons, read)
    return read


def _require_one_meaning(addons: Sequence[Addon], read: Sequence[Worn]) -> None:
    """The same vectors may be there twice, beside a LoRA that brings them along, say."""
    known: dict[str, tuple[Path, EmbeddingResult]] = {}
    for addon, (name, result, *_) in zip(addons, read, strict=True):
        for word, vectors in _words_of(name, result):
            path, before = known.setdefault(folded(word), (addon.path, vectors))
            if not _same_vectors(before, vectors):
                first, second = str(path), str(addon.path)
                raise WordTwice(first=first, second=second, word=word)


def _words_of(name: str, result: Result) -> list[tuple[str, EmbeddingResult]]:
    if isinstance(result, EmbeddingResult):
        return [(name, result)]
    words = result.words if isinstance(result, AdapterResult) else ()
    return [(word.word, word) for word in words]


def _same_vectors(one: EmbeddingResult, other: EmbeddingResult) -> bool:
    """But for the rounding of files of half precision."""
    if one.vectors.keys() != other.vectors.keys():
        return False
    pairs = [(rows.float(), other.vectors[part].float()) for part, rows in one.vectors.items()]
    return all(a.shape == b.shape and torch.allclose(a, b, rtol=1e-2, atol=1e-4) for a, b in pairs)


@contextmanager
def worn(model: DiffusionModel, results: Sequence[Worn]) -> Iterator[tuple[Tag, ...]]:
    """`dressed` for results."""
    with ExitStack() as stack:
        tags, adapters, nets = [], [], []
        for name, result, weight, unet_weight in results:
            match result:
                case AdapterResult():
                    adapters += halves(result, weight, unet_weight)
                    tags.append(Tag("lora", name, weight, unet_weight))
                    for word in result.words:  # embeddings inside the file
                        model.teach_word(word.word, _on_the_model(model, word))
                        stack.callback(model.forget_word, word.word)
                case HypernetworkResult():
                    nets.append((result, weight))
                    tags.append(Tag("hypernet", name, weight))
                case EmbeddingResult():
                    model.teach_word(name, _on_the_model(model, result))
                    stack.callback(model.forget_word, name)
        stack.enter_context(adapters_applied(model, adapters))
        stack.enter_context(nets_applied(model, nets))
        yield tuple(tags)


def _on_the_model(model: DiffusionModel, result: EmbeddingResult) -> dict[str, torch.Tensor]:
    return {part: rows.to(model.token_table(part).device) for part, rows in result.vectors.items()}


def _generate(request: GenerateRequest, control: Control, models: ModelCache) -> Iterator[Event]:
    require_writable(request.folder)
    request, said = with_tags_taken(request)
    for notice in said:
        yield Noticed(notice=notice)
    if control.stop_requested:  # before its turn came
        yield RunFinished(steps=0, stopped_early=True, exports=())
        return
    yield StageProgress(stage=Stage.LOAD_MODEL, done=0, total=1)
    model, device = models.get(request.base_model)
    yield StageProgress(stage=Stage.LOAD_MODEL, done=1, total=1)
    paths: list[str] = []
    read = read_addons(model, request.addons)
    for one in read:
        if isinstance(one.result, EmbeddingResult) and one.result.has_output:
            yield Noticed(notice=OutputVectorsUnused(name=one.name))
        if isinstance(one.result, AdapterResult) and one.result.changes_nothing:
            yield Noticed(notice=AddonChangesNothing(name=one.name))
    for notice in missing_words(*_asked(request)):
        yield Noticed(notice=notice)
    with worn(model, read) as tags:
        for number in range(request.count):
            settings = replace(request.settings, seed=request.settings.seed + number)
            with memory_guard(device, Phrase(QT_TRANSLATE_NOOP("engine", "drawing"))):
                image = yield from paint_unless_stopped(model, settings, device, control)
            if image is None:
                break
            data = png_bytes(image, settings, model.source.title, tags)
            path = drawn_pictures.keep(request.folder, settings.seed, data)
            paths.append(str(path))
            yield ImageGenerated(path=str(path), prompt=settings.prompt, seed=settings.seed)
            yield StageProgress(stage=Stage.SAMPLE, done=number + 1, total=request.count)
    yield RunFinished(
        steps=len(paths), stopped_early=len(paths) < request.count, exports=tuple(paths)
    )


def with_tags_taken(request: GenerateRequest) -> tuple[GenerateRequest, list[Notice]]:
    """`<lora:name:weight>` in the prompt becomes an add-on, as in AUTOMATIC1111; and what has to
    be said of the prompts."""
    prompt, tags = split_tags(request.settings.prompt)
    addons, unknown = tagged.resolved(tags, request.addons)
    said: list[Notice] = []
    if unknown:
        said.append(TagsUnknown(tags=" ".join(map(str, unknown))))
    texts = (prompt, request.settings.negative_prompt)
    pieces = [piece for text in texts for piece in not_done(text)]
    if pieces:
        said.append(SyntaxNotDone(pieces=", ".join(pieces[:_SHOWN])))
    if not tags:
        return request, said
    settings = replace(request.settings, prompt=" ".join(prompt.split()))
    return replace(request, settings=settings, addons=addons), said


def _asked(request: GenerateRequest) -> tuple[list[str], list[Path]]:
    """The prompts, and the files whose words they should contain."""
    whole = Path(request.base_model)
    files = [addon.path for addon in request.addons if addon.weight != 0]
    prompts = [request.settings.prompt, request.settings.negative_prompt]
    return prompts, [whole, *files] if is_file(whole) else files
