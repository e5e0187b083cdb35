"""Every file of a folder that is read as text or JSON, with what reads it: the small records of
Imprint itself, and what other programs put beside models and pictures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch

from engine import (
    card_pack,
    config_file,
    gallery_records,
    model_offers,
    project_file,
    records,
    user_presets,
)
from engine.caption_models import look_at as look_at_captioner
from engine.cli import _parse_set
from engine.data.caption_files import CaptionBook
from engine.data.walk import walk
from engine.draft_shape import usable
from engine.errors import UserError
from engine.export_record import ExportRecord
from engine.formats.png_text import parse_parameters
from engine.incoming import left_in
from engine.interrupted import interrupted
from engine.json_reading import NotParsed, parse_json
from engine.metrics_reading import last_lines, summary_of
from engine.model_shelf import Shelf
from engine.models.catalog import locate
from engine.models.size import largest_clip_skip, measure_model, native_side
from engine.outcome import exported_step, finished_exports
from engine.past_events import past_events
from engine.project import Project, RunFolder, read_metrics
from engine.run_queue import RunQueue
from engine.run_records import differences, load_record, loss_curve, samples_of
from engine.run_start import RunStart
from engine.shapes import OtherShape, shaped
from engine.storage.marks import mark_of
from engine.trained_file import inspect
from tests.conftest import draw_pictures
from tests.lora_forms import simple


@dataclass(frozen=True, slots=True)
class Reader:
    """`read` gets the folder that `whole` is copied to, with one of `files` changed in it. It may
    raise `refusals` and nothing else."""

    files: tuple[str, ...]
    read: Callable[[Path], object]
    refusals: tuple[type[Exception], ...] = ()


def _run(folder: Path) -> None:
    run = RunFolder(folder)
    for ask in (
        lambda: load_record(run), lambda: loss_curve(run), lambda: samples_of(run), lambda: past_events(run),
        lambda: summary_of(run.metrics), lambda: last_lines(run.metrics), lambda: read_metrics(run.metrics),
        lambda: finished_exports(run.path), lambda: exported_step(run), lambda: interrupted(run),
        lambda: differences([run, run]), lambda: config_file.of_run(run.config_path),
        lambda: RunStart.of(run.path).changes(["a" * 64], "starter"),
        lambda: RunStart.of(run.path).started_at,
        lambda: ExportRecord(run)._sums(),
    ):  # fmt: skip
        try:
            json.dumps(repr(ask())).encode("utf-8", "backslashreplace")
        except UserError:
            continue


def _project(folder: Path) -> None:
    project = Project(folder)
    draft, _ = project_file.read(project.file)
    config_file.check(usable(draft))
    project.save_draft(draft)
    assert project.load_draft() == draft  # what is read can be written, and is the same again


def _captions(folder: Path) -> None:
    walked = walk(folder)
    book = CaptionBook(walked, folder / "own")
    for picture in walked.files:
        caption = book.read(picture, "a" * 64)
        caption.text.encode()  # what it says can be written
        "".join(caption.choices).encode()


def _model(folder: Path) -> None:
    source = locate(str(folder))
    measure_model(source)
    native_side(source)
    largest_clip_skip(source)


def _shelf(folder: Path) -> None:
    Shelf(folder / "models.json").entries()


def _queue(folder: Path) -> None:
    for waiting in RunQueue(folder).waiting():
        repr(waiting)


def _preset(folder: Path) -> None:
    user_presets.name_of(folder / "mine.json")
    config_file.check(user_presets.load(folder / "mine.json"))


def _set(folder: Path) -> None:
    """A `--set` of the command line."""
    text = (folder / "set.txt").read_bytes().decode("utf-8", "surrogateescape")
    config_file.check(config_file.merge({"name": "x"}, _parse_set(text)))


def _message(folder: Path) -> None:
    """What another start sends through the socket."""
    shaped(parse_json((folder / "message.json").read_bytes()), list[str])


def _parameters(folder: Path) -> None:
    found = parse_parameters((folder / "parameters.txt").read_text("utf-8", "replace"))
    assert all(isinstance(value, str) for value in found.values())


RUN_FILES = (
    "config.json",
    "metrics.jsonl",
    "result.json",
    "start.json",
    "notes.json",
    "exported.json",
)
OURS = (UserError,)
READERS = {
    "run": Reader(RUN_FILES, _run),
    "project": Reader(("project.imprint",), _project, OURS),
    "captions": Reader(("a.txt", "b.json", "metadata.jsonl", "metadata.csv", "c.caption", "own.json"), _captions, OURS),
    "model": Reader(("model_index.json", "scheduler/scheduler_config.json", "unet/config.json", "vae/config.json", "text_encoder/config.json"), _model, OURS),
    "shelf": Reader(("models.json",), _shelf),
    "queue": Reader(("000000000000001024.json",), _queue),
    "preset": Reader(("mine.json",), _preset, OURS),
    "stars": Reader(("stars.json",), gallery_records.load_stars),
    "incoming": Reader(("incoming/000001.json",), lambda folder: left_in(Project(folder))),
    "offers": Reader(("offers.json",), lambda folder: model_offers.load_offers(folder / "offers.json"), OURS),
    "card-pack": Reader(("table.json",), lambda folder: card_pack.load_table(folder / "table.json")),
    "captioner": Reader(("config.json",), look_at_captioner, OURS),
    "adapter": Reader(("adapter_config.json",), lambda folder: inspect(folder / "adapter_model.safetensors"), OURS),
    "mark": Reader((".imprint-folder",), mark_of),
    "set": Reader(("set.txt",), _set, OURS),
    "message": Reader(("message.json",), _message, (NotParsed, OtherShape)),
    "parameters": Reader(("parameters.txt",), _parameters),
    "comparison": Reader(("record.json",), lambda folder: records.read_json(folder / "record.json"), (records.NotRead,)),
}  # fmt: skip


def make_whole(name: str, folder: Path, run: Path, model: Path) -> None:
    """The files as Imprint or another program writes them. `run`: a run that has ended; `model`:
    a folder in the format of diffusers."""
    for file, data in CONTENTS.get(name, {}).items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data if isinstance(data, str) else json.dumps(data), "utf-8")
    settings = json.loads((run / "config.json").read_text("utf-8"))
    match name:
        case "run":
            shutil.copytree(run, folder, dirs_exist_ok=True)
        case "project":
            edits = {"a" * 64: {"repeats": 2, "mirror": True}}
            Project(folder).save_draft(
                settings | {"dataset": {**settings["dataset"], "edits": edits}}
            )
        case "captions":
            shutil.copy(draw_pictures(folder, 1) / "picture0.png", folder / "a.png")
        case "model":
            shutil.copytree(model, folder, dirs_exist_ok=True)
        case "queue":
            (folder / "000000000000001024.json").write_text(json.dumps(settings), "utf-8")
        case "offers":
            shutil.copy(model_offers.LIST, folder / "offers.json")
        case "captioner" | "adapter":
            file = "model" if name == "captioner" else "adapter_model"
            safetensors.torch.save_file(simple(), folder / f"{file}.safetensors")
        case "mark":
            shutil.copy(run / ".imprint-folder", folder)


CONTENTS: dict[str, dict[str, Any]] = {
    "run": {"notes.json": {"note": "good ears", "starred": True}, "exported.json": {"sha256": {"a.safetensors": "a" * 64}}},
    "captions": {
        "a.txt": "1girl, (red:1.2), solo\nsecond line", "b.json": {"tags": {"red": 0.9}, "caption": ["a", "b"], "text": None},
        "metadata.jsonl": '{"file_name": "a.png", "text": "a cat"}\n{"file_name": "picture0.png", "text": ["x"]}\n',
        "metadata.csv": 'file_name,text\na.png,"a, cat"\npicture0.png,b\n', "c.caption": "红色的猫",
        "own.json": {"a.png": {"tags": "x, y", "caption": "a cat"}, "picture0.png": "b"},
    },
    "shelf": {"models.json": {"paths": ["/model", "starter", "/nowhere"]}},
    "preset": {"mine.json": {"imprint_preset": 1, "name": "x", "settings": {"method": {"kind": "lora", "rank": 4}, "training": {"steps": 4}}}},
    "stars": {"stars.json": ["00001_seed7.png", "²"]},
    "incoming": {"incoming/000001.json": {"paths": ["/a.png", "/b"], "current": "/c"}},
    "card-pack": {"table.json": {"torch": "2.10", "python": "3.11", "oldest_driver": 580, "oldest_capability": [7, 5], "files": [{"name": "a", "bytes": 5}]}},
    "captioner": {"config.json": {"model_type": "blip", "text_config": {"hidden_size": 8}, "vision_config": {"image_size": 30}}, "tokenizer.json": {}},
    "adapter": {"adapter_config.json": {"r": 4, "lora_alpha": 8, "use_rslora": True, "rank_pattern": {"a.*b": 2}, "alpha_pattern": {"(a+)+$": 3.0}}},
    "set": {"set.txt": 'training.steps={"a": [1, 2.5, null]}'},
    "message": {"message.json": ["/home/x/a.imprint", "b"]},
    "parameters": {"parameters.txt": 'a fox, (red:1.2) <lora:x:0.5>\nNegative prompt: blue\nSteps: 20, Sampler: "DDIM, x", Seed: 5, Size: 64x64, Lora hashes: "x: 1, y: 2"'},
    "comparison": {"record.json": {"settings": {"a": 1}, "scores": [0.5]}},
}  # fmt: skip
