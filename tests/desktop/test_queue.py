"""Runs that wait, in the window."""

from __future__ import annotations

import shutil

import pytest

from desktop.panels.monitor_panel import RunState
from engine.errors import NoPictures, OutputNotWritable
from engine.events import RunFailed, RunFinished
from engine.project import Project
from engine.run_queue import RunQueue, placed, queue_folder
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
    begun, jobs, engine = [], {}, window.engine

    def train(config):  # monkeypatch keeps it after the window is gone, so it must not hold that
        begun.append(config.name)
        return engine.submit(jobs.get(config.name, short))

    monkeypatch.setattr(engine, "train", train)
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
    qtbot.waitUntil(lambda: begun == ["a", "b", "c"] and not window.runs.is_busy)
    assert titles(window) == []
    assert window.monitor.tabs.tabText(4) == "Queue"


def test_the_queue_can_be_changed_while_one_trains(qtbot, window, trains):
    _begun, jobs = trains
    jobs["a"] = endless
    put(window, "a", "b", "c")
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: titles(window) == ["b", "c"])
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
    qtbot.waitUntil(lambda: not window.runs.is_busy)


def test_whoever_stops_a_run_stops_the_queue(qtbot, window, trains):
    begun, jobs = trains
    jobs["a"] = endless
    put(window, "a", "b")
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: window.monitor.run_state is RunState.TRAINING)
    window.runs.stop()
    qtbot.waitUntil(lambda: not window.runs.is_busy)
    assert begun == ["a"]
    assert titles(window) == ["b"]
    assert not window.monitor.queue.start.isHidden()


def test_a_run_that_cannot_begin_keeps_its_place_and_the_next_one_trains(qtbot, window, trains):
    begun, jobs = trains
    jobs["a"] = cannot_begin
    put(window, "a", "b")
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: begun == ["a", "b"] and not window.runs.is_busy)
    assert titles(window) == ["a"]


def test_a_run_started_by_hand_is_followed_by_those_that_wait(qtbot, window, trains):
    begun, _ = trains
    put(window, "b")
    window.draft.set("name", "by-hand")
    window.start_training()
    qtbot.waitUntil(lambda: begun == ["by-hand", "b"] and not window.runs.is_busy)
    assert titles(window) == []


def test_a_run_of_another_project_waits_for_the_end_of_the_training(
    qtbot, window, trains, tmp_path
):
    _begun, jobs = trains
    jobs["a"] = endless
    put(window, "a", "other")
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: titles(window) == ["other"])
    window.draft.project = type(window.draft.project)(tmp_path / "elsewhere")
    window.monitor.queue.rows[0].edit.click()
    assert titles(window) == ["other"]
    assert "another project" in window.monitor.strip.text
    window.runs.stop()
    qtbot.waitUntil(lambda: not window.runs.is_busy)
    window.monitor.queue.rows[0].edit.click()
    assert titles(window) == []
    assert window.draft.get("name") == "other"


def test_each_run_of_the_queue_is_looked_after_and_told_of_under_its_own_name(
    qtbot, window, trains, monkeypatch
):
    begun, jobs = trains
    jobs["b"] = endless
    told = []
    monkeypatch.setattr(window.attendant, "notify", lambda *words: told.append(words))
    put(window, "a", "b")
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: titles(window) == [])
    assert begun == ["a", "b"]
    assert window.attendant._clock.isActive()
    assert [what for what, _ in told] == ["a · LoRA is ready"]
    window.runs.stop()
    qtbot.waitUntil(lambda: not window.runs.is_busy)
    assert not window.attendant._clock.isActive()


def test_how_a_run_failed_is_still_said_when_the_next_one_has_begun(qtbot, window, trains):
    _begun, jobs = trains
    jobs["a"], jobs["b"] = cannot_begin, endless
    put(window, "a", "b")
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: titles(window) == ["a"])
    assert window.monitor.title.text() == "b · LoRA"
    assert "a · LoRA was stopped by a problem. No usable pictures" in window.monitor.strip.text
    window.runs.stop()
    qtbot.waitUntil(lambda: not window.runs.is_busy)


def test_a_window_that_closes_at_the_end_of_a_run_begins_no_other(qtbot, window, trains):
    begun, _ = trains
    put(window, "a", "b")
    window.runs.ended.connect(window.close)
    window.monitor.queue.start.click()
    qtbot.waitUntil(window.engine.isFinished)
    qtbot.wait(50)
    assert begun == ["a"]
    assert not window.runs.is_busy
    assert not window.attendant._clock.isActive()
    assert titles(window) == ["b"]


def aside(window) -> list[str]:
    return [row.waiting.data["name"] for row in window.monitor.queue.aside_rows]


def test_what_a_run_out_of_the_queue_takes_the_place_of_is_set_aside_and_can_come_back(
    qtbot, window, trains
):
    begun, _ = trains
    put(window, "a")
    window.draft.set("name", "later")
    window.draft.set("dataset.edits", {"cat_01": {"left_out": True}})
    window.draft.set("training.steps", 0)  # not possible, and kept all the same
    later = window.draft.data
    window.monitor.queue.rows[0].edit.click()
    assert window.draft.get("name") == "a"
    assert (titles(window), aside(window)) == ([], ["later"])
    assert "set aside" in window.monitor.strip.text
    (row,) = window.monitor.queue.aside_rows
    assert not row.up.isVisibleTo(row)
    assert [kept.data for kept in RunQueue(queue_folder() / "aside").waiting()] == [later]
    window.monitor.queue.start_wanted.emit()
    assert begun == []
    window.monitor.queue.aside_rows[0].edit.click()
    assert window.draft.data == later
    assert aside(window) == ["a"]
    window.monitor.queue.aside_rows[0].remove.click()
    assert aside(window) == []


def test_what_waits_already_is_not_set_aside_too(window):
    put(window, "a", "b")  # the pages hold b
    window.monitor.queue.rows[0].edit.click()
    assert window.draft.get("name") == "a"
    assert (titles(window), aside(window)) == (["b"], [])


def test_the_draft_of_another_project_is_set_aside_too(window, trains, tmp_path):
    put(window, "a")
    window.draft.set("name", "changed-later")
    window.draft.flush()
    (tmp_path / "photos").mkdir()
    window.open_pictures(tmp_path / "photos")
    window.monitor.queue.rows[0].edit.click()
    assert window.draft.get("name") == "a"
    assert aside(window) == ["changed-later"]


def test_where_nothing_can_be_set_aside_nothing_is_written_over(window, monkeypatch):
    put(window, "a")
    window.draft.set("name", "later")

    def refuse(path, data):
        raise OutputNotWritable(folder=str(path.parent), reason="read-only")

    monkeypatch.setattr("engine.run_queue.storage.write_json", refuse)
    window.monitor.queue.rows[0].edit.click()
    assert window.draft.get("name") == "later"
    assert titles(window) == ["a"]
    assert OutputNotWritable.code in window.monitor.strip.text


# ---- projects that were moved ---------------------------------------------------------------


@pytest.fixture
def project(window, tmp_path, image_folder):
    """One that is open, with its pictures inside."""
    made = Project(tmp_path / "projects/toy")
    pictures = made.folder / "pictures"
    data = {
        "name": "toy",
        "runs_folder": str(made.runs),
        "dataset": {"folder": str(pictures)},
        "method": {"kind": "lora"},
    }
    made.save_draft(data)
    shutil.copytree(image_folder, pictures)
    window.open_project(str(made.file))
    return made


@pytest.fixture
def configs(window, monkeypatch):
    """The settings that runs were begun with."""
    begun, engine = [], window.engine

    def train(config):
        begun.append(config)
        return engine.submit(short)

    monkeypatch.setattr(engine, "train", train)
    return begun


def test_a_run_that_waits_follows_its_project_that_was_renamed(qtbot, window, project, configs):
    put(window, "a")
    qtbot.waitUntil(lambda: titles(window) == ["a"])
    new = project.folder.with_name("my-good-toy")
    window.open_project(str(project.folder.with_name("another")))  # it is open then
    project.folder.rename(new)
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: len(configs) == 1 and not window.runs.is_busy)
    assert configs[0].runs_folder == str(new / "runs")
    assert configs[0].dataset.folder == str(new / "pictures")
    assert not project.folder.exists()


def test_a_run_that_waits_follows_its_project_to_the_place_where_it_was_opened(
    qtbot, window, project, configs, tmp_path
):
    put(window, "a")
    qtbot.waitUntil(lambda: titles(window) == ["a"])
    new = tmp_path / "elsewhere/deep/toy"
    new.parent.mkdir(parents=True)
    window.draft.flush()
    project.folder.rename(new)
    window.queue.show()
    assert window.monitor.queue.rows[0].waiting.is_homeless
    window.open_project(str(new))
    assert not window.monitor.queue.rows[0].waiting.is_homeless
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: len(configs) == 1)
    assert configs[0].runs_folder == str(new / "runs")


def test_a_run_whose_project_is_gone_is_skipped_with_a_sentence_and_makes_no_folder(
    qtbot, window, project, configs
):
    put(window, "a")
    qtbot.waitUntil(lambda: titles(window) == ["a"])
    window.projects.open_sample()
    put(window, "b")
    qtbot.waitUntil(lambda: titles(window) == ["a", "b"])
    shutil.rmtree(project.folder)
    window.monitor.queue.start.click()
    qtbot.waitUntil(lambda: [config.name for config in configs] == ["b"])
    assert "its project is no longer there: a" in window.monitor.strip.text
    qtbot.waitUntil(lambda: not window.runs.is_busy)
    assert titles(window) == ["a"]
    (row,) = window.monitor.queue.rows
    assert row.edit.isHidden()
    window.queue._edit(row.waiting)
    assert not project.folder.exists()


def test_another_project_in_the_old_place_does_not_get_the_run(qtbot, window, project, configs):
    put(window, "a")
    qtbot.waitUntil(lambda: titles(window) == ["a"])
    window.projects.open_sample()
    shutil.rmtree(project.folder)
    project.save_draft({"name": "another", "runs_folder": str(project.runs)})
    window.monitor.queue.start.click()
    assert configs == []
    assert "no longer there" in window.monitor.strip.text


def test_a_run_of_before_ids_were_kept_waits_for_its_folder(tmp_path):
    queue = RunQueue(tmp_path / "queue")
    waiting = queue.add_data({"name": "a", "runs_folder": str(tmp_path / "old/runs")})
    assert waiting.project_id == ""
    assert placed(waiting, []).is_homeless
    (tmp_path / "old").mkdir()
    assert not placed(waiting, []).is_homeless
    assert waiting.data == {"name": "a", "runs_folder": str(tmp_path / "old/runs")}
