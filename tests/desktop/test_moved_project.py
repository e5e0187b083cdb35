"""The project that is open is renamed, moved or deleted by somebody else."""

from __future__ import annotations

import os
import shutil

import pytest

from desktop.draft import Draft
from desktop.main_window import MainWindow
from engine import storage
from engine.project import Project

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no pins on Windows")


@pytest.fixture
def project(tmp_path) -> Project:
    made = Project(tmp_path / "shared" / "toy")
    made.save_draft({"name": "my toy", "dataset": {"folder": str(made.images)}})
    storage.make_folder(made.images)
    (made.images / "a.txt").write_text("a toy")
    return made


@pytest.fixture
def window(qtbot, project, monkeypatch):
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    made = MainWindow(project)
    made.leaving.may_stop = lambda: True
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_project_that_was_renamed_is_followed_with_what_was_changed_here(
    window, project, tmp_path
):
    window.draft.set("dataset.trigger", "zwx")  # not saved yet
    there = tmp_path / "other name"
    project.folder.rename(there)
    window.draft.save()
    assert window.draft.project.folder == there
    assert not project.folder.exists()
    assert window.draft.data["dataset"]["folder"] == str(there / "images")
    assert window.draft.data["runs_folder"] == str(there / "runs")
    saved = Project.at(there).load_draft()
    assert saved["dataset"]["trigger"] == "zwx"
    assert str(there) in window.images.strip.text
    assert window.preferences.last_project == str(window.draft.project.file)


def test_a_start_after_a_move_begins_in_the_project_where_it_lies_now(
    window, project, tmp_path, monkeypatch
):
    started = []
    monkeypatch.setattr(window.runs, "start", started.append)
    there = tmp_path / "toy"
    project.folder.rename(there)
    window._start_anyway()
    assert [config.runs_folder for config in started] == [str(there / "runs")]


def test_a_copy_is_a_project_of_its_own_that_is_saved_from_the_first_change_on(
    window, project, tmp_path
):
    copy = Project(tmp_path / "copy", project.file.name)
    window.draft.save()
    shutil.copytree(project.folder, copy.folder)
    window.open_project(str(copy.file))
    for steps in (123, 124):
        window.draft.set("training.steps", steps)
        window.draft.flush()
        assert copy.load_draft()["training"]["steps"] == steps
    assert project.load_draft().get("training", {}).get("steps") not in (123, 124)


def test_a_folder_of_the_users_becomes_no_project_by_its_name(window, tmp_path):
    folder = tmp_path / "stuff.imprint"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    was = window.draft.project
    window.open_project(str(folder))
    assert window.draft.project == was
    assert "IM-PRJ-06" in window.home.strip.text
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_project_that_was_deleted_is_not_made_again(window, project):
    shutil.rmtree(project.folder)
    window.draft.set("dataset.trigger", "zwx")
    window.draft.save()
    assert not project.folder.exists()
    assert str(project.folder) in window._footer.text()
    window._start_anyway()
    assert not window.runs.is_busy
    assert not project.folder.exists()


def test_what_was_changed_while_it_was_away_is_saved_once_it_is_back(project, tmp_path):
    draft = Draft(project, project.load_draft())
    away = tmp_path / "elsewhere"
    shutil.copytree(project.folder, away)
    shutil.rmtree(project.folder)
    draft.set("dataset.trigger", "zwx")
    draft.save()
    assert not project.folder.exists()
    shutil.copytree(away, project.folder)  # a drive that was put in again
    draft.flush()
    assert project.load_draft()["dataset"]["trigger"] == "zwx"
    draft.let_go()


def test_another_project_in_its_place_is_not_written_to(project, tmp_path):
    other = Project(tmp_path / "another" / "toy")
    other.save_draft({"name": "another"})
    draft, told = Draft(project, project.load_draft()), []
    draft.failed.connect(told.append)
    shutil.rmtree(project.folder)
    other.folder.rename(project.folder)
    other = project
    draft.set("dataset.trigger", "zwx")
    draft.save()
    assert other.load_draft()["name"] == "another"
    assert "dataset" not in other.load_draft()
    assert [error.code for error in told] == ["IM-PRJ-11"]
    draft.let_go()


def test_what_is_written_meanwhile_goes_where_the_project_is(project, tmp_path):
    draft = Draft(project, project.load_draft())
    there = tmp_path / "moved"
    project.folder.rename(there)
    storage.write_text(project.captions / "a.txt", "a caption")  # by its old path
    assert (there / "captions/a.txt").read_text() == "a caption"
    assert not project.folder.exists()
    draft.let_go()


def test_two_holders_of_one_folder_let_go_one_after_the_other(tmp_path):
    storage.own_folder(tmp_path / "a", "run")
    with storage.pinned(tmp_path / "a"):
        with storage.pinned(tmp_path / "a"):
            pass
        (tmp_path / "a").rename(tmp_path / "b")
        assert storage.where(tmp_path / "a") == tmp_path / "b"
    assert storage.where(tmp_path / "a") == tmp_path / "a"


def test_a_run_that_was_moved_out_of_its_project_is_the_innermost(tmp_path):
    storage.own_folder(tmp_path / "toy", "project")
    storage.own_folder(tmp_path / "toy/runs/1", "run")
    with storage.pinned(tmp_path / "toy"), storage.pinned(tmp_path / "toy/runs/1"):
        (tmp_path / "toy/runs/1").rename(tmp_path / "mine")
        storage.write_text(tmp_path / "toy/runs/1/result.json", "{}")
    assert (tmp_path / "mine/result.json").exists()
    assert not (tmp_path / "toy/runs/1").exists()
