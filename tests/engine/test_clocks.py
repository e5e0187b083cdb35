"""Clocks that are set back, stand in 1970 or jump: order, names and durations stay right."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from datetime import datetime

import pytest

from engine import checkpoint, project
from engine.config_file import require
from engine.events import StepFinished
from engine.project import Project, create_run
from tests.engine_runs import left_by, require_finished, tiny_run, train
from tests.kills import Command

TAKES_LONG = True  # for few tests: see tests/conftest.py


class Clock(datetime):
    """Shows what it is told to."""

    shown = datetime(2026, 3, 29, 1, 59)

    @classmethod
    def now(cls, tz=None):
        return cls.shown.astimezone(tz) if tz else cls.shown


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(project, "datetime", Clock)
    return Clock


def test_the_newest_run_is_the_last_that_was_made_however_the_clock_was_set(tmp_path, clock):
    toy = Project(tmp_path)
    times = [
        datetime(2026, 10, 25, 2, 59),  # the night in which an hour comes twice
        datetime(2026, 10, 25, 2, 0),
        datetime(1970, 1, 1),
        datetime(2026, 10, 25, 2, 59),
        datetime(2026, 10, 26, 9, 0),
        datetime(2026, 10, 26, 8, 0),
    ]
    made = []
    for number, shown in enumerate(times):
        clock.shown = shown
        name = ("zebra", "apple", "a-7")[number % 3]
        data = {"dataset": {"folder": "x"}, "name": name, "runs_folder": str(toy.runs)}
        folder = create_run(require(data))
        folder.config_path.write_text("{}")
        made.append(folder.path)
    assert [run.path for run in toy.list_runs()] == made[::-1]
    assert len(set(made)) == len(times)
    assert sorted(path.name for path in made) == [path.name for path in made]
    for path, shown in zip(made, times, strict=True):  # never a date that the clock did not show
        assert shown.strftime("_%Y-%m-%d_%H%M_") in path.name


def test_runs_of_earlier_versions_come_before_the_numbered_ones(tmp_path, clock):
    toy, clock.shown = Project(tmp_path), datetime(2026, 3, 29, 1, 59)
    for name in (
        "2066-01-01_0000_toy_lora",
        "2025-01-01_0000_toy_lora-2",
        "2025-01-01_0000_a_lora",
    ):
        (toy.runs / name).mkdir(parents=True)
        (toy.runs / name / "config.json").write_text("{}")
    data = {"dataset": {"folder": "x"}, "name": "toy", "runs_folder": str(toy.runs)}
    made = create_run(require(data))
    assert made.path.name == "0001_2026-03-29_0159_toy_lora"
    assert [run.path.name for run in toy.list_runs()] == [
        made.path.name, "2066-01-01_0000_toy_lora", "2025-01-01_0000_toy_lora-2",
        "2025-01-01_0000_a_lora",
    ]  # fmt: skip


def test_hundreds_of_runs_of_one_minute_keep_their_order(tmp_path, clock):
    toy = Project(tmp_path)
    data = {"dataset": {"folder": "x"}, "name": "toy", "runs_folder": str(toy.runs)}
    made = [create_run(require(data)) for _ in range(120)]
    for folder in made:
        folder.config_path.write_text("{}")
    assert [run.path for run in toy.list_runs()] == [run.path for run in reversed(made)]


def test_a_clock_that_jumps_with_every_look_changes_nothing_of_a_run(
    tiny_folder, image_folder, tmp_path, monkeypatch
):
    quiet = require_finished(train(tiny_run(tiny_folder, image_folder, tmp_path / "a")))
    chance = random.Random(0)
    monkeypatch.setattr(time, "time", lambda: chance.uniform(0, 4e9))
    wild = require_finished(train(tiny_run(tiny_folder, image_folder, tmp_path / "b")))
    assert left_by(wild.folder)["weights"] == left_by(quiet.folder)["weights"]
    assert [event.step for event in wild.of(StepFinished)] == [1, 2, 3, 4]
    assert all(0 <= event.seconds < 60 for event in wild.of(StepFinished))
    assert checkpoint.steps_in(wild.folder.checkpoints) == [2, 4]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no SIGSTOP there")
def test_a_computer_that_sleeps_in_the_midst_of_a_step_goes_on_where_it_was(
    tiny_folder, image_folder, tmp_path
):
    """SIGSTOP is what a sleep is to a program: time passes and it does not run."""
    data = tiny_run(tiny_folder, image_folder, tmp_path / "a", training={"steps": 30})
    awake = require_finished(train(data))
    data["runs_folder"] = str(tmp_path / "b")
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(data))
    command = Command("train", settings)
    assert command.wait_for("StepFinished")
    for _ in range(3):
        command.process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        command.process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    code, errors = command.finish()
    assert code == 0, errors
    (run,) = (tmp_path / "b").iterdir()
    assert left_by(project.RunFolder(run)) == left_by(awake.folder)
