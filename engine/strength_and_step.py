"""Which strength and which step is best? The same picture for each, in one grid.

What was learnt is taken from the run's checkpoints, so nothing has to be exported before.
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from os.path import lexists
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from engine import checkpoint, config_file
from engine.assembly import attached, load_base
from engine.config import RunConfig
from engine.control import Control
from engine.device import Compute, device_name, is_running, memory_guard
from engine.drawn_text import draw_label
from engine.errors import UserError
from engine.events import (
    Event,
    Heartbeat,
    ImageGenerated,
    Noticed,
    RunFailed,
    RunFinished,
    Stage,
    StageProgress,
)
from engine.file_names import counted_up
from engine.formats.png_text import png_bytes
from engine.generate import Worn, request_from, worn
from engine.memory import probe
from engine.methods.base import Method
from engine.models.base import DiffusionModel
from engine.models.catalog import locate
from engine.models.size import largest_clip_skip, measure_model, require_clip_skip
from engine.project import RunFolder, open_run, safe_name
from engine.prompt_notices import GridBesideTraining, GridWaits
from engine.prompts import Tag
from engine.results import AdapterResult, EmbeddingResult, HypernetworkResult
from engine.run_start import RunStart
from engine.sampler import SampleSettings, paint_unless_stopped
from engine.shown_weights import load_shown
from engine.storage import require_writable, write_to_free
from engine.trigger import prompt_calls
from engine.word_notices import TriggerNotInPrompt
from engine.wording import QT_TRANSLATE_NOOP, Phrase
from engine.yielding import yield_outside

BYTES_A_PIXEL = 6 * 1024  # of a picture while the autoencoder decodes it in fp32
CELL, GAP, LABEL, MARGIN = 192, 6, 24, 72
LABEL_SIZE = 14
PAPER = (255, 255, 255)
_GRID = "_grid.png"
_STEP = QT_TRANSLATE_NOOP("engine", "step {step}")


def strength_and_step(
    run: Path,
    steps: Sequence[int],
    weights: Sequence[float],
    settings: SampleSettings,
    folder: Path,
    control: Control,
) -> Iterator[Event]:
    """Draw `settings` for each step of a run at each strength, and one grid of all.

    A method that leaves no add-on, only a whole model, has no strength: it is drawn once a step.
    Ends with RunFinished, whose first export is the grid, or RunFailed.
    """
    try:
        yield from _drawn(open_run(run), steps, weights, settings, folder, control)
    except UserError as error:
        yield RunFailed(error=error)


def grid_from(wish: dict[str, Any], control: Control) -> Iterator[Event]:
    """What the gallery asks for: a wish as of `engine.generate`, with a run, steps and weights."""
    request = request_from(wish)
    asked = wish["grid"]
    return strength_and_step(
        Path(asked["run"]),
        asked["steps"],
        asked["weights"],
        request.settings,
        request.folder,
        control,
    )


def _drawn(
    run: RunFolder,
    steps: Sequence[int],
    weights: Sequence[float],
    settings: SampleSettings,
    folder: Path,
    control: Control,
) -> Iterator[Event]:
    require_writable(folder)
    config = config_file.of_run(run.config_path)
    for step in steps:
        if step not in checkpoint.steps_in(run.checkpoints):
            checkpoint.load_step(run.path, step)  # says which there are
    source = locate(config.base_model)
    require_clip_skip(settings.clip_skip, largest_clip_skip(source), source)
    compute = Compute.of(config.training)  # where and how the run's own samples were drawn
    yield from _wait_for_memory(config, compute, settings, control)
    trigger = config.dataset.trigger
    if trigger and not prompt_calls(settings.prompt, trigger):
        yield Noticed(notice=TriggerNotInPrompt(word=trigger, name=config.name))
    stem = _free_stem(folder, run.path.name)
    for notice in RunStart.of(run.path).base_changes(config.base_model):
        yield Noticed(notice=notice)
    cells: list[list[Image.Image]] = [[] for _ in steps]
    if not control.stop_requested:
        model = yield from load_base(compute, config)
        method = attached(config, model, at_start=False)
        if not _has_strength(method):
            weights = (1.0,)
        for row, step in enumerate(steps):
            saved = yield from checkpoint.loading_step(run.path, step)
            load_shown(config, method, saved)
            del saved
            for weight in weights:
                with _at_strength(model, method, config, step, weight) as tags:
                    image = yield from _painted(model, settings, compute, control)
                if image is None:
                    break
                data = png_bytes(image, settings, model.source.title, tags)
                path = write_to_free(folder / f"{stem}_{step:06d}_{weight:g}.png", data)
                yield ImageGenerated(path=str(path), prompt=settings.prompt, seed=settings.seed)
                cells[row].append(image)
                done, total = sum(map(len, cells)), len(steps) * len(weights)
                yield StageProgress(stage=Stage.SAMPLE, done=done, total=total)
            if control.stop_requested:
                break
    columns = [f"{weight:g}" for weight in weights]
    rows = [Phrase(_STEP, step=step) for step in steps]
    grid = write_to_free(folder / f"{stem}{_GRID}", make_grid(cells, columns, rows))
    yield RunFinished(
        steps=sum(map(len, cells)), stopped_early=control.stop_requested, exports=(str(grid),)
    )


def _free_stem(folder: Path, name: str) -> str:
    """One for all pictures of a grid, that no grid in the folder has."""
    return next(stem for stem in counted_up(name) if not lexists(folder / f"{stem}{_GRID}"))


def _painted(
    model: DiffusionModel, settings: SampleSettings, compute: Compute, control: Control
) -> Generator[Event, None, Image.Image | None]:
    """Yield Heartbeats; return the picture, None after Stop."""
    with memory_guard(compute.device, Phrase(QT_TRANSLATE_NOOP("engine", "drawing"))):
        painting = paint_unless_stopped(model, settings, compute.device, control)
        return (yield from yield_outside(compute.autocast, painting))


def _wait_for_memory(
    config: RunConfig, compute: Compute, settings: SampleSettings, control: Control
) -> Iterator[Event]:
    """Say how a training that is going on and the grid share the device; where the free memory
    does not hold a second model, wait until the training ends."""
    if not is_running():
        return
    size = measure_model(locate(config.base_model))
    held = compute.base_dtype(config).itemsize
    needed = held * (size.unet + size.text) + 4 * size.vae
    needed += BYTES_A_PIXEL * settings.width * settings.height
    free = probe(device_name(config.training)).free_bytes
    if free >= needed:
        yield Noticed(notice=GridBesideTraining())
        return
    yield Noticed(notice=GridWaits(needed_gib=needed / 2**30, free_gib=free / 2**30))
    while is_running() and not control.stop_requested:
        yield Heartbeat()


def _has_strength(method: Method) -> bool:
    return any(
        isinstance(result, AdapterResult | HypernetworkResult) for result in method.results()
    )


@contextmanager
def _at_strength(
    model: DiffusionModel, method: Method, config: RunConfig, step: int, weight: float
) -> Iterator[tuple[Tag, ...]]:
    """Inside the block the model draws with what was learnt at this strength; yields the tags
    that front ends write for it."""
    if not _has_strength(method):
        yield ()
        return
    name = f"{safe_name(config.name)}-{step}"
    learnt = [
        Worn(
            config.dataset.trigger if isinstance(result, EmbeddingResult) else name, result, weight
        )
        for result in method.results()
    ]
    with method.base_model(), worn(model, learnt) as tags:
        yield tags


def make_grid(
    rows: Sequence[Sequence[Image.Image]], columns: Sequence[str], names: Sequence[str]
) -> bytes:
    """PNG of the pictures with what stands above each column and before each row."""
    size = (
        MARGIN + len(columns) * (CELL + GAP) + GAP,
        LABEL + len(rows) * (CELL + GAP) + GAP,
    )
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, text in enumerate(columns):
        draw_label(draw, (MARGIN + number * (CELL + GAP), 4), text, LABEL_SIZE)
    for row, pictures in enumerate(rows):
        top = LABEL + row * (CELL + GAP)
        draw_label(draw, (GAP, top + CELL // 2), names[row], LABEL_SIZE)
        for column, picture in enumerate(pictures):
            fitted = picture.resize((CELL, CELL), Image.Resampling.LANCZOS)
            sheet.paste(fitted, (MARGIN + column * (CELL + GAP), top))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()
