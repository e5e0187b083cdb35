"""Each way in which Imprint writes: what stood there before, the writing, and what may stand then.

An action is done again and again with another of its calls failing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from engine import checkpoint, storage
from engine.checkpoint import Checkpoint
from engine.events import Noticed, RunFinished, RunStarted, StepFinished
from engine.formats.plain_pickle import dump
from engine.formats.png_text import read_parameters, save_png
from engine.model_shelf import Shelf
from engine.models.tensor_file import open_tensors
from engine.project import Project, RunFolder, create_run, read_metrics, record
from engine.sampler import SampleSettings
from engine.tensor_writer import write_tensors
from tests.engine_runs import config_of

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Action:
    """`before` makes what was there, `act` writes anew, `check` raises where what is there now is
    neither the old nor the new."""

    before: Callable[[Path], object]
    act: Callable[[Path], object]
    check: Callable[[Path], object]


def _state(step: int) -> Checkpoint:
    weights = {"a": torch.full((64, 64), float(step)), "b": torch.arange(10.0)}
    optimizer = {"state": {0: {"exp_avg": torch.ones(64, 64)}}, "param_groups": [{"params": [0]}]}
    return Checkpoint(step, weights, optimizer)


def _save(folder: Path, step: int) -> None:
    checkpoint.save(folder, _state(step))
    checkpoint.prune(folder, keep=1)


def _sound_checkpoint(folder: Path) -> None:
    saved, notices = checkpoint.load_latest(folder.parent)
    assert saved is not None and not notices, notices
    assert saved.step in (1, 2)
    assert torch.equal(saved.weights["a"], torch.full((64, 64), float(saved.step)))


def _write_file(folder: Path, value: float) -> None:
    write_tensors(folder / "lora.safetensors", {"x": torch.full((300, 300), value)})


def _sound_file(folder: Path) -> None:
    file = open_tensors(folder / "lora.safetensors")
    value = dict(file.read(file.shapes))["x"]
    assert value.eq(1).all() or value.eq(2).all()


def _write_pickle(folder: Path, value: float) -> None:
    storage.write_bytes(folder / "net.pt", dump({"x": torch.full((50, 50), value)}))


def _sound_pickle(folder: Path) -> None:
    value = torch.load(folder / "net.pt", weights_only=True)["x"]
    assert value.eq(1).all() or value.eq(2).all()


def _write_draft(folder: Path, name: str) -> None:
    Project(folder).save_draft({"name": name, "more": "x" * 5000})


def _sound_draft(folder: Path) -> None:
    draft, notice = Project(folder).open_draft()
    assert notice is None
    assert draft["name"] in ("old", "new")


def _write_picture(folder: Path, prompt: str) -> None:
    image = Image.effect_noise((96, 96), 60).convert("RGB")
    save_png(folder / "00001.png", image, SampleSettings(prompt=prompt), "model", ())


def _sound_picture(folder: Path) -> None:
    assert read_parameters(folder / "00001.png").startswith(("old", "new"))
    with Image.open(folder / "00001.png") as image:
        image.load()


def _tell(folder: Path, first: int) -> None:
    """The record of a run: a failing disk costs lines, and no run."""
    start = RunStarted(folder="x", steps=9, first_step=first, device="cpu", trainable=1)
    steps = (
        StepFinished(step=first + n, loss=1.0, learning_rate=1.0, seconds=1.0, memory_bytes=1)
        for n in range(1, 4)
    )
    end = RunFinished(steps=3, stopped_early=False, exports=())
    for event in record(RunFolder(folder), iter([start, *steps, end])):
        assert not isinstance(event, Noticed) or event.notice.code == "IM-OUT-06"


def _sound_record(folder: Path) -> None:
    lines = read_metrics(folder / "metrics.jsonl")
    steps = [line["step"] for line in lines if line["event"] == "StepFinished"]
    assert steps[:3] == [1, 2, 3]  # what was told before
    assert steps == sorted(set(steps))


def _begin(folder: Path, name: str) -> None:
    places = {"runs_folder": str(folder), "dataset": {"folder": str(folder), "trigger": "toy"}}
    config = config_of({"name": name, "method": {"kind": "lora"}, **places})
    create_run(config)


def _sound_runs(folder: Path) -> None:
    """The old one is as it was; a new one has its settings, or is not there."""
    runs = [RunFolder(path) for path in folder.iterdir() if not path.name.startswith(".")]
    names = [json.loads(run.config_path.read_text())["name"] for run in runs]
    assert names.count("old") == 1
    assert sorted(set(names) - {"old"}) in ([], ["new"])


def _shelve(folder: Path, path: str) -> None:
    Shelf(folder / "models.json")._write([path])


def _sound_shelf(folder: Path) -> None:
    assert Shelf(folder / "models.json")._paths() in (["old"], ["new"])


ACTIONS = {
    "checkpoint": Action(lambda f: _save(f, 1), lambda f: _save(f, 2), _sound_checkpoint),
    "safetensors": Action(lambda f: _write_file(f, 1), lambda f: _write_file(f, 2), _sound_file),
    "pickle": Action(lambda f: _write_pickle(f, 1), lambda f: _write_pickle(f, 2), _sound_pickle),
    "project": Action(
        lambda f: _write_draft(f, "old"), lambda f: _write_draft(f, "new"), _sound_draft
    ),
    "picture": Action(
        lambda f: _write_picture(f, "old"), lambda f: _write_picture(f, "new"), _sound_picture
    ),
    "record": Action(lambda f: _tell(f, 0), lambda f: _tell(f, 3), _sound_record),
    "run": Action(lambda f: _begin(f, "old"), lambda f: _begin(f, "new"), _sound_runs),
    "models": Action(lambda f: _shelve(f, "old"), lambda f: _shelve(f, "new"), _sound_shelf),
}


def strays(folder: Path) -> list[str]:
    """What a failed write left behind."""
    return [path.name for path in folder.rglob(".*") if path.name not in (".lock", storage.MARK)]


def sums(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
