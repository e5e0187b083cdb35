"""The whole state of a run in a folder: weights, optimizer, step. Safetensors and JSON only.

A checkpoint is committed by renaming its folder and trusted by the sha256 sums in its manifest.
Random states are not stored: all randomness is keyed by (seed, step).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine import storage
from engine.errors import Diverged, NoCheckpoint, Notice
from engine.models.tensor_file import open_tensors
from engine.notices import CheckpointSkipped
from engine.tensor_writer import write_tensors
from engine.wording import QT_TRANSLATE_NOOP, Phrase, ReasonedError

FORMAT = 1
MANIFEST = "MANIFEST.json"


class CheckpointDamaged(ReasonedError):
    """Raised when a checkpoint folder does not hold what its manifest says."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training state at the end of a step."""

    step: int
    weights: dict[str, Tensor]
    optimizer: dict[str, Any]  # torch's own form of a state dict
    ema: dict[str, Tensor] = field(default_factory=dict)  # averaged weights, where they are kept
    guard: dict[str, float | int] = field(default_factory=dict)  # see engine.guard


def folder_of(checkpoints: Path, step: int) -> Path:
    return checkpoints / f"step_{step:06d}"


def steps_in(checkpoints: Path) -> list[int]:
    """Steps that have a checkpoint folder, oldest first; by number, never by time."""
    if not checkpoints.is_dir():
        return []
    names = [path.name for path in checkpoints.iterdir() if path.name.startswith("step_")]
    return sorted(int(name[5:]) for name in names if name[5:].isdigit())


def save(checkpoints: Path, checkpoint: Checkpoint) -> Path:
    """Write one. Raises Diverged rather than keep weights that are no numbers; DiskFull and
    OutputNotWritable leave the earlier ones as they were."""
    if not all(torch.isfinite(tensor).all() for tensor in checkpoint.weights.values()):
        last = max(steps_in(checkpoints), default=0)
        raise Diverged(step=checkpoint.step, last_step=last)
    tensors, plain = _split_optimizer(checkpoint.optimizer)
    tables = {"weights": checkpoint.weights, "optimizer": tensors}
    if checkpoint.ema:
        tables["ema"] = checkpoint.ema

    def fill(folder: Path) -> None:
        for name, table in tables.items():
            write_tensors(folder / f"{name}.safetensors", table)
        state = {"step": checkpoint.step, "optimizer": plain, "guard": checkpoint.guard}
        storage.write_text(folder / "state.json", json.dumps(state))
        names = [*(f"{name}.safetensors" for name in tables), "state.json"]
        sums = {name: storage.sha256_of(folder / name) for name in names}
        storage.write_json(folder / MANIFEST, {"format": FORMAT, "sha256": sums})

    target = folder_of(checkpoints, checkpoint.step)
    storage.commit_folder(target, fill)
    return target


def prune(checkpoints: Path, keep: int, spared: int | None = None) -> None:
    """Remove all but the newest and the one of the `spared` step, once the newest has proven
    sound."""
    steps = steps_in(checkpoints)
    if len(steps) <= keep:
        return
    try:
        verify(folder_of(checkpoints, steps[-1]))
    except CheckpointDamaged:
        return
    for step in steps[:-keep]:
        if step == spared:
            continue
        with contextlib.suppress(OSError):  # one that is held open goes next time
            storage.remove_folder(folder_of(checkpoints, step))


def verify(folder: Path) -> None:
    """Raises CheckpointDamaged with the reason."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        if manifest["format"] > FORMAT:
            raise CheckpointDamaged(QT_TRANSLATE_NOOP("engine", "it was made by a newer Imprint."))
        for name, expected in manifest["sha256"].items():
            if storage.sha256_of(folder / name) != expected:
                raise CheckpointDamaged(
                    QT_TRANSLATE_NOOP("engine", "{name} is not what was written"), name=name
                )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointDamaged(
            QT_TRANSLATE_NOOP("engine", "{error} while reading it"), error=type(error).__name__
        ) from error


def load(folder: Path) -> Checkpoint:
    """Read and verify one. Raises CheckpointDamaged."""
    verify(folder)
    state = json.loads((folder / "state.json").read_text("utf-8"))
    weights, tensors = _read(folder, "weights"), _read(folder, "optimizer")
    averages = _read(folder, "ema") if (folder / "ema.safetensors").exists() else {}
    optimizer = _join_optimizer(tensors, state["optimizer"])
    return Checkpoint(state["step"], weights, optimizer, averages, state.get("guard", {}))


def _read(folder: Path, name: str) -> dict[str, Tensor]:
    """Streamed, not mapped: a mapped file that another program cuts short kills the process."""
    file = open_tensors(folder / f"{name}.safetensors")
    return dict(file.read(file.shapes))


def load_latest(run_folder: Path) -> tuple[Checkpoint | None, list[Notice]]:
    """The newest sound checkpoint, and a notice for each damaged one that was passed over."""
    checkpoints = run_folder / "checkpoints"
    notices: list[Notice] = []
    for step in reversed(steps_in(checkpoints)):
        try:
            return load(folder_of(checkpoints, step)), notices
        except CheckpointDamaged as error:
            notices.append(CheckpointSkipped(step=step, reason=error.reason))
    return None, notices


def load_step(run_folder: Path, step: int | None) -> Checkpoint:
    """The checkpoint of a step, or the newest. Raises NoCheckpoint."""
    checkpoints = run_folder / "checkpoints"
    if step is None:
        found, _ = load_latest(run_folder)
    else:
        try:
            found = load(folder_of(checkpoints, step))
        except CheckpointDamaged:
            found = None
    if found is None:
        sound, of_step = (
            QT_TRANSLATE_NOOP("engine", "sound"),
            QT_TRANSLATE_NOOP("engine", "step-{step}"),
        )
        which = Phrase(sound) if step is None else Phrase(of_step, step=step)
        steps = ", ".join(str(known) for known in steps_in(checkpoints)) or Phrase(
            QT_TRANSLATE_NOOP("engine", "none")
        )
        raise NoCheckpoint(folder=str(run_folder), which=which, steps=steps)
    return found


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


def _contiguous(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
