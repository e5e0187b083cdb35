"""The engine's entry for training: pictures + prompts -> latents -> loss -> weights -> files."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from accelerate import Accelerator

from engine import checkpoint, config_file, storage
from engine.advice import advice_on
from engine.assembly import attached, load_base
from engine.checkpoint_errors import CheckpointUnreadable
from engine.class_images import require_apart
from engine.config import RunConfig
from engine.control import Control
from engine.device import Compute, describe, memory_guard, require_device, run_accelerator
from engine.easing import let_go_of_memory
from engine.errors import (
    DiskFull,
    FolderMissing,
    Notice,
    OutOfMemory,
    OutputNotWritable,
    RunOutOfRoom,
    UserError,
)
from engine.evaluation.judge import Judge
from engine.events import (
    Event,
    Noticed,
    RunCrashed,
    RunFailed,
    RunFinished,
    RunStarted,
    failure_of,
)
from engine.export import Exports, export_all
from engine.export_record import ExportRecord
from engine.formats.catalog import code_of, formats_of
from engine.formats.metadata import ExportFacts
from engine.inputs import require_input_folder
from engine.json_reading import parse_json
from engine.later_exports import export_facts
from engine.loop import Loop
from engine.methods.settings import Prior
from engine.moved_run import noticing_moves
from engine.movement import require_learnt
from engine.notices import LikenessNotMeasured
from engine.outcome import (
    chosen_step,
    scores_in,
    write_before_and_after,
    write_record,
)
from engine.planning import plan_run
from engine.preparation import (
    Dataset,
    Workshop,
    batches,
    calling_texts,
    class_batches,
    judge,
    prepare_classes,
    prepare_pictures,
    previews,
)
from engine.previews import Previews
from engine.project import RunFolder, create_run, open_run, record
from engine.ranks import Ranks, sharing_fate, together
from engine.regular_files import is_there
from engine.rescue import rescue
from engine.room import Room
from engine.run_start import RunStart, newest_checkpoint
from engine.shown_weights import load_shown
from engine.trend import warn_of_rising_loss
from engine.wording import QT_TRANSLATE_NOOP, Phrase
from engine.yielding import yield_outside

# Where memory may run out before the first step.
_PREPARING = QT_TRANSLATE_NOOP("engine", "preparing the pictures")
_JUDGING = QT_TRANSLATE_NOOP("engine", "measuring likeness")


def run(config: RunConfig, control: Control) -> Iterator[Event]:
    """Train from the start. Ends with exactly one of RunFinished and RunFailed.

    Anything but a UserError passes through: it is a bug of ours, and whoever hosts the engine
    turns it into RunCrashed.
    """
    try:
        for entry in formats_of(config.method.kind, config.method.leaves, config.export.formats):
            code_of(entry)  # what is needed at the end is missed at the beginning
        _require_folders(config)
        plan = plan_run(config)
        with run_accelerator(plan.config.training) as accelerator, together(accelerator) as ranks:
            # What the first process planned: another finds less memory free a moment later.
            shared = ranks.share("config", plan.config.model_dump_json)
            config = RunConfig.model_validate(parse_json(shared))
            runs = storage.expand(config.runs_folder)
            room = Room(runs, control, lambda: 0, ranks.count == 1)
            folder = yield from room.patiently(0, partial(_shared_folder, ranks, config))
            notices = advice_on(config) + ([] if plan.notice is None else [plan.notice])
            said = tuple(Noticed(notice=notice) for notice in notices)
            yield from _recorded(accelerator, ranks, config, folder, control, said)
    except UserError as error:
        yield RunFailed(error=error)


def _require_folders(config: RunConfig) -> None:
    """A wrong folder is said before a model is loaded and a run folder is made."""
    prior = config.method.prior()
    for folder in (
        config.dataset.folder,
        "" if prior is None else prior.folder,
        config.evaluation.references,
    ):
        if folder:
            require_input_folder(storage.expand(folder), FolderMissing(folder=folder))
    captions = config.dataset.captions_folder
    if captions and is_there(storage.expand(captions)):  # without any, there is none
        require_input_folder(storage.expand(captions))
    if prior is not None:
        require_apart(config.dataset.folder, prior.folder)


def resume(path: Path, control: Control) -> Iterator[Event]:
    """Go on with a run from its newest sound checkpoint. Ends as `run` does."""
    try:
        folder = open_run(path)
        config = config_file.of_run(folder.config_path)
        require_device(config.training, has_begun=True)
        with run_accelerator(config.training) as accelerator, together(accelerator) as ranks:
            yield from _recorded(accelerator, ranks, config, folder, control)
    except UserError as error:
        yield RunFailed(error=error)


def _shared_folder(ranks: Ranks, config: RunConfig) -> Generator[Event, None, RunFolder]:
    """The first process makes the folder and tells the others."""
    yield from ()  # nothing to say yet
    return RunFolder(Path(ranks.share("folder", lambda: str(create_run(config).path))))


def _recorded(
    accelerator: Accelerator,
    ranks: Ranks,
    config: RunConfig,
    folder: RunFolder,
    control: Control,
    said: tuple[Event, ...] = (),
) -> Iterator[Event]:
    """Hold the run and write down what happens, after what was said before it; only the first
    process does either."""
    with ExitStack() as stack:
        if not accelerator.is_main_process:
            yield from sharing_fate(ranks, _train(accelerator, ranks, config, folder, control))
            return
        stack.enter_context(folder.locked())
        training = chain(said, _train(accelerator, ranks, config, folder, control))
        training = sharing_fate(ranks, training)
        training = noticing_moves(warn_of_rising_loss(training), folder)
        if accelerator.num_processes == 1:  # of several, none may leave the others waiting
            training = _until_stopped(training, folder, control)
        yield from record(folder, _ending_in_one(training, folder))


def _ending_in_one(events: Iterator[Event], folder: RunFolder) -> Iterator[Event]:
    """Inside the record, so that a failure is written down too."""
    try:
        yield from events
    except Exception as error:
        failed = failure_of(error)
        if isinstance(failed, RunCrashed):  # whoever hosts the engine reports it
            raise
        yield _with_its_checkpoint(failed, folder)


def _with_its_checkpoint(failed: RunFailed, folder: RunFolder) -> RunFailed:
    """A run that found no room says which of its checkpoints is safe, where there is one."""
    if type(failed.error) is not DiskFull:
        return failed
    try:
        steps = checkpoint.steps_in(folder.checkpoints)
    except CheckpointUnreadable:
        steps = []
    if not steps:
        return failed
    return RunFailed(error=RunOutOfRoom(**failed.error.facts, step=max(steps)))


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
    accelerator: Accelerator, ranks: Ranks, config: RunConfig, folder: RunFolder, control: Control
) -> Iterator[Event]:
    """The whole path of one run."""
    clock = time.monotonic()
    model = yield from load_base(Compute.of_accelerator(accelerator), config)
    shop = Workshop.open(accelerator, config, model, ranks)
    with memory_guard(accelerator.device, _PREPARING):
        dataset = yield from prepare_pictures(shop)
        prior = config.method.prior()
        classes = None
        if prior is not None and not prior.from_frozen:
            classes = yield from _classes(shop, prior, dataset, folder, control)
    samples = previews(shop, dataset, folder)
    examiner = yield from _prepared_judge(shop, dataset, samples, folder)
    start = RunStart.of(folder.path)
    images = {image.item.content_hash for image in dataset.images}
    if accelerator.is_main_process:
        yield from _noticed(start.changes(images, config.base_model))
    saved = yield from newest_checkpoint(folder)
    method = attached(config, model, at_start=saved is None)
    dataset = calling_texts(shop, dataset)
    loop = Loop(
        config=config,
        accelerator=accelerator,
        model=model,
        method=method,
        batches=batches(shop, dataset),
        folder=folder,
        previews=samples,
        judge=examiner,
        control=control,
        prior=None if prior is None else class_batches(shop, prior, dataset, classes),
        ranks=ranks,
    )
    if saved is not None:
        loop.restore(saved)
        if examiner is not None:
            examiner.scores += scores_in(folder.metrics, saved.step)
        del saved  # the optimizer state of a whole network is larger than the network
    if accelerator.is_main_process:
        keeping = partial(start.keep, images, config.base_model)
        yield from loop.room.patiently(loop.step, lambda: _noticed(keeping()))
    yield _started(loop)
    paths: list[Path] = []
    with closing(loop):
        if accelerator.is_main_process:
            facts = export_facts(config, folder, model, loop.step)
            paths = yield from _to_the_end(loop, dataset, facts, clock)
        else:
            yield from loop.train()
    yield RunFinished(
        steps=loop.step,
        stopped_early=loop.stopped_early,
        exports=tuple(str(path) for path in paths),
    )


def _classes(
    shop: Workshop, prior: Prior, dataset: Dataset, folder: RunFolder, control: Control
) -> Generator[Event, None, Dataset]:
    """The pictures of the class; where every disk is full, wait until there is room."""
    room = Room(folder.path, control, lambda: 0, shop.accelerator.num_processes == 1)
    prepare = partial(prepare_classes, shop, prior, dataset, folder.class_images)
    return (yield from room.patiently(0, prepare))


def _started(loop: Loop) -> RunStarted:
    return RunStarted(
        folder=str(loop.folder.path),
        steps=loop.config.training.steps,
        first_step=loop.step,
        device=describe(loop.accelerator.device),
        trainable=loop.num_trainable,
    )


def _noticed(notices: Iterable[Notice]) -> Generator[Event, None, None]:
    for notice in notices:
        yield Noticed(notice=notice)


def _to_the_end(
    loop: Loop, dataset: Dataset, facts: ExportFacts, clock: float
) -> Generator[Event, None, list[Path]]:
    """Train, and write what was learnt; where the folder can no longer be written, elsewhere."""
    exported = partial(_exported, loop, facts)
    try:
        yield from loop.train()
        yield from require_learnt(loop.step, loop.unmoved, is_over=not loop.stopped_early)

        def rest() -> Generator[Event, None, list[Path]]:
            yield from loop.previews.settle()
            step, exports = yield from exported(loop.folder.exports)
            yield from write_before_and_after(loop.folder, dataset, step)
            write_record(loop, step, exports, time.monotonic() - clock)
            yield from exports.require_sound()
            return exports.paths

        return (yield from loop.room.patiently(loop.step, rest))
    except (OutputNotWritable, DiskFull) as error:
        state = None if loop.is_saved else loop.state()

        def elsewhere(folder: Path) -> Generator[Event, None, None]:
            _, exports = yield from exported(folder)
            yield from exports.say_failures()

        yield from rescue(loop.folder.path.name, loop.step, state, elsewhere, error)
        raise


def _exported(
    loop: Loop, facts: ExportFacts, folder: Path
) -> Generator[Event, None, tuple[int, Exports]]:
    """The step whose weights count, and the files of it."""
    step = (yield from chosen_step(loop)) if loop.is_saved else loop.step
    record = ExportRecord(loop.folder)
    export = export_all(folder, loop.method, replace(facts, step=step), record)
    if step == loop.step:
        export = yield_outside(loop.as_result, export)
    else:
        saved = yield from checkpoint.loading_step(loop.folder.path, step)
        load_shown(loop.config, loop.method, saved)
        del saved  # as large as the network, and then some
    return step, (yield from export)


def _prepared_judge(
    shop: Workshop, dataset: Dataset, samples: Previews, folder: RunFolder
) -> Generator[Event, None, Judge | None]:
    """Yield progress; return the judge, who has seen the base model's answers, or None where
    there is none or memory runs out."""
    examiner = judge(shop, dataset, samples, folder)
    if examiner is None:
        return None
    try:
        with memory_guard(shop.accelerator.device, Phrase(_JUDGING)):
            yield from examiner.prepare(shop.compute.autocast)
    except OutOfMemory:
        let_go_of_memory()
        yield Noticed(notice=LikenessNotMeasured(step=0))
        return None
    return examiner
