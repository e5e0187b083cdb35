"""What a run folder tells of its run, without loading anything: for the history, for comparing,
and for a bug report."""

from __future__ import annotations

import json
import platform
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from engine import records, storage
from engine.config_file import Data
from engine.errors import RecordUnreadable, RunMissing
from engine.file_names import number_in
from engine.metrics_reading import MetricsSummary, read_metrics, summary_of
from engine.project import RunFolder
from engine.records import NotRead, Why
from engine.regular_files import is_file, paths_in
from engine.run_shapes import RunNotes, RunResult, RunSettings
from engine.shapes import Record
from engine.wording import Phrase

SMOOTHING = 0.9
UNREADABLE = "unreadable"  # the outcome of a run that cannot be shown
_LIBRARIES = ("torch", "diffusers", "transformers", "peft", "accelerate", "PySide6_Essentials")
# Of a run's settings, what tells of a person or a computer rather than of a training.
_PRIVATE = {"folder", "captions_folder", "references", "runs_folder", "base_model", "prompts",
            "trigger", "class_word", "name", "network", "start_from", "class_folder", "template",
            "class_prompt", "edits"}  # fmt: skip

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of the history."""

    folder: RunFolder
    name: str
    method: str
    steps: int  # that were taken
    planned: int
    # "finished", "stopped", "failed", "interrupted" where nothing tells its end, or UNREADABLE
    outcome: str
    seconds: float
    loss: float | None  # smoothed, at the end
    likeness: float | None  # of the best checkpoint
    best_step: int | None
    peak_bytes: int
    sample: Path | None
    note: str = ""
    starred: bool = False
    problem: Phrase | str = ""  # why it cannot be shown, where it cannot

    @property
    def title(self) -> str:
        return self.folder.path.name


@dataclass(frozen=True, slots=True)
class Curve:
    """Numbers over steps."""

    steps: list[int]
    values: list[float]


def load_record(folder: RunFolder) -> RunRecord | None:
    """None where the folder is gone. Whatever lies in it, this raises nothing: where the settings
    cannot be read, the record says why. Reads all metrics, so not for the window's thread."""
    problem: Phrase | str = ""
    try:
        config = records.read_json(folder.config_path, RunSettings)
    except NotRead as error:
        if error.why is Why.MISSING:
            return None
        config, problem = RunSettings(), error.reason
    metrics = summary_of(folder.metrics)
    result = _read(folder.result, RunResult)
    notes = _read(folder.notes, RunNotes)
    return RunRecord(
        folder=folder,
        name=config.name or folder.path.name,
        method=config.method.kind,
        steps=metrics.steps,
        planned=config.training.steps or metrics.steps,
        outcome=UNREADABLE if problem else _outcome(result.outcome, metrics),
        seconds=result.seconds,
        loss=smoothed(metrics.losses)[-1] if metrics.losses else None,
        likeness=None if metrics.best is None else float(metrics.best["likeness"]),
        best_step=None if metrics.best is None else metrics.best["step"],
        peak_bytes=metrics.peak_bytes,
        sample=max(_sample_files(folder), default=None),
        note=notes.note,
        starred=notes.starred,
        problem=problem,
    )


def set_star(folder: RunFolder, starred: bool) -> RunNotes:
    """Returns what is kept with the run now: another window may have written a note.

    Raises RunMissing, OutputNotWritable or DiskFull.
    """
    return _annotate(folder, _read(folder.notes, RunNotes).note, starred)


def set_note(folder: RunFolder, note: str, seen: str) -> RunNotes:
    """`seen`: the note that the user had before them. One that another window wrote since stays
    behind the new one. Returns and raises as `set_star`."""
    kept = _read(folder.notes, RunNotes)
    if kept.note not in ("", seen, note):
        note = f"{note} / {kept.note}" if note else kept.note
    return _annotate(folder, note, kept.starred)


def _annotate(folder: RunFolder, note: str, starred: bool) -> RunNotes:
    """A run that was renamed is not made again under its old name."""
    if not is_file(folder.config_path):
        raise RunMissing(folder=str(folder.path))
    records.write_json(folder.notes, {"note": note, "starred": starred}, RunNotes)
    return RunNotes(note=note, starred=starred)


def loss_curve(folder: RunFolder) -> Curve:
    """As it was told, step by step."""
    lines = [line for line in _told(folder) if line.get("event") == "StepFinished"]
    return Curve([line["step"] for line in lines], [line["loss"] for line in lines])


def likeness_curve(folder: RunFolder) -> Curve:
    lines = [line for line in _told(folder) if line.get("event") == "CheckpointScored"]
    return Curve([line["step"] for line in lines], [line["likeness"] for line in lines])


def samples_of(folder: RunFolder) -> dict[int, list[Path]]:
    """Sample pictures by step, in the order of the prompts."""
    found: dict[int, list[Path]] = {}
    for path in sorted(_sample_files(folder)):
        step = number_in(path, 1)
        if step is not None:
            found.setdefault(step, []).append(path)
    return found


def _sample_files(folder: RunFolder) -> list[Path]:
    return paths_in(folder.samples, "step_*.png")


def differences(folders: Iterable[RunFolder]) -> list[tuple[str, list[str]]]:
    """Settings that are not the same in all runs: dotted key, and each run's value."""
    tables = [flattened(_settings(folder)) for folder in folders]
    keys = sorted({key for table in tables for key in table})
    rows = [(key, [str(table.get(key, "–")) for table in tables]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1]


def flattened(data: Data, prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` is `{"a.b": 1}`."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict) and value:
            found |= flattened(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def smoothed(values: list[float], weight: float = SMOOTHING) -> list[float]:
    """Exponential average without the pull to zero at the start; a constant stays constant."""
    result, average, total = [], 0.0, 0.0
    for value in values:
        if value == value and abs(value) != float("inf"):  # noqa: PLR0124 (NaN is not itself)
            average = weight * average + (1 - weight) * value
            total = weight * total + (1 - weight)
        result.append(average / total if total else value)
    return result


def write_diagnostics(folder: RunFolder, out: Path) -> Path:
    """A zip for a bug report: what happened and on what, without pictures, words, names or
    places. Raises OutputNotWritable or DiskFull."""
    config = without_private(_settings(folder))
    facts = {
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }
    lines = [_anonymous(line) for line in read_metrics(folder.metrics)]
    metrics = "".join(json.dumps(line) + "\n" for line in lines)
    with (
        storage.atomic_write(out) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zip_,
    ):
        zip_.writestr("settings.json", json.dumps(config, indent=2))
        zip_.writestr("computer.json", json.dumps(facts, indent=2))
        zip_.writestr("events.jsonl", metrics)
    return out


def without_private(data: Data) -> Data:
    """Settings without what tells of a person or a computer."""
    kept: Data = {}
    for key, value in data.items():
        if key in _PRIVATE:
            kept[key] = "(left out)" if value else value
        else:
            kept[key] = without_private(value) if isinstance(value, dict) else value
    return kept


def _anonymous(line: Data) -> Data:
    """An event without paths and prompts."""
    hidden = {"path", "folder", "prompt", "exports", "caption", "facts", "summary", "traceback"}
    found = {}
    for key, value in line.items():
        if key in hidden:
            continue
        found[key] = _anonymous(value) if isinstance(value, dict) else value
    return found


def _outcome(told: str, metrics: MetricsSummary) -> str:
    if told == "finished" or (told and not metrics.is_open):
        return told
    match metrics.end:
        case {"event": "RunFinished", **facts}:
            return "stopped" if facts.get("stopped_early") else "finished"
        case None:
            return "interrupted"
        case _:
            return "failed"


def _told(folder: RunFolder) -> list[Data]:
    """The events of a run; none where its record cannot be read, so that the others are shown."""
    try:
        return read_metrics(folder.metrics)
    except RecordUnreadable:
        return []


def _settings(folder: RunFolder) -> Data:
    """As they were written; empty where they cannot be read."""
    try:
        return records.read_json(folder.config_path)
    except NotRead:
        return {}


def _read(path: Path, shape: type[R]) -> R:
    """Empty where the file cannot be read."""
    try:
        return records.read_json(path, shape)
    except NotRead:
        return shape()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
