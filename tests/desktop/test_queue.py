"""Runs that wait, in the window."""

from __future__ import annotations

import pytest

from desktop.panels.monitor_panel import RunState
from engine.errors import NoPictures
from engine.events import RunFailed, RunFinished
from tests.desktop.conftest import endless, started, step


def short(control):
    yield started(3)
    yield step(1)
    yield RunFinished(steps=3, stopped_early=False, exports=())


def cannot_begin(control):
    yield RunFailed(error=NoPictures(folder="x", num_files=0))


@pytest.fixture
def trains(window, monkeypatch):
    """The names of the runs that were begun; what each does can be said beforehand."""
    begun, jobs = [], {}

    def train(config):
        begun.append(config.name)
        return window.engine.submit(jobs.get(config.name, short))

    monkeypatch.setattr(window.engine, "train", train)
    return begun, jobs


def put(window, *names: str) -> None:
    for name in names:
        window.draft.set("name", name)
        window.monitor.queue.add.click()


def titles(window) -> list[str]:
    return [row.waiting.data["name"] for row in window.monitor.queue.rows]


def test_a_run_is_added_with_the_settings_of_now(window):
    window.draft.set("training.steps", 77)
    put(window, "a")
    window.draft.set("training.steps", 5)
    assert titles(window) == ["a"]
    assert window.monitor.queue.rows[0].waiting.steps == 77
    assert window.monitor.tabs.tabText(4) == "Queue (1)"


def test_one_follows_the_other_until_none_is_left(qtbot, window, trains):
    begun, _ = trains
    put(window, "a", "b", "c")
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: begun == ["a", "b", "c"] and not window.runs.is_busy, timeout=10_000)
    assert titles(window) == []
    assert window.monitor.tabs.tabText(4) == "Queue"


def test_the_queue_can_be_changed_while_one_trains(qtbot, window, trains):
    _begun, jobs = trains
    jobs["a"] = endless
    put(window, "a", "b", "c")
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: titles(window) == ["b", "c"], timeout=10_000)
    assert window.monitor.queue.start.isHidden()
    window.monitor.queue.rows[1].up.click()
    assert titles(window) == ["c", "b"]
    put(window, "d")
    window.monitor.queue.rows[1].remove.click()
    assert titles(window) == ["c", "d"]
    window.monitor.queue.rows[1].edit.click()  # of this project, so it comes back to the pages
    assert titles(window) == ["c"]
    assert window.draft.get("name") == "d"
    assert window.page == "method"
    assert window.monitor.run_state is RunState.TRAINING
    window.runs.stop()
    qtbot.waitUntil(lambda: not window.runs.is_busy, timeout=10_000)


def test_whoever_stops_a_run_stops_the_queue(qtbot, window, trains):
    begun, jobs = trains
    jobs["a"] = endless
    put(window, "a", "b")
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: window.monitor.run_state is RunState.TRAINING, timeout=10_000)
    window.runs.stop()
    qtbot.waitUntil(lambda: not window.runs.is_busy, timeout=10_000)
    assert begun == ["a"]
    assert titles(window) == ["b"]
    assert not window.monitor.queue.start.isHidden()


def test_a_run_that_cannot_begin_keeps_its_place_and_the_next_one_trains(qtbot, window, trains):
    begun, jobs = trains
    jobs["a"] = cannot_begin
    put(window, "a", "b")
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: begun == ["a", "b"] and not window.runs.is_busy, timeout=10_000)
    assert titles(window) == ["a"]


def test_a_run_started_by_hand_is_followed_by_those_that_wait(qtbot, window, trains):
    begun, _ = trains
    put(window, "b")
    window.draft.set("name", "by-hand")
    window.start_training()
    qtbot.waitUntil(lambda: begun == ["by-hand", "b"] and not window.runs.is_busy, timeout=10_000)
    assert titles(window) == []


def test_a_run_of_another_project_waits_for_the_end_of_the_training(
    qtbot, window, trains, tmp_path
):
    _begun, jobs = trains
    jobs["a"] = endless
    put(window, "a", "other")
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: titles(window) == ["other"], timeout=10_000)
    window.draft.project = type(window.draft.project)(tmp_path / "elsewhere")
    window.monitor.queue.rows[0].edit.click()
    assert titles(window) == ["other"]
    assert "another project" in window.monitor.strip.text
    window.runs.stop()
    qtbot.waitUntil(lambda: not window.runs.is_busy, timeout=10_000)
    window.monitor.queue.rows[0].edit.click()
    assert titles(window) == []
    assert window.draft.get("name") == "other"
