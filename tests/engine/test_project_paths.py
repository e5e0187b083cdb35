"""A project is the file that was opened; its folder may be renamed, moved, copied and linked to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine import storage
from engine.project import Project
from engine.project_notices import NoProject, NoProjectFolder, ProjectCopied


def made(folder: Path, **over) -> Project:
    project = Project(folder)
    data = {
        "name": "cat", "runs_folder": str(project.runs), "training": {"steps": 777},
        "dataset": {"folder": str(project.images), "trigger": "zwx"}, "base_model": "starter",
    }  # fmt: skip
    project.save_draft(data | over)
    project.images.mkdir(exist_ok=True)
    return project


def test_a_renamed_folder_opens_with_all_its_settings(tmp_path):
    made(tmp_path / "cat")
    (tmp_path / "cat").rename(tmp_path / "kitty")
    project = Project.at(tmp_path / "kitty/cat.imprint")
    draft, notice = project.open_draft()
    assert notice is None
    assert draft["training"] == {"steps": 777}
    assert draft["runs_folder"] == str(tmp_path / "kitty/runs")
    assert draft["dataset"] == {"folder": str(tmp_path / "kitty/images"), "trigger": "zwx"}
    project.save_draft(draft)
    assert [path.name for path in (tmp_path / "kitty").glob("*.imprint")] == ["cat.imprint"]
    assert Project.at(tmp_path / "kitty") == project


def test_a_file_that_was_deleted_is_written_again_under_its_name_and_not_the_folders(tmp_path):
    """A sync program takes it away and puts it back; there would be two project files then."""
    made(tmp_path / "cat")
    (tmp_path / "cat").rename(tmp_path / "kitty")
    for path in (tmp_path / "kitty/cat.imprint", tmp_path / "kitty"):
        project = Project.at(path)
        draft, _ = project.open_draft()
        (tmp_path / "kitty/cat.imprint").unlink()
        project.save_draft(draft)
        assert [path.name for path in (tmp_path / "kitty").glob("*.imprint")] == ["cat.imprint"]


def test_a_file_that_was_renamed_is_followed_and_a_further_one_is_not(tmp_path):
    project = Project.at(made(tmp_path / "cat").folder)
    project.file.rename(tmp_path / "cat/tom.imprint")
    assert project.file.name == "tom.imprint"
    opened = Project.at(project.file)
    shutil.copy(opened.file, tmp_path / "cat/tom (conflicted copy).imprint")
    away = opened.file.rename(tmp_path / "away")
    assert opened.file.name == "tom.imprint"  # also while a sync program has it away
    shutil.copy(away, tmp_path / "cat/cat.imprint")
    away.rename(tmp_path / "cat/tom.imprint")
    assert opened.file.name == "tom.imprint"


def test_a_copy_is_a_project_of_its_own_and_says_so_once(tmp_path):
    first = made(tmp_path / "cat")
    shutil.copytree(tmp_path / "cat", tmp_path / "copy")
    before = first.file.read_bytes()
    copy = Project.at(tmp_path / "copy/cat.imprint")
    draft, notice = copy.open_draft()
    assert isinstance(notice, ProjectCopied)
    assert notice.facts["folder"] == str(tmp_path / "cat")
    assert draft["runs_folder"] == str(tmp_path / "copy/runs")
    assert draft["dataset"]["folder"] == str(tmp_path / "copy/images")
    assert storage.mark_of(copy.folder).id != storage.mark_of(first.folder).id
    copy.save_draft(draft)
    assert copy.open_draft()[1] is None
    assert first.open_draft()[1] is None
    assert first.file.read_bytes() == before


def test_a_project_of_an_earlier_version_that_was_moved_finds_its_pictures(tmp_path):
    folder = tmp_path / "now"
    (folder / "images").mkdir(parents=True)
    old = tmp_path / "before"
    draft = {
        "runs_folder": str(old / "runs"),
        "dataset": {"folder": str(old / "images"), "captions_folder": "/elsewhere/captions"},
    }
    file = folder / "before.imprint"
    file.write_text(json.dumps({"schema_version": 1, "name": "before", "draft": draft}))
    read, notice = Project.at(file).open_draft()
    assert notice is None
    assert read["runs_folder"] == str(folder / "runs")
    assert read["dataset"]["folder"] == str(folder / "images")
    assert read["dataset"]["captions_folder"] == "/elsewhere/captions"


def test_a_link_to_a_projects_file_opens_that_project(tmp_path):
    made(tmp_path / "data/toy")
    (tmp_path / "Desktop").mkdir()
    (tmp_path / "Desktop/toy.imprint").symlink_to(tmp_path / "data/toy/toy.imprint")
    project = Project.at(tmp_path / "Desktop/toy.imprint")
    project.require_project()
    assert project == Project(tmp_path / "data/toy")
    draft, _ = project.open_draft()
    project.save_draft(draft)
    assert [path.name for path in (tmp_path / "Desktop").iterdir()] == ["toy.imprint"]


def test_the_file_that_was_opened_is_the_one_that_is_saved_though_there_are_two(tmp_path):
    project = made(tmp_path / "toy")
    other = tmp_path / "toy/other.imprint"
    shutil.copy(project.file, other)
    before = project.file.read_bytes()
    opened = Project.at(other)
    draft, _ = opened.open_draft()
    opened.save_draft({**draft, "training": {"steps": 5}})
    assert project.file.read_bytes() == before
    assert opened.load_draft()["training"] == {"steps": 5}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"draft": 5}', '{"name": "x"}'])
def test_a_file_that_is_no_project_makes_no_project_of_its_folder(tmp_path, text):
    (tmp_path / "letter.txt").write_text("mine")
    file = tmp_path / "strange.imprint"
    file.write_text(text)
    with pytest.raises(NoProject, match=r"strange\.imprint"):
        Project.at(file).require_project()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letter.txt", "strange.imprint"]


def test_a_projects_file_among_other_files_makes_no_project_of_them(tmp_path):
    made(tmp_path / "toy")
    (tmp_path / "Downloads").mkdir()
    (tmp_path / "Downloads/letter.txt").write_text("mine")
    shutil.copy(tmp_path / "toy/toy.imprint", tmp_path / "Downloads/toy.imprint")
    with pytest.raises(NoProjectFolder):
        Project.at(tmp_path / "Downloads/toy.imprint").require_project()
    (tmp_path / "Downloads/letter.txt").unlink()
    Project.at(tmp_path / "Downloads/toy.imprint").require_project()  # alone, it is one


@pytest.mark.parametrize("text", ["./../../elsewhere", "./a/../../b", ".//etc"])
def test_a_strangers_path_does_not_lead_out_of_the_project_by_dots(tmp_path, text):
    project = made(tmp_path / "toy", dataset={"folder": text})
    data = json.loads(project.file.read_text())
    data["draft"]["dataset"]["folder"] = text
    project.file.write_text(json.dumps(data))
    folder = project.open_draft()[0]["dataset"]["folder"]
    assert folder == text or Path(folder).is_relative_to(project.folder)


def test_runs_never_go_where_a_strangers_file_says(tmp_path):
    project = made(tmp_path / "toy", runs_folder="/home/somebody/Documents")
    data = json.loads(project.file.read_text())
    data["draft"]["runs_folder"] = "/home/somebody/Documents"
    project.file.write_text(json.dumps(data))
    assert project.open_draft()[0]["runs_folder"] == str(project.runs)


def test_what_is_written_names_no_place_inside_the_project(tmp_path):
    project = made(tmp_path / "toy")
    draft = json.loads(project.file.read_text())["draft"]
    assert draft["dataset"]["folder"] == "./images"
    assert draft["base_model"] == "starter"
    assert "runs_folder" not in draft
    assert project.load_draft()["dataset"]["folder"] == str(project.images)
