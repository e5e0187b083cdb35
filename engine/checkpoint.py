"""The whole state of a run in a folder: weights, optimizer, step. Safetensors and JSON only.

A checkpoint is committed by renaming its folder and trusted by the sha256 sums in its manifest.
Random states are not stored: all randomness is keyed by (seed, step).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from engine import records, storage
from engine.checkpoint_errors import (
    CheckpointDamaged,
    CheckpointFromLater,
    CheckpointUnreadable,
    NoUsableCheckpoint,
)
from engine.checkpoint_folders import folder_of, steps_in
from engine.checkpoint_shapes import CheckpointManifest, CheckpointState
from engine.errors import Diverged, NoCheckpoint, Notice, OutputNotWritable, UserError
from engine.events import Event, Heartbeat, Noticed
from engine.models.tensor_file import open_tensors
from engine.notices import CheckpointSkipped
from engine.output_notices import FileKept
from engine.records import NotRead, Why
from engine.regular_files import is_file, is_link, is_there, opened
from engine.tensor_writer import writing
from engine.wording import QT_TRANSLATE_NOOP, Phrase

FORMAT = 1
MANIFEST = "MANIFEST.json"
_EMA = "ema.safetensors"
_PARTS = {"state.json", "weights.safetensors", "optimizer.safetensors"}
_OTHER_STEP = QT_TRANSLATE_NOOP(
    "engine", "it holds the checkpoint of step {step}, so it should be called {name}"
)
PIECE_BYTES = 16 << 20  # read and summed between two looks at the clock
BEAT_SECONDS = 0.3  # between two events while gigabytes are read or written

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training state at the end of a step."""

    step: int
    weights: dict[str, Tensor]
    optimizer: dict[str, Any]  # torch's own form of a state dict
    ema: dict[str, Tensor] = field(default_factory=dict)  # averaged weights, where they are kept
    guard: dict[str, float | int] = field(default_factory=dict)  # see engine.guard
    made_with: dict[str, Any] = field(default_factory=dict)  # see engine.resume_fit


def save(checkpoints: Path, checkpoint: Checkpoint) -> Path:
    """`saving` without its events."""
    return _finished(saving(checkpoints, checkpoint))


def saving(checkpoints: Path, checkpoint: Checkpoint) -> Generator[Event, None, Path]:
    """Write one, with an event at least once a second. Raises Diverged rather than keep NaN or
    Inf; DiskFull and OutputNotWritable leave the earlier ones as they were, and so does a
    checkpoint of the same step that cannot be read."""
    target = folder_of(checkpoints, checkpoint.step)
    _require_replaceable(target, checkpoint.step)
    if os.path.lexists(target) and not is_checkpoint(target):  # somebody put something into it
        kept = storage.move_to_free(target, target.with_name(f"{target.name}.kept"))
        notice = FileKept(path=str(target), kept=kept.name, folder=str(target.parent))
        yield Noticed(notice=notice)
    yield from _beating(_writing(target, checkpoint))
    return target


def _writing(target: Path, checkpoint: Checkpoint) -> Iterator[None]:
    for tensor in checkpoint.weights.values():
        if not torch.isfinite(tensor).all():
            last = max(steps_in(target.parent), default=0)
            raise Diverged(step=checkpoint.step, last_step=last)
        yield
    tensors, plain = _split_optimizer(checkpoint.optimizer)
    tables = {"weights": checkpoint.weights, "optimizer": tensors}
    if checkpoint.ema:
        tables["ema"] = checkpoint.ema
    state = {"step": checkpoint.step, "optimizer": plain, "guard": checkpoint.guard}
    if checkpoint.made_with:
        state["made_with"] = checkpoint.made_with
    text = json.dumps(state).encode()
    sums = {"state.json": hashlib.sha256(text).hexdigest()}
    with storage.committed_folder(target, is_ours=is_checkpoint) as folder:
        for name, table in tables.items():
            file = f"{name}.safetensors"
            sums[file] = yield from writing(folder / file, table)
        storage.write_bytes(folder / "state.json", text)
        storage.write_json(folder / MANIFEST, {"format": FORMAT, "sha256": sums})


def is_checkpoint(folder: Path) -> bool:
    """Whether nothing lies in it but what a checkpoint is made of."""
    try:
        entries = list(folder.iterdir())
    except OSError:
        return False
    names = {entry.name for entry in entries}
    plain = all(is_file(entry) and not is_link(entry) for entry in entries)
    return plain and names <= {MANIFEST, _EMA, *_PARTS}


def _require_replaceable(target: Path, step: int) -> None:
    """Raises CheckpointUnreadable or CheckpointFromLater: only what is damaged or was read as a
    whole may be replaced. Where nobody can look, nobody can write either."""
    try:
        target.lstat()
    except OSError:
        return
    try:
        _read_manifest(target)
    except NotRead as error:
        if error.why in (Why.UNREADABLE, Why.LATER):
            raise _as_user_error(target, step, error) from error


def prune(checkpoints: Path, keep: int, spared: int | None = None) -> None:
    """`pruning` without its events."""
    _finished(pruning(checkpoints, keep, spared))


def pruning(
    checkpoints: Path, keep: int, spared: int | None = None
) -> Generator[Event, None, None]:
    """Remove all but the newest and the one of the `spared` step, once the newest was read back
    and found whole."""
    steps = steps_in(checkpoints)
    if len(steps) <= keep:
        return
    try:
        yield from _beating(_verifying(folder_of(checkpoints, steps[-1])))
    except NotRead:
        return
    for step in steps[:-keep]:
        if step == spared:
            continue
        with contextlib.suppress(OutputNotWritable):  # one that is held open goes next time
            storage.remove_folder(folder_of(checkpoints, step), is_ours=is_checkpoint)


def verify(folder: Path) -> None:
    """Raises NotRead with the reason."""
    for _ in _verifying(folder):
        pass


def _verifying(folder: Path) -> Iterator[None]:
    for name, expected in _read_manifest(folder).items():
        digest = hashlib.sha256()
        try:
            with opened(folder / name) as file:
                while piece := file.read(PIECE_BYTES):
                    digest.update(piece)
                    yield
        except OSError as error:
            raise _of_a_part(folder / name, error) from error
        if digest.hexdigest() != expected:
            raise records.damaged(name)


def _read_manifest(folder: Path) -> dict[str, str]:
    """File name -> sha256. Raises NotRead; MISSING only where the whole folder is."""
    try:
        path = folder / MANIFEST
        sums = records.read_json(path, CheckpointManifest, version="format", newest=FORMAT).sha256
    except NotRead as error:
        if error.why is Why.MISSING and is_there(folder):
            raise NotRead(Why.DAMAGED, error.reason.template, **error.reason.facts) from error
        raise
    if not {_EMA, *_PARTS} >= sums.keys() >= _PARTS:
        raise records.damaged(MANIFEST)
    if _EMA not in sums and is_there(folder / _EMA):
        raise records.damaged(MANIFEST)  # what it does not name would be read unseen
    return sums


def _of_a_part(path: Path, error: OSError) -> NotRead:
    """A folder is committed as a whole: one that lacks a file is damaged."""
    found = records.not_opened(path, error)
    if found.why is Why.MISSING:
        return NotRead(Why.DAMAGED, found.reason.template, **found.reason.facts)
    return found


def load(folder: Path) -> Checkpoint:
    """Read and verify one. Raises NotRead."""
    return _finished(_loading(folder))


def _loading(folder: Path) -> Generator[Event, None, Checkpoint]:
    yield from _beating(_verifying(folder))
    return (yield from _beating(_reading(folder)))


def _reading(folder: Path) -> Generator[None, None, Checkpoint]:
    state = records.read_json(folder / "state.json", CheckpointState)
    step = state.step
    if folder.name != folder_of(folder.parent, step).name:
        raise NotRead(Why.UNREADABLE, _OTHER_STEP, step=step, name=folder_of(folder, step).name)
    weights = yield from _read(folder, "weights")
    tensors = yield from _read(folder, "optimizer")
    has_ema = _EMA in _read_manifest(folder)
    averages = (yield from _read(folder, "ema")) if has_ema else {}
    try:
        optimizer = _join_optimizer(tensors, state.optimizer.as_data())
    except ValueError as error:
        raise records.damaged("optimizer.safetensors") from error
    guard, made_with = state.guard.as_data(), state.made_with
    return Checkpoint(step, weights, optimizer, averages, guard, made_with)


def _read(folder: Path, name: str) -> Generator[None, None, dict[str, Tensor]]:
    """Streamed, not mapped: a mapped file that another program cuts short kills the process."""
    path = folder / f"{name}.safetensors"
    found: dict[str, Tensor] = {}
    try:
        file = open_tensors(path)
        for key, tensor in file.read(file.shapes):
            found[key] = tensor
            yield
    except OSError as error:
        raise _of_a_part(path, error) from error
    except UserError as error:  # one of the Model... errors
        raise records.damaged(path.name) from error
    return found


def latest(run_folder: Path) -> Generator[Event, None, Checkpoint | None]:
    """The newest sound checkpoint, with a notice for each damaged one that was passed over; None
    where the run has none at all.

    Raises CheckpointUnreadable and CheckpointFromLater, since an earlier one would be gone on from
    and this one written over, and NoUsableCheckpoint where all are damaged.
    """
    checkpoints = run_folder / "checkpoints"
    passed: list[Notice] = []
    for step in reversed(steps_in(checkpoints)):
        folder = folder_of(checkpoints, step)
        try:
            found = yield from _loading(folder)
        except NotRead as error:
            if error.why is Why.MISSING:  # it went while we looked
                continue
            if error.why is not Why.DAMAGED:
                raise _as_user_error(folder, step, error) from error
            passed.append(CheckpointSkipped(step=step, reason=error.reason))
            continue
        for notice in passed:
            yield Noticed(notice=notice)
        return found
    if passed:
        reason = Phrase(
            _ALL_DAMAGED, step=passed[0].facts["step"], reason=passed[0].facts["reason"]
        )
        raise NoUsableCheckpoint(folder=str(run_folder), reason=reason)
    return None


_ALL_DAMAGED = QT_TRANSLATE_NOOP("engine", "all are damaged (step {step}: {reason})")


def load_latest(run_folder: Path) -> tuple[Checkpoint | None, list[Notice]]:
    """`latest`, and its notices."""
    notices: list[Notice] = []
    work = latest(run_folder)
    while True:
        try:
            event = next(work)
        except StopIteration as end:
            return end.value, notices
        if isinstance(event, Noticed):
            notices.append(event.notice)


def load_step(run_folder: Path, step: int | None) -> Checkpoint:
    """`loading_step` without its events."""
    return _finished(loading_step(run_folder, step))


def loading_step(run_folder: Path, step: int | None) -> Generator[Event, None, Checkpoint]:
    """The checkpoint of a step, or the newest, with an event at least once a second. Raises
    NoCheckpoint, CheckpointDamaged, CheckpointUnreadable or CheckpointFromLater."""
    checkpoints = run_folder / "checkpoints"
    if step is None:
        found = yield from latest(run_folder)
    else:
        folder = folder_of(checkpoints, step)
        try:
            found = yield from _loading(folder)
        except NotRead as error:
            if error.why is not Why.MISSING:
                raise _as_user_error(folder, step, error) from error
            found = None
    if found is None:
        sound, of_step = (
            QT_TRANSLATE_NOOP("engine", "sound"),
            QT_TRANSLATE_NOOP("engine", "step-{step}"),
        )
        which = Phrase(sound) if step is None else Phrase(of_step, step=step)
        raise NoCheckpoint(folder=str(run_folder), which=which, steps=_known(checkpoints))
    return found


def _known(checkpoints: Path, without: int | None = None) -> str:
    """The steps that can be asked for, in words."""
    known = [str(step) for step in steps_in(checkpoints) if step != without]
    return ", ".join(known) or Phrase(QT_TRANSLATE_NOOP("engine", "none"))


def _as_user_error(folder: Path, step: int, error: NotRead) -> UserError:
    match error.why:
        case Why.LATER:
            return CheckpointFromLater(folder=str(folder), step=step)
        case Why.DAMAGED:
            if steps_in(folder.parent) == [step]:
                reason = Phrase(_ALL_DAMAGED, step=step, reason=error.reason)
                return NoUsableCheckpoint(folder=str(folder.parents[1]), reason=reason)
            steps = _known(folder.parent, without=step)
            return CheckpointDamaged(step=step, reason=error.reason, steps=steps)
        case _:
            return CheckpointUnreadable(folder=str(folder), reason=error.reason)


def _beating(work: Iterator[None] | Generator[None, None, T]) -> Generator[Event, None, T]:
    """Work that is done in pieces, with a Heartbeat between two of them where the last is some
    time ago. Returns what the work returns."""
    last = time.monotonic()
    steps = iter(work)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        now = time.monotonic()
        if now - last >= BEAT_SECONDS:
            yield Heartbeat()
            last = now


def _finished(work: Generator[Event, None, T]) -> T:
    """What the work returns, for those who do not need its events."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def _split_optimizer(state: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors under "<parameter>.<name>", and the rest as plain data."""
    tensors: dict[str, Tensor] = {}
    plain: dict[str, dict[str, Any]] = {}
    for index, entry in state["state"].items():
        for key, value in entry.items():
            if isinstance(value, Tensor):
                tensors[f"{index}.{key}"] = value
            else:
                plain.setdefault(str(index), {})[key] = value
    return tensors, {"state": plain, "param_groups": state["param_groups"]}


def _join_optimizer(tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> dict[str, Any]:
    state: dict[int, dict[str, Any]] = {int(i): dict(entry) for i, entry in plain["state"].items()}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = tensor
    return {"state": state, "param_groups": plain["param_groups"]}
