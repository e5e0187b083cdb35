"""Pictures of the class, drawn by the base model before anything is learnt (Ruiz et al. 2022).

They lie in the cache by model, prompt and size, numbered by their seed, so that a second run
and a run that was interrupted only draw what is missing or damaged.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from engine import cache_limit, storage
from engine.data.readings import read_one
from engine.dataset_notices import ClassImageRedrawn, ClassImagesElsewhere
from engine.device import memory_guard
from engine.errors import ClassFolderIsSubject, DiskFull, OutputNotWritable
from engine.events import Event, Noticed, Stage, StageProgress
from engine.formats.png_text import save_png
from engine.models.base import DiffusionModel
from engine.project import class_images_folder
from engine.regular_files import is_there
from engine.sampler import SampleSettings, paint
from engine.wording import QT_TRANSLATE_NOOP, Phrase
from engine.yielding import ContextFactory, yield_outside

_DRAWING = QT_TRANSLATE_NOOP("engine", "drawing class pictures")
# Raise it when the sampler draws another picture from the same seed. What an earlier version drew
# is then not found, and evicted in time.
VERSION = 1
_FIRST_SEED = 1_000_000  # far from the seeds that people compare samples at


def draw_class_images(
    model: DiffusionModel,
    wanted: SampleSettings,
    count: int,
    device: torch.device,
    context: ContextFactory,
    spare: Path,
) -> Generator[Event, None, Path]:
    """Yield progress and notices; return the folder, which then holds at least `count` pictures
    that can be read: in the cache, or below `spare` where nothing can be written there.

    The model is called inside `context`. Raises DiskFull or OutputNotWritable where `spare` takes
    nothing either.
    """
    key = _key(model, wanted)
    cached = class_images_folder() / key
    try:
        yield from _fill(cached, model, wanted, count, device, context)
    except (DiskFull, OutputNotWritable) as error:
        yield Noticed(notice=ClassImagesElsewhere(reason=error.sentence, folder=str(spare)))
        yield from _fill(spare / key, model, wanted, count, device, context)
        return spare / key
    storage.touch(cached)
    cache_limit.evict(cached.parent, in_use=(cached,))
    return cached


def _fill(
    folder: Path,
    model: DiffusionModel,
    wanted: SampleSettings,
    count: int,
    device: torch.device,
    context: ContextFactory,
) -> Iterator[Event]:
    """Draw what is missing or cannot be read."""
    for number in range(count):
        path = folder / f"class_{number:05d}.png"
        is_drawn = is_there(path)
        if is_drawn and read_one(path).refusal is not None:
            yield Noticed(notice=ClassImageRedrawn(name=path.name))
            storage.remove_file(path)  # of a cache: nobody wants it kept beside the others
            is_drawn = False
        if not is_drawn:
            yield StageProgress(stage=Stage.CLASS_IMAGES, done=number, total=count)
            settings = replace(wanted, seed=_FIRST_SEED + number)
            with memory_guard(device, Phrase(_DRAWING)):
                image = yield from yield_outside(context, paint(model, settings, device))
            save_png(path, image, settings, model.source.title, ())
    yield StageProgress(stage=Stage.CLASS_IMAGES, done=count, total=count)


def require_apart(pictures: str, class_folder: str) -> None:
    """Raises ClassFolderIsSubject where one of the folders is the other, or lies in it."""
    if not class_folder:
        return
    subject, classes = (
        Path(os.path.realpath(storage.expand(folder))) for folder in (pictures, class_folder)
    )
    if subject.is_relative_to(classes) or classes.is_relative_to(subject):
        raise ClassFolderIsSubject(folder=class_folder)


def numbered(folder: Path, count: int) -> list[Path]:
    """The first `count` of the drawn pictures."""
    return [folder / f"class_{number:05d}.png" for number in range(count)]


def fingerprint(module: nn.Module) -> str:
    """Tells models of one shape apart by the first values of each tensor, in no time."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.flatten()[:16].float().cpu().numpy().tobytes())
    return digest.hexdigest()


def _key(model: DiffusionModel, wanted: SampleSettings) -> str:
    parts = [fingerprint(part.module) for part in model.parts()]
    look = repr(replace(wanted, seed=0))
    return hashlib.sha256(repr((VERSION, *parts, look)).encode()).hexdigest()[:32]
