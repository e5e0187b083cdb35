"""What a run told while it ran, read again from its folder: to show it as it was."""

from __future__ import annotations

from typing import Any

from engine import records
from engine.errors import RecordUnreadable
from engine.events import (
    CheckpointSaved,
    CheckpointScored,
    Event,
    RunFinished,
    RunStarted,
    SampleReady,
    StepFinished,
    StepSkipped,
    WentBack,
)
from engine.metrics_reading import read_metrics
from engine.project import RunFolder
from engine.records import NotRead
from engine.run_shapes import RunResult
from engine.shapes import OtherShape, shaped

MOST_STEPS = 1_000  # a curve needs no more, and a window shows them in an instant
_KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        RunStarted, StepFinished, SampleReady, CheckpointSaved, CheckpointScored, StepSkipped,
        WentBack, RunFinished,
    )
}  # fmt: skip


def past_events(folder: RunFolder) -> list[Event]:
    """In their order; of the steps at most MOST_STEPS, evenly chosen, and the last one.

    Lines that an older Imprint wrote otherwise, or that are damaged, are left out; where the file
    cannot be read, nothing is shown.
    """
    try:
        lines = read_metrics(folder.metrics)
    except RecordUnreadable:
        return []
    steps = [number for number, line in enumerate(lines) if line.get("event") == "StepFinished"]
    every = -(-len(steps) // MOST_STEPS) or 1
    kept = {*steps[::every], *steps[-1:]}
    dropped = set(steps) - kept
    events = (_event(line) for number, line in enumerate(lines) if number not in dropped)
    return [event for event in events if event is not None]


def exported_step_of(folder: RunFolder, last: int) -> int:
    """The step whose state the run exported."""
    try:
        step = records.read_json(folder.result, RunResult).exported_step
    except NotRead:
        return last
    return last if step is None else step


def _event(line: dict[str, Any]) -> Event | None:
    kind = _KINDS.get(str(line.get("event")))
    if kind is None:
        return None
    try:
        return shaped(line, kind)
    except OtherShape:  # a fact is missing
        return None
