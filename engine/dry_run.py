"""A few real steps and one sample before the start: what the run will need, measured.

Nothing is kept: no run folder, no checkpoint, no file. Memory is what this computer really
used, and time is what its steps really took; only the multiplication is ours.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import torch
from accelerate import Accelerator

from engine import storage
from engine.advice import advice_on
from engine.assembly import attached, load_base
from engine.class_images import require_apart
from engine.config import RunConfig
from engine.config_file import merge, require
from engine.control import Control
from engine.data.buckets import choose_bucket, make_buckets
from engine.data.called import calling
from engine.data.edits import edited
from engine.data.latents import LatentCache, Preparation, encode_pictures
from engine.data.scan import ImageItem, Scan, scan_folder
from engine.device import Compute, describe, device_name, memory_bytes, run_accelerator
from engine.easing import let_go_of_memory
from engine.errors import NoPictures, OutOfMemory
from engine.evaluation.exam import for_the_trained, make_questions
from engine.events import (
    Estimated,
    Event,
    FitSuggested,
    Noticed,
    RunCrashed,
    RunFinished,
    SampleReady,
    StepFinished,
    failure_of,
)
from engine.loop import Loop
from engine.memory import probe
from engine.methods.base import Subject
from engine.models.base import DiffusionModel
from engine.models.size import measure_model
from engine.planning import plan_run, suggest_fit
from engine.preparation import (
    Dataset,
    Workshop,
    batches,
    calling_texts,
    class_batches,
    compose_text,
    compose_texts,
    previews,
)
from engine.project import RunFolder

STEPS = 4  # the first one warms up and does not count
POLL_SECONDS = 0.01
WEIGHT_BYTES = {"fp32": 4, "fp16": 2, "bf16": 2}


def dry_run(config: RunConfig, control: Control) -> Iterator[Event]:
    """Ends with Estimated and RunFinished, or with RunFailed, say of OutOfMemory."""
    with storage.temporary_folder() as place:
        yield from _tried(config, place, control)


def _tried(config: RunConfig, place: Path, control: Control) -> Iterator[Event]:
    try:
        for notice in advice_on(config):
            yield Noticed(notice=notice)
        plan = plan_run(config)
        with run_accelerator(plan.config.training) as accelerator:
            yield from _measured(config, plan.config, accelerator, place, control)
    except Exception as error:
        failed = failure_of(error)
        if isinstance(failed, RunCrashed):
            raise
        if isinstance(failed.error, OutOfMemory):
            yield from _advice(config, 0)
        yield failed


def _measured(
    config: RunConfig, planned: RunConfig, accelerator: Accelerator, place: Path, control: Control
) -> Iterator[Event]:
    """`planned`: the settings made fit for this computer's memory."""
    prior = config.method.prior()
    if prior is not None:
        require_apart(config.dataset.folder, prior.folder)
    free_bytes = probe(device_name(planned.training)).free_bytes
    with peak_memory(accelerator.device) as peak:
        started = time.monotonic()
        model = yield from load_base(Compute.of_accelerator(accelerator), planned)
        shop = Workshop(accelerator, planned, model, LatentCache(None, "", writes=False))
        dataset, items = yield from _a_batch(shop)
        loop = _loop(shop, dataset, RunFolder(place), control)
        _require_calls(shop, items)
        loading = time.monotonic() - started
        with closing(loop):
            steps = yield from _take_steps(loop)
            sample = yield from _draw_one(loop)
            if control.stop_requested or not steps:
                yield RunFinished(steps=loop.step, stopped_early=True, exports=())
                return
            checkpoint_bytes = loop.checkpoint_bytes
            export_bytes = _export_bytes(planned, model, loop)
    counts = _counts(planned, loop)
    encoding = loading / max(1, len(dataset.images)) * len(items)
    estimated = Estimated(
        device=describe(accelerator.device),
        peak_bytes=peak.bytes,
        free_bytes=free_bytes,
        seconds_per_step=median(steps),
        seconds_per_sample=sample,
        total_seconds=min(encoding, 60.0)
        + loading
        + median(steps) * planned.training.steps
        + sample * counts.pictures,
        disk_bytes=checkpoint_bytes * counts.checkpoints + export_bytes,
        free_disk_bytes=storage.free_bytes(storage.expand(config.runs_folder)),
        export_bytes=export_bytes,
    )
    yield estimated
    if estimated.peak_bytes > estimated.free_bytes:
        yield from _advice(config, estimated.peak_bytes)
    yield RunFinished(steps=loop.step, stopped_early=False, exports=())


def _advice(config: RunConfig, measured_bytes: int) -> Iterator[Event]:
    found = suggest_fit(config, measured_bytes)
    if found is not None:
        yield FitSuggested(changes=dict(found.changes), measures=found.measures)


def _a_batch(shop: Workshop) -> Generator[Event, None, tuple[Dataset, list[ImageItem]]]:
    """Yield progress; return a Dataset of one batch in the largest shape, and all pictures."""
    config = shop.config
    own = Path(config.dataset.captions_folder) if config.dataset.captions_folder else None
    scan = Scan(Path(), (), (), 0)
    for found in scan_folder(storage.expand(config.dataset.folder), own):
        scan = found if isinstance(found, Scan) else scan
    items = edited(scan.items, config.dataset.edits)
    if not items:
        raise NoPictures(folder=config.dataset.folder, num_files=scan.num_files)
    chosen = _of_largest_shape(items, config, shop.model)
    preparation = Preparation(config.training.resolution)
    images = yield from encode_pictures(shop.model, chosen, shop.cache, preparation)
    if not images:
        raise NoPictures(folder=config.dataset.folder, num_files=scan.num_files)
    return Dataset(images, compose_texts(config.dataset, images)), items


def _require_calls(shop: Workshop, items: list[ImageItem]) -> None:
    """What the start would refuse is refused here. Raises WordNotCalled."""
    texts = [compose_text(shop.config.dataset, item) for item in items]
    calling(shop.model, shop.config, [item.path.name for item in items], texts)


def _of_largest_shape(
    items: list[ImageItem], config: RunConfig, model: DiffusionModel
) -> tuple[ImageItem, ...]:
    """As many pictures of one shape as a batch takes; fewer pictures come again."""
    buckets = make_buckets(config.training.resolution, model.bucket_step)
    shapes = [choose_bucket(item.width, item.height, buckets) for item in items]
    largest = max(shapes, key=lambda shape: shape.width * shape.height)
    fitting = [item for item, shape in zip(items, shapes, strict=True) if shape == largest]
    wanted = config.training.batch_size
    return tuple((fitting * wanted)[:wanted])


def _loop(shop: Workshop, dataset: Dataset, folder: RunFolder, control: Control) -> Loop:
    """A loop that neither saves nor samples by itself, and that ends far away."""
    config = require(
        merge(
            shop.config.model_dump(),
            {
                "training": {"steps": max(shop.config.training.steps, 1_000_000)},
                "checkpoints": {"every_steps": 0},
                "sampling": {"every_steps": 0},
            },
        )
    )
    method = attached(config, shop.model, at_start=True)
    dataset = calling_texts(shop, dataset)
    prior = config.method.prior()
    return Loop(
        config=config,
        accelerator=shop.accelerator,
        model=shop.model,
        method=method,
        batches=batches(shop, dataset),
        folder=folder,
        previews=previews(shop, dataset, folder),
        control=control,
        prior=None if prior is None else class_batches(shop, prior, dataset, None),
    )


def _take_steps(loop: Loop) -> Generator[Event, None, list[float]]:
    """Yield the steps; return how many seconds each took, but for the first."""
    seconds: list[float] = []
    for event in loop.train():  # left before its end, so it is closed with the loop
        yield event
        if isinstance(event, StepFinished):
            seconds.append(event.seconds)
            if len(seconds) == STEPS:
                break
    return seconds[1:]


def _draw_one(loop: Loop) -> Generator[Event, None, float]:
    """Yield progress; return the seconds that one picture took, 0 where none is ever drawn."""
    if loop.control.stop_requested:
        return 0.0
    started = time.perf_counter()
    with closing(loop.previews.make(loop.step, loop.drawing)) as events:
        for event in events:
            yield event
            if isinstance(event, SampleReady):
                break
    return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class _Counts:
    checkpoints: int  # that lie on the disk at the end
    pictures: int  # that are drawn on the way: samples, and for the judge


def _counts(config: RunConfig, loop: Loop) -> _Counts:
    steps, every = config.training.steps, config.checkpoints.every_steps
    saves = -(-steps // every) if every else 1
    rounds = -(-steps // config.sampling.every_steps) if config.sampling.every_steps else 0
    prompts = loop.previews.prompts
    pictures = rounds * len(prompts)
    if config.evaluation.enabled:
        subject = Subject(config.dataset.trigger, config.dataset.class_word)
        questions = make_questions(
            prompts, subject, config.evaluation.num_pictures, config.sampling.seed
        )
        pictures += len(questions) + saves * len(for_the_trained(questions))
    return _Counts(min(saves, config.checkpoints.keep), pictures)


def _export_bytes(config: RunConfig, model: DiffusionModel, loop: Loop) -> int:
    """Of one file, in the precision that was asked for."""
    width = WEIGHT_BYTES[config.export.precision]
    if not config.method.learns_whole_networks:
        return loop.num_trainable * width
    size = measure_model(model.source)
    return (size.unet + size.text + size.vae) * width


@dataclass(slots=True)
class PeakMemory:
    """Filled when the block of `peak_memory` ends."""

    bytes: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def peak_memory(device: torch.device) -> Iterator[PeakMemory]:
    """Measure the most memory in use inside the block: the card's, or this process's growth.

    A processor's memory is looked at every 10 ms by a thread, since no system tells the most
    since a moment of one's choice. What an earlier run has freed is given back first: taken again
    it would not count, and the next start of the program does not have it.
    """
    let_go_of_memory()
    peak = PeakMemory()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        yield peak
        peak.bytes = torch.cuda.max_memory_reserved(device)
        return
    before = memory_bytes(device)
    watcher = threading.Thread(target=_watch, args=(device, peak), daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        peak._ended.set()
        watcher.join()
        peak.bytes = max(0, peak.bytes - before)


def _watch(device: torch.device, peak: PeakMemory) -> None:
    while not peak._ended.wait(POLL_SECONDS):
        peak.bytes = max(peak.bytes, memory_bytes(device))
