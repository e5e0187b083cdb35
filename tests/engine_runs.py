"""Runs of the tiny model in this process, and what they leave, in a form to compare."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from engine import checkpoint, config_file, run
from engine.config import RunConfig
from engine.control import Control
from engine.events import Event, RunFinished, RunStarted, StepFinished
from engine.project import RunFolder, read_metrics

torch.set_num_threads(1)  # bit-identity is promised on one thread

EACH_METHOD = {  # with all that has a memory or chance of its own
    "lora": {"kind": "lora", "rank": 2, "alpha": 2.0, "learning_rate": 1e-3, "dropout": 0.1},
    "dreambooth": {"kind": "dreambooth", "learning_rate": 1e-4, "num_class_images": 2},
    "textual_inversion": {"kind": "textual_inversion", "learning_rate": 1e-2},
    "hypernetwork": {"kind": "hypernetwork", "learning_rate": 1e-3, "dropout": 0.1},
}


@dataclass(slots=True)
class Trained:
    """The events of a run and the folder that it left."""

    events: list[Event] = field(default_factory=list)

    @property
    def folder(self) -> RunFolder:
        return RunFolder(Path(self.of(RunStarted)[0].folder))

    @property
    def export(self) -> Path:
        return Path(self.last.exports[0])

    @property
    def last(self) -> Any:
        return self.events[-1]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def tiny_run(base: Path, images: Path, runs: Path, **over: Any) -> dict[str, Any]:
    """Settings of four steps without samples, as plain data."""
    data = {
        "name": "toy",
        "base_model": str(base),
        "runs_folder": str(runs),
        "dataset": {"folder": str(images), "trigger": "zwx", "class_word": "toy"},
        "method": {"kind": "lora", "rank": 4, "alpha": 2.0, "learning_rate": 1e-3},
        "training": {"steps": 4, "resolution": 32, "device": "cpu"},
        "sampling": {"every_steps": 0, "num_inference_steps": 2},
        "checkpoints": {"every_steps": 2},
        "export": {"precision": "fp32"},
        "evaluation": {"enabled": False},  # it draws more than four steps cost
    }
    if "method" in over:  # another method has other settings
        data.pop("method")
    return config_file.merge(data, over)


def config_of(data: dict[str, Any]) -> RunConfig:
    return config_file.require(data)


def train(
    data: dict[str, Any], watch: Callable[[Event, Control], None] = lambda *_: None
) -> Trained:
    """Train; `watch` sees each event and may use the Control."""
    control = Control()
    return _collect(run.run(config_of(data), control), watch, control)


def resume(folder: RunFolder, watch: Callable[[Event, Control], None] = lambda *_: None) -> Trained:
    control = Control()
    return _collect(run.resume(folder.path, control), watch, control)


def stop_after(step: int) -> Callable[[Event, Control], None]:
    """Presses Stop as soon as a step is done."""

    def watch(event: Event, control: Control) -> None:
        if isinstance(event, StepFinished) and event.step == step:
            control.stop()

    return watch


def require_finished(trained: Trained) -> Trained:
    assert isinstance(trained.last, RunFinished), trained.last
    return trained


def _collect(events: Any, watch: Callable[[Event, Control], None], control: Control) -> Trained:
    trained = Trained()
    for event in events:
        trained.events.append(event)
        watch(event, control)
    return trained


def left_by(folder: RunFolder) -> dict[str, Any]:
    """All that must be the same, bit for bit, in two runs that should be the same."""
    newest = checkpoint.folder_of(folder.checkpoints, max(checkpoint.steps_in(folder.checkpoints)))
    return {
        "weights": sha256(newest / "weights.safetensors"),
        "optimizer": sha256(newest / "optimizer.safetensors"),
        "state": (newest / "state.json").read_text("utf-8"),
        "losses": losses(folder),
        "scores": scores(folder),
        "samples": {path.name: sha256(path) for path in sorted(folder.samples.glob("*.png"))},
        "exports": {
            path.relative_to(folder.exports).as_posix(): data_section(path)
            for path in sorted(folder.exports.rglob("*"))
            if path.is_file()
        },
    }


def scores(folder: RunFolder) -> list[dict[str, Any]]:
    """What the judge said at each checkpoint."""
    return [line for line in read_metrics(folder.metrics) if line["event"] == "CheckpointScored"]


def losses(folder: RunFolder) -> list[tuple[int, float, float]]:
    """Step, loss and learning rate of every step, as metrics.jsonl tells them."""
    return [
        (line["step"], line["loss"], line["learning_rate"])
        for line in read_metrics(folder.metrics)
        if line["event"] == "StepFinished"
    ]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def data_section(path: Path) -> str:
    """sha256 of a file, of safetensors without their header (which tells the time)."""
    data = path.read_bytes()
    if path.suffix != ".safetensors":
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha256(data[8 + int.from_bytes(data[:8], "little") :]).hexdigest()


def newest_weights(folder: RunFolder) -> dict[str, torch.Tensor]:
    saved, _ = checkpoint.load_latest(folder.path)
    assert saved is not None
    return saved.weights
