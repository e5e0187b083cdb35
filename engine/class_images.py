"""Pictures of the class, drawn by the base model before anything is learnt (Ruiz et al. 2022).

They lie in the cache by model, prompt and size, numbered by their seed, so that a second run
and a run that was interrupted only draw what is missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from engine.device import memory_guard
from engine.events import Event, Stage, StageProgress
from engine.formats.png_text import save_png
from engine.models.base import DiffusionModel
from engine.project import class_images_folder
from engine.sampler import SampleSettings, paint
from engine.wording import QT_TRANSLATE_NOOP, Phrase
from engine.yielding import ContextFactory, yield_outside

_DRAWING = QT_TRANSLATE_NOOP("engine", "drawing class pictures")
_FIRST_SEED = 1_000_000  # far from the seeds that people compare samples at


def draw_class_images(
    model: DiffusionModel,
    wanted: SampleSettings,
    count: int,
    device: torch.device,
    context: ContextFactory,
) -> Generator[Event, None, Path]:
    """Yield progress; return the folder, which then holds at least `count` pictures.

    The model is called inside `context`. Raises DiskFull or OutputNotWritable.
    """
    folder = class_images_folder() / _key(model, wanted)
    for number in range(count):
        path = folder / f"class_{number:05d}.png"
        if not path.exists():
            yield StageProgress(stage=Stage.CLASS_IMAGES, done=number, total=count)
            settings = replace(wanted, seed=_FIRST_SEED + number)
            with memory_guard(device, Phrase(_DRAWING)):
                image = yield from yield_outside(context, paint(model, settings, device))
            save_png(path, image, settings, model.source.title, ())
    yield StageProgress(stage=Stage.CLASS_IMAGES, done=count, total=count)
    return folder


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
    return hashlib.sha256(repr((*parts, look)).encode()).hexdigest()[:32]
