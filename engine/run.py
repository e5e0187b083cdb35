"""The engine's entry for training: pictures + prompts -> latents -> loss -> weights -> files."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from accelerate import Accelerator

from engine import checkpoint, config_file, storage
from engine.config import RunConfig
from engine.control import Control
from engine.data import captions
from engine.data.batches import BatchSource
from engine.data.latents import CachedImage, LatentCache, encode_pictures, hash_weights
from engine.data.pictures import PictureError
from engine.data.scan import Scan, scan_folder
from engine.device import (
    base_dtype,
    describe,
    make_accelerator,
    memory_guard,
    seed_everything,
)
from engine.errors import NoPictures, PromptCut, UserError
from engine.events import (
    Event,
    Noticed,
    RunFailed,
    RunFinished,
    RunStarted,
    SheetReady,
    Stage,
    StageProgress,
)
from engine.export import export_all
from engine.formats.catalog import code_of, formats_of
from engine.formats.metadata import ExportFacts
from engine.loop import Loop
from engine.methods.catalog import build
from engine.models.base import DiffusionModel
from engine.models.catalog import locate
from engine.models.loader import load_model
from engine.previews import Previews
from engine.project import RunFolder, cache_folder, create_run, open_run, record
from engine.sheet import sampled_steps, samples_of, write_sheet
from engine.wording import QT_TRANSLATE_NOOP

# Where memory may run out before the first step.
_LOADING = QT_TRANSLATE_NOOP("engine", "loading the model")
_PREPARING = QT_TRANSLATE_NOOP("engine", "preparing the pictures")


@dataclass(frozen=True, slots=True)
class Dataset:
    """The set as it is trained on."""

    scan: Scan
    images: list[CachedImage]
    texts: list[str]  # one for each image


def run(config: RunConfig, control: Control) -> Iterator[Event]:
    """Train from the start. Ends with exactly one of RunFinished and RunFailed.

    Anything but a UserError passes through: it is a bug of ours, and whoever hosts the engine
    turns it into RunCrashed.
    """
    try:
        locate(config.base_model)
        formats_of(config.method.kind, config.export.formats)
        accelerator = make_accelerator(config.training)
        folder = _agree_on_folder(accelerator, config)
        yield from _recorded(accelerator, config, folder, control)
    except UserError as error:
        yield RunFailed(error=error)


def resume(path: Path, control: Control) -> Iterator[Event]:
    """Go on with a run from its newest sound checkpoint. Ends as `run` does."""
    try:
        folder = open_run(path)
        config = config_file.require(config_file.read(folder.config_path))
        accelerator = make_accelerator(config.training)
        yield from _recorded(accelerator, config, folder, control)
    except UserError as error:
        yield RunFailed(error=error)


def finished_exports(path: Path) -> tuple[str, ...] | None:
    """The files of a run that reached its last step; None if it did not."""
    folder = open_run(path)
    try:
        result = json.loads(folder.result.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if result.get("outcome") != "finished":
        return None
    return tuple(str(folder.exports / name) for name in result.get("exports", []))


def _agree_on_folder(accelerator: Accelerator, config: RunConfig) -> RunFolder:
    """The first process makes the folder and tells the others."""
    if accelerator.num_processes == 1:
        return _new_folder(config)
    from accelerate.utils import broadcast_object_list

    told = [str(_new_folder(config).path) if accelerator.is_main_process else ""]
    broadcast_object_list(told)
    return RunFolder(Path(told[0]))


def _new_folder(config: RunConfig) -> RunFolder:
    folder = create_run(config)
    config_file.write(config, folder.config_path)
    return folder


def _recorded(
    accelerator: Accelerator, config: RunConfig, folder: RunFolder, control: Control
) -> Iterator[Event]:
    """Hold the run and write down what happens; only the first process does either."""
    with ExitStack() as stack:
        if not accelerator.is_main_process:
            yield from _train(accelerator, config, folder, control)
            return
        stack.enter_context(folder.locked())
        training = _train(accelerator, config, folder, control)
        if accelerator.num_processes == 1:  # of several, none may leave the others waiting
            training = _until_stopped(training, folder, control)
        yield from record(folder, _ending_in_one(training))


def _ending_in_one(events: Iterator[Event]) -> Iterator[Event]:
    """Inside the record, so that a failure is written down too."""
    try:
        yield from events
    except UserError as error:
        yield RunFailed(error=error)


def _until_stopped(events: Iterator[Event], folder: RunFolder, control: Control) -> Iterator[Event]:
    """Before the first step Stop ends the run at once; after it the loop sees to that."""
    started = False
    for event in events:
        yield event
        started = started or isinstance(event, RunStarted)
        if control.stop_requested and not started:
            done = max(checkpoint.steps_in(folder.checkpoints), default=0)
            yield RunFinished(steps=done, stopped_early=True, exports=())
            return


def _train(
    accelerator: Accelerator, config: RunConfig, folder: RunFolder, control: Control
) -> Iterator[Event]:
    """The whole path of one run."""
    clock = time.monotonic()
    yield StageProgress(stage=Stage.LOAD_MODEL, done=0, total=1)
    with memory_guard(accelerator.device, _LOADING):
        model = load_model(config.base_model, base_dtype(accelerator))
        model.to(accelerator.device, base_dtype(accelerator))
    yield StageProgress(stage=Stage.LOAD_MODEL, done=1, total=1)

    with memory_guard(accelerator.device, _PREPARING):
        dataset = yield from _prepare_pictures(accelerator, config, model)
    method = build(config.method)
    seed_everything(config.training.seed)  # new weights begin the same in every process
    method.attach(model)
    loop = Loop(
        config=config,
        accelerator=accelerator,
        model=model,
        method=method,
        batches=_batches(accelerator, config, dataset),
        folder=folder,
        previews=_previews(accelerator, config, model, dataset, folder),
        control=control,
    )
    saved, notices = checkpoint.load_latest(folder.path)
    for notice in notices:
        yield Noticed(notice=notice)
    if saved is not None:
        loop.restore(saved)
    yield RunStarted(
        folder=str(folder.path),
        steps=config.training.steps,
        first_step=loop.step,
        device=describe(accelerator.device),
        trainable=loop.num_trainable,
    )
    if accelerator.is_main_process:
        folder.remember_start(len(dataset.images))
    yield from loop.train()

    paths: list[Path] = []
    if accelerator.is_main_process:
        facts = export_facts(config, folder, model, loop.step)
        paths = yield from export_all(folder.exports, method.result(), facts)
        yield from _write_sheet(folder, dataset)
        _write_result(folder, loop, paths, time.monotonic() - clock)
    yield RunFinished(
        steps=loop.step,
        stopped_early=loop.stopped_early,
        exports=tuple(str(path) for path in paths),
    )


def _write_sheet(folder: RunFolder, dataset: Dataset) -> Iterator[Event]:
    """Before and after on one sheet, where samples were made at all."""
    steps = sampled_steps(folder.samples)
    if len(steps) < 2:
        return
    rows = [
        ("Pictures", [image.item.path for image in dataset.images]),
        ("Before", samples_of(folder.samples, steps[0])),
        (f"After {steps[-1]} steps", samples_of(folder.samples, steps[-1])),
    ]
    try:
        write_sheet(folder.sheet, rows)
    except (UserError, PictureError):
        return  # a picture that went away costs the sheet, not the run
    yield SheetReady(path=str(folder.sheet))


def export_facts(
    config: RunConfig, folder: RunFolder, model: DiffusionModel, step: int
) -> ExportFacts:
    """What an exported file of this run may tell."""
    started_at, num_images = folder.recall_start()
    return ExportFacts(
        config=config,
        source=model.source,
        prediction_type=model.noise_schedule.prediction_type,
        num_images=num_images,
        step=step,
        started_at=started_at,
    )


def export_again(path: Path, step: int | None, format_name: str, out: Path) -> Iterator[Event]:
    """Write a checkpoint of a run, the newest if `step` is None, in another format.

    Ends with RunFinished or RunFailed.
    """
    try:
        folder = open_run(path)
        config = config_file.require(config_file.read(folder.config_path))
        entry = formats_of(config.method.kind, (format_name,))[0]
        saved = checkpoint.load_step(folder.path, step)
        storage.require_writable(out.parent)
        yield StageProgress(stage=Stage.LOAD_MODEL, done=0, total=1)
        model = load_model(config.base_model)
        method = build(config.method)
        method.attach(model)
        method.load_state_dict(saved.weights)
        facts = export_facts(config, folder, model, saved.step)
        code_of(entry).save(out, method.result(), facts)
        yield RunFinished(steps=saved.step, stopped_early=False, exports=(str(out),))
    except UserError as error:
        yield RunFailed(error=error)


def _prepare_pictures(
    accelerator: Accelerator, config: RunConfig, model: DiffusionModel
) -> Iterator[Event]:
    """Yield progress and notices; return the Dataset. Raises NoPictures, FolderMissing."""
    settings = config.dataset
    own_captions = Path(settings.captions_folder) if settings.captions_folder else None
    scan = Scan(Path(settings.folder), (), (), 0)
    for found in scan_folder(storage.expand(settings.folder), own_captions):
        if isinstance(found, Scan):
            scan = found
        else:
            yield StageProgress(stage=Stage.SCAN, done=found, total=0)
    for notice in scan.notices:
        yield Noticed(notice=notice)
    cache = LatentCache(
        folder=cache_folder(),
        vae_hash=hash_weights(model.vae_module()),
        writes=accelerator.is_main_process,
    )
    images = yield from encode_pictures(
        model,
        scan.items,
        cache,
        resolution=config.training.resolution,
        flip=settings.flip,
    )
    if not images:
        raise NoPictures(folder=settings.folder, num_files=scan.num_files)
    texts = [
        captions.compose(
            image.item.caption, settings.template, settings.trigger, settings.class_word
        )
        for image in images
    ]
    for text in dict.fromkeys(texts):
        if model.count_tokens(text) > model.max_tokens:
            yield Noticed(notice=PromptCut(limit=model.max_tokens - 2, text=text[:60]))
    return Dataset(scan, images, texts)


def _batches(accelerator: Accelerator, config: RunConfig, dataset: Dataset) -> BatchSource:
    return BatchSource(
        images=dataset.images,
        captions=dataset.texts,
        batch_size=config.training.batch_size,
        repeats=config.dataset.repeats,
        seed=config.training.seed,
        device=accelerator.device,
        caption_dropout=config.dataset.caption_dropout,
        flip=config.dataset.flip,
    )


def _previews(
    accelerator: Accelerator,
    config: RunConfig,
    model: DiffusionModel,
    dataset: Dataset,
    folder: RunFolder,
) -> Previews:
    suggested = captions.suggest_prompts(
        dataset.texts, config.dataset.trigger, config.dataset.class_word
    )
    return Previews(
        model=model,
        settings=config.sampling,
        prompts=config.sampling.prompts or suggested,
        resolution=config.training.resolution,
        folder=folder.samples,
        device=accelerator.device,
    )


def _write_result(folder: RunFolder, loop: Loop, paths: list[Path], seconds: float) -> None:
    """Enough to repeat the run and to know what came of it."""
    libraries = ("torch", "diffusers", "transformers", "peft", "accelerate", "safetensors")
    storage.write_json(
        folder.result,
        {
            "outcome": "stopped" if loop.stopped_early else "finished",
            "steps": loop.step,
            "seconds": round(seconds, 1),
            "exports": [path.name for path in paths],
            "sha256": {path.name: storage.sha256_of(path) for path in paths},
            "versions": {name: version(name) for name in libraries},
        },
    )
