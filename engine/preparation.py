"""Pictures and captions -> what the loop takes: batches of latents, class batches, previews."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from accelerate import Accelerator

from engine import storage
from engine.class_images import draw_class_images, numbered
from engine.config import DatasetSettings, RunConfig
from engine.data import captions
from engine.data.batches import BatchSource
from engine.data.called import calling, cut_texts, max_chunks
from engine.data.caption_files import captioned
from engine.data.edits import edited
from engine.data.latents import (
    CachedImage,
    LatentCache,
    Preparation,
    encode_pictures,
    hash_weights,
)
from engine.data.pictures import MIN_SIDE
from engine.data.scan import ImageItem, Scan, read_picture, scan_folder
from engine.data.walk import worth_saying
from engine.dataset_notices import (
    EditsWithoutPictures,
    KeptBack,
    OwnClassImages,
    PictureSkipped,
)
from engine.device import Compute
from engine.errors import ClassFolderIsSubject, NoPictures, Notice
from engine.evaluation.exam import make_questions
from engine.evaluation.judge import Judge
from engine.evaluation.networks import load_network
from engine.evaluation.settings import held_out
from engine.events import Event, Noticed, Stage, StageProgress
from engine.methods.base import Subject
from engine.methods.settings import Prior
from engine.models.base import DiffusionModel
from engine.previews import Previews
from engine.project import RunFolder, cache_folder
from engine.prompt_notices import PromptCut
from engine.ranks import Ranks
from engine.sampler import SampleSettings
from engine.step_loss import ClassBatches
from engine.trigger_rules import sample_prompts
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_IS_LEARNT = QT_TRANSLATE_NOOP("engine", "It is one of the pictures that are to be learnt.")
_CLASS_KEY = 0x636C617373  # keeps the order of class pictures apart from that of the pictures


@dataclass(frozen=True, slots=True)
class Dataset:
    """A set as it is trained on."""

    images: list[CachedImage]
    texts: list[str]  # one for each image
    references: list[CachedImage] = field(default_factory=list)  # compared with, not trained on
    cut: frozenset[int] = frozenset()  # places of texts that are longer than what is read
    # All texts of each image, where some images have several.
    choices: list[tuple[str, ...]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every part of the preparation needs."""

    accelerator: Accelerator
    config: RunConfig
    model: DiffusionModel
    cache: LatentCache
    ranks: Ranks = field(default_factory=Ranks)

    @property
    def compute(self) -> Compute:
        return Compute.of_accelerator(self.accelerator)

    @classmethod
    def open(
        cls, accelerator: Accelerator, config: RunConfig, model: DiffusionModel, ranks: Ranks
    ) -> Workshop:
        cache = LatentCache(
            folder=cache_folder(),
            vae_hash=hash_weights(model.vae_module()),
            writes=accelerator.is_main_process,
        )
        return cls(accelerator, config, model, cache, ranks)


def prepare_pictures(shop: Workshop) -> Generator[Event, None, Dataset]:
    """Yield progress and notices; return the Dataset. Raises NoPictures, FolderMissing."""
    settings = shop.config.dataset
    scan = yield from _scan(storage.expand(settings.folder), settings)
    preparation = Preparation(
        resolution=shop.config.training.resolution,
        flip=settings.flip,
        masks=settings.masks,
        unmasked_weight=settings.unmasked_weight,
    )
    yield from _lost_edits(settings, scan)
    items = tuple(edited(scan.items, settings.edits))
    images = yield from _encoded(shop, items, preparation)
    if not images:
        raise NoPictures(folder=settings.folder, num_files=scan.num_files)
    images, references = yield from _parted(shop, images)
    images = [image for image in images for _ in range(image.item.edit.repeats)]
    texts = compose_texts(settings, images)
    most = max_chunks(shop.config)
    choices = _compose_choices(settings, images)
    for text in dict.fromkeys([*texts, *(text for found in choices for text in found)]):
        if shop.model.num_chunks(text) > most:
            yield Noticed(notice=PromptCut(limit=75 * most, text=text[:60]))
    return Dataset(images, texts, references, choices=choices)


def _lost_edits(settings: DatasetSettings, scan: Scan) -> Iterator[Event]:
    """Edits and captions go by what is in the file: one that was retouched has lost them."""
    own = storage.expand(settings.captions_folder) if settings.captions_folder else None
    lost = captioned(own).union(settings.edits) - {item.content_hash for item in scan.items}
    if lost:
        yield Noticed(notice=EditsWithoutPictures(count=len(lost)))


def compose_texts(settings: DatasetSettings, images: list[CachedImage]) -> list[str]:
    """What is trained on, one text for each picture."""
    return [compose_text(settings, image.item) for image in images]


def compose_text(settings: DatasetSettings, item: ImageItem) -> str:
    return captions.compose(item.caption, settings.template, settings.trigger, settings.class_word)


def _compose_choices(settings: DatasetSettings, images: list[CachedImage]) -> list[tuple[str, ...]]:
    """The texts of each image; empty where no image has several."""
    if not any(image.item.choices for image in images):
        return []
    return [
        tuple(compose_text(settings, replace(image.item, caption=c)) for c in image.item.choices)
        for image in images
    ]


def calling_texts(shop: Workshop, dataset: Dataset) -> Dataset:
    """The dataset with texts that call the trigger word within what is read of them.

    Ask once the method has taught its word. Raises WordNotCalled.
    """
    names = [image.item.path.name for image in dataset.images]
    texts = calling(shop.model, shop.config, names, dataset.texts)
    choices = [
        tuple(calling(shop.model, shop.config, [name] * len(several), several))
        for name, several in zip(names, dataset.choices, strict=False)
    ]
    cut = cut_texts(shop.model, shop.config, texts)
    return replace(dataset, texts=texts, choices=choices, cut=cut)


def prepare_classes(
    shop: Workshop, prior: Prior, dataset: Dataset, spare: Path
) -> Generator[Event, None, Dataset]:
    """Yield progress; return the Dataset of the class: pictures drawn or supplied. `spare`: where
    they are drawn when the cache cannot be written.

    Ask before anything is attached to the model: it draws as the base model. Raises NoPictures
    and ClassFolderIsSubject.
    """
    config, settings = shop.config, shop.config.dataset
    prompt = prior.prompt or captions.compose("", settings.template, "", settings.class_word)
    if prior.folder:
        items = yield from _supplied(prior, dataset)
    else:
        items = yield from _drawn(shop, prior, prompt, spare)
    preparation = Preparation(resolution=config.training.resolution)
    images = yield from _encoded(shop, items, preparation)
    if not images:
        raise NoPictures(folder=prior.folder or prompt, num_files=len(items))
    return Dataset(images, [prompt] * len(images))


def batches(shop: Workshop, dataset: Dataset) -> BatchSource:
    config = shop.config
    return BatchSource(
        images=dataset.images,
        captions=dataset.texts,
        choices=dataset.choices,
        batch_size=config.training.batch_size,
        repeats=config.dataset.repeats,
        seed=config.training.seed,
        device=shop.accelerator.device,
        caption_dropout=config.dataset.caption_dropout,
        flip=config.dataset.flip,
        shuffle_tags=config.dataset.shuffle_tags,
        keep_tags=config.dataset.keep_tags,
        word=config.dataset.trigger,
        cut=dataset.cut,
    )


def class_batches(
    shop: Workshop, prior: Prior, dataset: Dataset, classes: Dataset | None
) -> ClassBatches:
    """The second loss's batches; without class pictures the pictures themselves, named as the
    class alone, are shown to the model as it was."""
    config = shop.config
    if classes is None:
        plain = config.dataset
        prompt = prior.prompt or captions.compose("", plain.template, "", plain.class_word)
        classes = Dataset(dataset.images, [prompt] * len(dataset.images))
    source = BatchSource(
        images=classes.images,
        captions=classes.texts,
        batch_size=config.training.batch_size,
        repeats=1,
        seed=config.training.seed ^ _CLASS_KEY,
        device=shop.accelerator.device,
    )
    return ClassBatches(source, prior.weight, prior.from_frozen)


def previews(shop: Workshop, dataset: Dataset, folder: RunFolder) -> Previews:
    config = shop.config
    suggested = captions.suggest_prompts(
        dataset.texts, config.dataset.trigger, config.dataset.class_word
    )
    return Previews(
        model=shop.model,
        settings=config.sampling,
        prompts=sample_prompts(config, suggested),
        resolution=config.training.resolution,
        clip_skip=config.training.clip_skip,
        folder=folder.samples,
        device=shop.accelerator.device,
    )


def judge(shop: Workshop, dataset: Dataset, previews: Previews, folder: RunFolder) -> Judge | None:
    """Who measures likeness; None where nobody is wanted. Raises JudgeUnreadable."""
    settings, plain = shop.config.evaluation, shop.config.dataset
    if not settings.enabled or not shop.accelerator.is_main_process:
        return None
    network = storage.expand(settings.network) if settings.network else None
    subject = Subject(plain.trigger, plain.class_word)
    return Judge(
        model=shop.model,
        network=load_network(network),
        questions=make_questions(
            previews.prompts, subject, settings.num_pictures, previews.settings.seed
        ),
        previews=previews,
        folder=folder.evaluation,
        trained=dataset.images,
        references=dataset.references,
        patience=settings.patience,
    )


def _parted(
    shop: Workshop, images: list[CachedImage]
) -> Generator[Event, None, tuple[list[CachedImage], list[CachedImage]]]:
    """Yield progress and notices; return the pictures to train on, and those to compare with.

    None to compare with where there are too few: then the judge takes those that are trained on.
    Raises NoPictures, FolderMissing.
    """
    settings = shop.config.evaluation
    if not settings.enabled:
        return images, []
    if settings.references:
        return images, (yield from _references(shop, settings.references, images))
    count = held_out(len(images)) if settings.hold_out else 0
    chosen = set(random.Random(shop.config.training.seed).sample(range(len(images)), count))
    kept_back = [image for number, image in enumerate(images) if number in chosen]
    if kept_back:
        names = ", ".join(image.item.path.name for image in kept_back)
        yield Noticed(notice=KeptBack(names=names))
    return [image for number, image in enumerate(images) if number not in chosen], kept_back


def _references(
    shop: Workshop, folder: str, images: list[CachedImage]
) -> Generator[Event, None, list[CachedImage]]:
    """Yield progress; return the folder's pictures, but for those that are trained on, too."""
    scan = yield from _scan(storage.expand(folder))
    preparation = Preparation(resolution=shop.config.training.resolution)
    found = yield from _encoded(shop, scan.items, preparation)
    if not found:
        raise NoPictures(folder=folder, num_files=scan.num_files)
    trained = {image.item.content_hash for image in images}
    return [image for image in found if image.item.content_hash not in trained]


def _encoded(
    shop: Workshop, items: tuple[ImageItem, ...], preparation: Preparation
) -> Generator[Event, None, list[CachedImage]]:
    """The first process encodes; the others read what it kept."""
    return (
        yield from shop.ranks.first_alone(
            lambda: encode_pictures(shop.model, items, shop.cache, preparation)
        )
    )


def _scan(folder: Path, settings: DatasetSettings | None = None) -> Generator[Event, None, Scan]:
    """Yield progress and notices; return the Scan.

    Without settings the captions and masks of the folder do not count, and nothing is said of them.
    """
    own = Path(settings.captions_folder) if settings and settings.captions_folder else None
    scan = Scan(folder, (), (), 0)
    for found in scan_folder(folder, own):
        if isinstance(found, Scan):
            scan = found
        else:
            yield StageProgress(stage=Stage.SCAN, done=found, total=0)
    for notice in worth_saying(scan.notices, settings.masks if settings else None):
        yield Noticed(notice=notice)
    return scan


def _supplied(prior: Prior, dataset: Dataset) -> Generator[Event, None, tuple[ImageItem, ...]]:
    """Yield progress and notices; return the user's own class pictures, without those that are to
    be learnt."""
    scan = yield from _scan(storage.expand(prior.folder), None)
    if not scan.items:
        raise NoPictures(folder=prior.folder, num_files=scan.num_files)
    learnt = {image.item.content_hash for image in dataset.images}
    items = tuple(item for item in scan.items if item.content_hash not in learnt)
    if not items:
        raise ClassFolderIsSubject(folder=prior.folder)
    for item in scan.items:
        if item.content_hash in learnt:
            yield Noticed(notice=PictureSkipped(name=item.path.name, reason=Phrase(_IS_LEARNT)))
    if len(items) < max(prior.num_images, scan.num_files):
        yield Noticed(
            notice=OwnClassImages(
                count=len(items),
                files=scan.num_files,
                folder=prior.folder,
                wanted=prior.num_images,
            )
        )
    return items


def _drawn(
    shop: Workshop, prior: Prior, prompt: str, spare: Path
) -> Generator[Event, None, tuple[ImageItem, ...]]:
    """Yield progress and notices; return the drawn pictures. Only the first process draws."""
    config, sampling = shop.config, shop.config.sampling
    step = shop.model.bucket_step
    side = max(config.training.resolution, MIN_SIDE) // step * step  # as pictures must be
    wanted = SampleSettings(
        prompt=prompt,
        width=side,
        height=side,
        num_inference_steps=sampling.num_inference_steps,
        guidance_scale=sampling.guidance_scale,
        clip_skip=config.training.clip_skip,
    )
    device = shop.accelerator.device
    folder = yield from shop.ranks.first_alone(
        lambda: draw_class_images(
            shop.model, wanted, prior.num_images, device, shop.compute.autocast, spare
        ),
    )
    items: list[ImageItem] = []
    notices: list[Notice] = []
    for path in numbered(folder, prior.num_images):
        read_picture(path, items, notices)
    for notice in notices:
        yield Noticed(notice=notice)
    return tuple(items)
