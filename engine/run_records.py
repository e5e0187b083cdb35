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
from typing import Any

from engine import records, storage
from engine.config_file import Data
from engine.errors import RecordUnreadable
from engine.metrics_reading import MetricsSummary, summary_of
from engine.project import RunFolder, read_metrics
from engine.records import NotRead

SMOOTHING = 0.9
_LIBRARIES = ("torch", "diffusers", "transformers", "peft", "accelerate", "PySide6_Essentials")
# Of a run's settings, what tells of a person or a computer rather than of a training.
_PRIVATE = {"folder", "captions_folder", "references", "runs_folder", "base_model", "prompts",
            "trigger", "class_word", "name", "network", "start_from", "class_folder", "template",
            "class_prompt", "edits"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of the history."""

    folder: RunFolder
    name: str
    method: str
    steps: int  # that were taken
    planned: int
    outcome: str  # "finished", "stopped", "failed", or "interrupted" where nothing tells its end
    seconds: float
    loss: float | None  # smoothed, at the end
    likeness: float | None  # of the best checkpoint
    best_step: int | None
    peak_bytes: int
    sample: Path | None
    note: str = ""
    starred: bool = False

    @property
    def title(self) -> str:
        return self.folder.path.name


@dataclass(frozen=True, slots=True)
class Curve:
    """Numbers over steps."""

    steps: list[int]
    values: list[float]


def load_record(folder: RunFolder) -> RunRecord | None:
    """None where the folder's settings cannot be read. Reads all metrics, so not for the window's
    thread."""
    config = _read(folder.config_path)
    if config is None:
        return None
    metrics = summary_of(folder.metrics)
    result = _read(folder.result) or {}
    notes = _read(folder.notes) or {}
    samples = sorted(folder.samples.glob("step_*.png")) if folder.samples.is_dir() else []
    return RunRecord(
        folder=folder,
        name=str(config.get("name", folder.path.name)),
        method=str(_section(config, "method").get("kind", "")),
        steps=metrics.steps,
        planned=int(_section(config, "training").get("steps", metrics.steps) or 0),
        outcome=_outcome(result, metrics),
        seconds=float(result.get("seconds", 0.0) or 0.0),
        loss=smoothed(metrics.losses)[-1] if metrics.losses else None,
        likeness=None if metrics.best is None else float(metrics.best["likeness"]),
        best_step=None if metrics.best is None else int(metrics.best["step"]),
        peak_bytes=metrics.peak_bytes,
        sample=samples[-1] if samples else None,
        note=str(notes.get("note", "")),
        starred=bool(notes.get("starred", False)),
    )


def annotate(folder: RunFolder, note: str, starred: bool) -> None:
    """Keep a note and a star with the run. Raises OutputNotWritable or DiskFull."""
    records.write_json(folder.notes, {"note": note, "starred": starred})


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
    for path in sorted(folder.samples.glob("step_*.png")):
        parts = path.stem.split("_")
        if len(parts) > 1 and parts[1].isdigit():
            found.setdefault(int(parts[1]), []).append(path)
    return found


def differences(folders: Iterable[RunFolder]) -> list[tuple[str, list[str]]]:
    """Settings that are not the same in all runs: dotted key, and each run's value."""
    tables = [flattened(_read(folder.config_path) or {}) for folder in folders]
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
    config = without_private(_read(folder.config_path) or {})
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


def _outcome(result: Data, metrics: MetricsSummary) -> str:
    told = result.get("outcome")
    if told == "finished" or (isinstance(told, str) and not metrics.is_open):
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


def _section(data: Data, name: str) -> Data:
    section = data.get(name)
    return section if isinstance(section, dict) else {}


def _read(path: Path) -> Data | None:
    try:
        return records.read_json(path)
    except NotRead:
        return None


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
