"""A training whose window was killed is offered at the next start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.app import _greet
from desktop.crash_reports import CrashReports, reports_folder
from desktop.last_session import interrupted_run, notice_of
from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.windows import Windows
from engine.events import Noticed, RunFinished, RunStarted
from engine.interrupted import interrupted
from engine.moved_run import RunMoved
from engine.project import RunFolder
from engine.remedies import Action
from tests.timing import PATIENCE

ROOT = Path(__file__).parents[2]
STARTED = {"event": "RunStarted", "folder": "x", "steps": 9, "first_step": 0}
STEPS = [{"event": "StepFinished", "step": step, "loss": 0.5} for step in (1, 2, 3)]
FINISHED = {"event": "RunFinished", "steps": 3, "stopped_early": True, "exports": []}


def run_with(place: Path, *lines: dict, checkpoints: tuple[int, ...] = (2,)) -> RunFolder:
    folder = RunFolder(place / "2026-11-30_1200_toy_lora")
    folder.path.mkdir(parents=True)
    folder.config_path.write_text(json.dumps({"name": "toy", "method": {"kind": "lora"}}))
    folder.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for step in checkpoints:
        (folder.checkpoints / f"step_{step:06d}").mkdir(parents=True)
    return folder


def test_a_run_without_an_end_tells_its_step_and_its_last_checkpoint(tmp_path):
    found = interrupted(run_with(tmp_path, STARTED, *STEPS))
    assert found is not None
    assert (found.name, found.step, found.checkpoint) == ("toy", 3, 2)


def test_a_torn_last_line_is_not_looked_at(tmp_path):
    folder = run_with(tmp_path, STARTED, *STEPS)
    with folder.metrics.open("a") as file:
        file.write('{"event": "StepFin')
    assert interrupted(folder).step == 3


def test_a_run_that_was_stopped_and_cut_off_after_a_new_start_is_interrupted(tmp_path):
    folder = run_with(tmp_path, STARTED, *STEPS, FINISHED, STARTED, {**STEPS[0], "step": 4})
    folder.result.write_text(json.dumps({"outcome": "stopped"}))  # of the first start
    assert interrupted(folder).step == 4


def test_a_run_that_ended_is_not_interrupted(tmp_path):
    assert interrupted(run_with(tmp_path, STARTED, *STEPS, FINISHED)) is None


@pytest.mark.parametrize("kind", ["RunFailed", "RunCrashed"])
def test_a_run_that_failed_is_not_interrupted(tmp_path, kind):
    assert interrupted(run_with(tmp_path, STARTED, *STEPS, {"event": kind})) is None


def test_a_run_that_another_process_goes_on_with_is_not_interrupted(tmp_path):
    folder = run_with(tmp_path, STARTED, *STEPS)
    with folder.locked():
        assert interrupted(folder) is None
    assert interrupted(folder) is not None


def test_a_folder_that_is_gone_is_not_interrupted(tmp_path):
    assert interrupted(RunFolder(tmp_path / "gone")) is None


def test_before_the_first_checkpoint_there_is_nothing_to_continue(tmp_path):
    run = interrupted(run_with(tmp_path, STARTED, *STEPS, checkpoints=()))
    notice = notice_of(CrashReports(tmp_path), run)
    assert "before its first checkpoint" in notice.sentence
    assert Action.CONTINUE not in notice.offered


def test_what_was_interrupted_is_asked_for_once(qapp, tmp_path):
    Preferences().running = str(run_with(tmp_path, STARTED, *STEPS).path)
    assert interrupted_run(Preferences()) is not None
    assert interrupted_run(Preferences()) is None


def test_a_run_is_remembered_while_it_trains_and_forgotten_at_its_end(window):
    window.runs.told.emit(
        RunStarted(folder="somewhere", steps=9, first_step=0, device="processor", trainable=1)
    )
    assert Preferences().running == "somewhere"
    window.runs.told.emit(Noticed(notice=RunMoved(was="somewhere", folder="elsewhere")))
    assert Preferences().running == "elsewhere"
    window.runs.told.emit(RunFinished(steps=9, stopped_early=False, exports=()))
    assert Preferences().running == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_window_that_is_asked_to_end_closes_and_leaves_nothing_to_tell(tmp_path):
    """As `kill` and some session managers do at a log-off."""
    child = window_of_its_own(tmp_path)
    assert child.stdout.readline() == "up\n"
    assert list(reports_folder().glob("running-*.txt"))
    child.terminate()
    child.communicate(timeout=PATIENCE)
    assert child.returncode == 0
    assert list(reports_folder().glob("*.txt")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
@pytest.mark.parametrize("moment", ["at-once", "in-a-dialog", "again-and-again"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_window_that_is_asked_to_end_does_so_at_any_moment(tmp_path, moment, name):
    """SIGINT is Ctrl-C in the terminal from which it was started."""
    child = window_of_its_own(tmp_path, moment, name)
    child.communicate(timeout=PATIENCE)
    assert child.returncode == 0
    assert list(reports_folder().glob("*.txt")) == []


def window_of_its_own(preferences: Path, *wish: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.desktop.killed_window", str(preferences), *wish]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_training_whose_window_was_killed_is_named_at_the_next_start_and_continues(
    qapp, qtbot, monkeypatch, tiny_data, tmp_path
):
    config = tmp_path / "run.json"
    many = {"training": {**tiny_data["training"], "steps": 100_000}}
    config.write_text(json.dumps(tiny_data | many | {"sampling": {"every_steps": 0}}))
    child = window_of_its_own(tmp_path, str(config))
    saved = [int(child.stdout.readline()) for _ in range(3)]
    child.kill()  # SIGKILL: nothing of Imprint's runs any more
    child.communicate()
    assert saved == [2, 4, 6]

    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    reports = CrashReports()
    reports.begin()
    windows = Windows(qapp)
    _greet(windows, Preferences(), reports)
    reports.end()
    window, strip = windows.window, windows.window.home.strip
    assert "Imprint did not close properly; the training toy was interrupted at step" in strip.text
    assert window.page == "home"

    told = []
    window.runs.told.connect(told.append)
    strip.buttons[Action.CONTINUE].click()
    assert window.page == "training"
    assert strip.isHidden()
    qtbot.waitUntil(lambda: any(isinstance(e, RunStarted) for e in told))
    (begun,) = [event for event in told if isinstance(event, RunStarted)]
    assert begun.first_step >= 6
    assert Path(begun.folder).parent == Path(tiny_data["runs_folder"])
    window.runs.stop()
    qtbot.waitUntil(lambda: isinstance(told[-1], RunFinished))
    window.leaving.may_stop = lambda: True
    assert window.close()
    window.deleteLater()
