"""Which strength and which step is best? The same picture for each, in one grid.

What was learnt is taken from the run's checkpoints, so nothing has to be exported before.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw, ImageFont

from engine import checkpoint, config_file
from engine.assembly import attached, wanted_prediction
from engine.config import RunConfig, TrainingSettings
from engine.control import Control
from engine.device import holding_dtype, make_accelerator
from engine.errors import UserError
from engine.events import Event, ImageGenerated, RunFailed, RunFinished, Stage, StageProgress
from engine.formats.png_text import save_png
from engine.generate import request_from, worn
from engine.models.base import DiffusionModel
from engine.models.loader import load_model
from engine.outcome import as_result
from engine.project import RunFolder, open_run, safe_name
from engine.results import Result
from engine.sampler import SampleSettings, paint_unless_stopped
from engine.storage import require_writable, write_bytes

# Row of the grid, strength, model, and the block inside which it is as it was.
State = tuple[int, float, DiffusionModel, AbstractContextManager]
CELL, GAP, LABEL, MARGIN = 192, 6, 24, 72
PAPER, INK = (255, 255, 255), (26, 29, 35)


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
    config = config_file.require(config_file.read(run.config_path))
    if config.method.learns_whole_networks:
        weights = (1.0,)
    yield StageProgress(stage=Stage.LOAD_MODEL, done=0, total=1)
    cells: list[list[Image.Image]] = [[] for _ in steps]
    total = len(steps) * len(weights)
    for row, weight, model, state in _states(run, config, steps, weights):
        with state as tags:
            image = yield from paint_unless_stopped(model, settings, torch.device("cpu"), control)
        if image is None:
            break
        path = folder / f"{run.path.name}_{steps[row]:06d}_{weight:g}.png"
        save_png(path, image, settings, model.source.title, tags or ())
        yield ImageGenerated(path=str(path), prompt=settings.prompt, seed=settings.seed)
        cells[row].append(image)
        done = sum(map(len, cells))
        yield StageProgress(stage=Stage.SAMPLE, done=done, total=total)
    grid = folder / f"{run.path.name}_grid.png"
    columns = [f"{weight:g}" for weight in weights]
    write_bytes(grid, make_grid(cells, columns, [f"step {step}" for step in steps]))
    yield RunFinished(
        steps=sum(map(len, cells)), stopped_early=control.stop_requested, exports=(str(grid),)
    )


def _load(config: RunConfig) -> DiffusionModel:
    model = load_model(
        config.base_model, holding_dtype(config), prediction_type=wanted_prediction(config)
    )
    model.set_clip_skip(config.training.clip_skip)
    return model


def _states(
    run: RunFolder, config: RunConfig, steps: Sequence[int], weights: Sequence[float]
) -> Iterator[State]:
    """Row, strength, model, and a block inside which the model is as it was at that step."""
    learner = _load(config)
    method = attached(config, learner)
    accelerator = make_accelerator(TrainingSettings(device="cpu", precision="fp32"))
    saved = [checkpoint.load_step(run.path, step) for step in steps]  # what is missing is said now
    if config.method.learns_whole_networks:
        for row, state in enumerate(saved):
            yield row, 1.0, learner, as_result(config, method, state, accelerator)
        return
    learnt: list[list[Result]] = []
    for state in saved:
        with as_result(config, method, state, accelerator):
            learnt.append([copy.deepcopy(result) for result in method.results()])
    del method, learner, saved
    model = _load(config)  # a fresh one: the other wore the method
    for row, step in enumerate(steps):
        name = f"{safe_name(config.name)}-{step}"
        for weight in weights:
            yield row, weight, model, worn(model, [(name, one, weight) for one in learnt[row]])


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
    font = ImageFont.load_default(size=14)
    for number, text in enumerate(columns):
        draw.text((MARGIN + number * (CELL + GAP), 4), text, fill=INK, font=font)
    for row, pictures in enumerate(rows):
        top = LABEL + row * (CELL + GAP)
        draw.text((GAP, top + CELL // 2), names[row], fill=INK, font=font)
        for column, picture in enumerate(pictures):
            fitted = picture.resize((CELL, CELL), Image.Resampling.LANCZOS)
            sheet.paste(fitted, (MARGIN + column * (CELL + GAP), top))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()
