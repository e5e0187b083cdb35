"""Two windows, or a window and an editor, on one project: nobody's change is lost."""

from __future__ import annotations

import json

import pytest

from desktop.draft import Draft
from desktop.gallery_set import GallerySet
from engine import drawn_pictures
from engine.project import Project
from engine.project_notices import ProjectMerged


@pytest.fixture
def project(tmp_path) -> Project:
    project = Project(tmp_path / "toy")
    data = {"name": "toy", "runs_folder": str(project.runs), "training": {"steps": 300}}
    project.save_draft(data)
    return project


def opened(project: Project) -> Draft:
    return Draft(project, project.load_draft())


def test_what_two_windows_change_is_both_there(project):
    one, other = opened(project), opened(project)
    told, seen = [], []
    other.noticed.connect(told.append)
    other.changed.connect(seen.append)
    one.set("dataset.trigger", "zwx")
    one.flush()
    other.set("training.steps", 5)
    other.flush()
    assert project.load_draft()["dataset"] == {"trigger": "zwx"}
    assert project.load_draft()["training"] == {"steps": 5}
    assert other.get("dataset.trigger") == "zwx"
    assert "dataset" in seen
    assert [type(notice) for notice in told] == [ProjectMerged]
    one.set("training.seed", 9)
    one.flush()
    assert project.load_draft()["training"] == {"steps": 5, "seed": 9}


def test_each_leaves_out_its_own_picture_and_both_edits_are_kept(project):
    one, other = opened(project), opened(project)
    one.put("edits", {"aaa": {"left_out": True}})
    one.flush()
    other.put("edits", {"bbb": {"left_out": True}})
    other.flush()
    assert project.load_draft()["edits"].keys() == {"aaa", "bbb"}


def test_an_editor_that_changes_the_file_is_heard(project):
    draft = opened(project)
    project.file.write_text(project.file.read_text().replace("300", "4243"))
    draft.set("name", "cat")
    draft.flush()
    assert draft.get("training.steps") == 4243
    assert project.load_draft()["training"]["steps"] == 4243


def test_a_file_that_nobody_else_changed_is_saved_without_a_word(project):
    draft, told = opened(project), []
    draft.noticed.connect(told.append)
    for steps in (1, 2, 3):
        draft.set("training.steps", steps)
        draft.flush()
    assert told == []
    assert project.load_draft()["training"]["steps"] == 3


@pytest.mark.parametrize(
    "text",
    [b"{", b"[1, 2]", b'{"draft": 5}', "PRECIOUS".encode("utf-16"), b'{"draft": {}, "mine": NaN}'],
)
def test_a_damaged_file_takes_nothing_from_the_window_and_is_kept_beside(project, text):
    """Another program saved half of it, or in a way that cannot be read."""
    draft, told = opened(project), []
    draft.noticed.connect(told.append)
    project.file.write_bytes(text)
    draft.look_again()  # nothing is written, so nothing has to be kept
    assert told == []
    draft.set("name", "cat")
    draft.flush()
    assert project.load_draft()["training"] == {"steps": 300}
    (kept,) = project.folder.glob("*.damaged*")
    assert kept.read_bytes() == text
    assert [notice.code for notice in told] == ["IM-PRJ-03"]
    draft.set("name", "dog")
    draft.flush()
    assert len(list(project.folder.glob("*.damaged*"))) == 1


def test_the_file_of_a_later_imprint_is_kept_beside_before_it_is_written_over(project):
    draft = opened(project)
    later = json.dumps({"schema_version": 99, "draft": {"name": "later"}, "more": 1}).encode()
    project.file.write_bytes(later)
    draft.set("training.steps", 7)
    draft.flush()
    (kept,) = project.folder.glob("*.version-99*")
    assert kept.read_bytes() == later
    assert project.load_draft()["name"] == "later"


def test_what_others_wrote_beside_the_settings_stays(project):
    draft = opened(project)
    data = json.loads(project.file.read_text("utf-8"))
    project.file.write_text(json.dumps({**data, "mine": [1, 2]}))
    draft.set("training.steps", 7)
    draft.flush()
    assert json.loads(project.file.read_text("utf-8"))["mine"] == [1, 2]


def test_two_windows_that_give_stars_lose_none(qtbot, project):
    sets = [GallerySet(), GallerySet()]
    pictures = [drawn_pictures.keep(project.generated, seed, b"x") for seed in (1, 2)]
    for one in sets:
        one.open(project.generated)
        qtbot.waitUntil(lambda one=one: len(one.items) == 2)
    for one, path in zip(sets, pictures, strict=True):
        one.star(next(made for made in one.items if made.path == path))
    again = GallerySet()
    again.open(project.generated)
    assert again.stars == {path.name for path in pictures}
    for one in (*sets, again):
        one.close()
