"""A run is shown as it was, from what its folder holds."""

from __future__ import annotations

import json

from engine import past_events
from engine.events import RunFinished, RunStarted, SampleReady, StepFinished
from engine.past_events import MOST_STEPS
from engine.project import RunFolder
from tests.engine_runs import require_finished, tiny_run, train


def test_what_a_run_told_is_read_again(tiny_folder, pictures_folder, tmp_path):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, sampling={"every_steps": 2})
    trained = require_finished(train(data))
    again = past_events.past_events(trained.folder)
    for kind in (RunStarted, StepFinished, SampleReady, RunFinished):
        assert [event for event in again if isinstance(event, kind)] == trained.of(kind)
    assert again[-1] == trained.last


def test_of_many_steps_a_thousand_are_shown_and_the_last(tmp_path):
    folder = RunFolder(tmp_path)
    line = {"event": "StepFinished", "loss": 1.0, "learning_rate": 1e-3, "seconds": 0.1,
            "memory_bytes": 1}  # fmt: skip
    folder.metrics.write_text(
        "".join(json.dumps(line | {"step": step}) + "\n" for step in range(1, 50_002))
    )
    shown = past_events.past_events(folder)
    assert len(shown) <= MOST_STEPS + 1
    assert (shown[0].step, shown[-1].step) == (1, 50_001)


def test_lines_that_are_damaged_or_of_another_version_are_left_out(tmp_path):
    folder = RunFolder(tmp_path)
    folder.metrics.write_text(
        '{"event": "StepFinished", "step": 1}\n{"event": "Unheard", "of": 1}\n[]\n{"event": "Ru'
    )
    assert past_events.past_events(folder) == []
    assert past_events.past_events(RunFolder(tmp_path / "nothing")) == []
