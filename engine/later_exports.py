"""Exports a run again: from another of its checkpoints, or in another format."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import filelock
import platformdirs

from engine import checkpoint, config_file, storage
from engine.assembly import attached, wanted_prediction
from engine.checkpoint import Checkpoint
from engine.config import RunConfig
from engine.control import Control
from engine.device import holding_dtype
from engine.errors import OutputNotWritable, UserError
from engine.events import Event, Heartbeat, Noticed, RunFailed, RunFinished, Stage, StageProgress
from engine.export import export_all, export_one
from engine.export_record import ExportRecord
from engine.formats.catalog import formats_of
from engine.formats.metadata import ExportFacts
from engine.methods.base import Method
from engine.models.base import DiffusionModel
from engine.models.loader import load_model
from engine.outcome import exported_step, note_export
from engine.project import RunFolder, open_run
from engine.run_start import RunStart
from engine.shown_weights import load_shown
from engine.yielding import until_stopped

_LOCKS = "0123456789abcdef"  # two names that share a lock wait for each other, which costs a moment
_WAIT_SECONDS = 0.1


def export_facts(
    config: RunConfig, folder: RunFolder, model: DiffusionModel, step: int
) -> ExportFacts:
    """What an exported file of this run may tell."""
    start = RunStart.of(folder.path)
    return ExportFacts(
        config=config,
        source=model.source,
        prediction_type=model.noise_schedule.prediction_type,
        zero_terminal_snr=config.loss.zero_terminal_snr
        or bool(model.noise_schedule.alphas[-1] == 0),
        configs=model.configs(),
        num_images=start.num_images,
        step=step,
        started_at=start.started_at,
    )


def _as_shown(
    config: RunConfig, folder: RunFolder, saved: Checkpoint
) -> Generator[Event, None, tuple[Method, ExportFacts]]:
    """Yield notices; return a method that holds what a checkpoint's samples showed, on the
    processor whatever the run trains on: writing a file computes nothing that a card would speed
    up."""
    for notice in RunStart.of(folder.path).base_changes(config.base_model):
        yield Noticed(notice=notice)
    model = load_model(
        config.base_model, holding_dtype(config), prediction_type=wanted_prediction(config)
    )
    method = attached(config, model, at_start=False)
    load_shown(config, method, saved)
    return method, export_facts(config, folder, model, saved.step)


def export_step_again(path: Path, step: int) -> Iterator[Event]:
    """Export the run again, from another of its checkpoints.

    Ends with RunFinished or RunFailed.
    """
    try:
        folder = open_run(path)
        with folder.locked():
            config = config_file.of_run(folder.config_path)
            saved = yield from checkpoint.loading_step(folder.path, step)
            yield StageProgress(stage=Stage.LOAD_MODEL, done=0, total=1)
            method, facts = yield from _as_shown(config, folder, saved)
            exports = yield from export_all(folder.exports, method, facts, ExportRecord(folder))
            note_export(folder, saved.step, exports)
        yield from exports.require_sound()
        files = tuple(str(path) for path in exports.paths)
        yield RunFinished(steps=saved.step, stopped_early=False, exports=files)
    except UserError as error:
        yield RunFailed(error=error)


def export_again(
    path: Path, step: int | None, format_name: str, out: Path, control: Control | None = None
) -> Iterator[Event]:
    """Write a checkpoint of a run in another format: if `step` is None the one that the run
    itself exported, or the newest. Stopped, it leaves no file.

    Ends with RunFinished or RunFailed.
    """
    try:
        folder = open_run(path)
        with folder.locked(to_read=True):
            work = _written_again(folder, step, format_name, out)
            done = yield from until_stopped(work, control or Control())
        exports = () if done is None else (str(out),)
        yield RunFinished(steps=done or 0, stopped_early=done is None, exports=exports)
    except UserError as error:
        yield RunFailed(error=error)


def _written_again(
    folder: RunFolder, step: int | None, format_name: str, out: Path
) -> Generator[Event, None, int]:
    """Return the step that was written."""
    config = config_file.of_run(folder.config_path)
    entry = formats_of(config.method.kind, config.method.leaves, (format_name,))[0]
    wanted = exported_step(folder) if step is None else step
    saved = yield from checkpoint.loading_step(folder.path, wanted)
    record = ExportRecord(folder)
    with ExitStack() as stack:
        yield from _taking_turns(out, stack)
        record.require_free(entry, out)
        storage.require_writable(out.parent)
        yield StageProgress(stage=Stage.LOAD_MODEL, done=0, total=1)
        method, facts = yield from _as_shown(config, folder, saved)
        yield StageProgress(stage=Stage.LOAD_MODEL, done=1, total=1)
        yield from export_one(entry, out, method, facts, record)
    return saved.step


def _taking_turns(out: Path, stack: ExitStack) -> Iterator[Event]:
    """Wait until no other Imprint of this user exports to this name: each would take the other's
    file, which is not checked yet, for one that is in the way. Where nothing can be locked, go on
    without."""
    folder = Path(platformdirs.user_cache_dir("imprint", appauthor=False)) / "exporting"
    spelled = os.fsencode(os.path.realpath(out).casefold())
    number = hashlib.sha256(spelled).digest()[0] % len(_LOCKS)
    lock = filelock.FileLock(folder / f"{_LOCKS[number]}.lock", timeout=0)
    while True:
        try:
            storage.make_folder(folder)
            stack.enter_context(lock)
        except filelock.Timeout:
            yield Heartbeat()
            time.sleep(_WAIT_SECONDS)
        except (OutputNotWritable, OSError):
            return
        else:
            return
