"""Projects of other versions, and damaged ones: read as far as can be, and never lost."""

from __future__ import annotations

import json

import pytest

from engine import project_file, storage
from engine.errors import InputNotReadable
from engine.notices import ProjectDamaged, ProjectFromLater, ProjectUpgraded
from engine.project import Project


@pytest.fixture
def project(tmp_path) -> Project:
    made = Project(tmp_path / "my-cat")
    made.save_draft({"name": "my-cat", "dataset": {"trigger": "sks"}})
    return made


def beside(project: Project) -> list[str]:
    ours = (project.file.name, storage.MARK)
    return sorted(path.name for path in project.folder.iterdir() if path.name not in ours)


def test_a_project_of_this_version_is_read_without_a_word(project):
    draft = {"name": "my-cat", "dataset": {"trigger": "sks"}, "runs_folder": str(project.runs)}
    assert project.open_draft() == (draft, None)
    assert beside(project) == []


def test_a_project_of_an_earlier_version_is_upgraded_and_kept_as_it_was(project, monkeypatch):
    was = project.file.read_bytes()

    def with_word(data):
        draft = {**data["draft"], "dataset": {"word": data["draft"]["dataset"]["trigger"]}}
        return {**data, "schema_version": 2, "draft": draft}

    monkeypatch.setattr(project_file, "SCHEMA_VERSION", 2)
    monkeypatch.setattr(project_file, "UPGRADES", {**project_file.UPGRADES, 1: with_word})
    draft, notice = project.open_draft()
    assert draft["dataset"] == {"word": "sks"}
    assert isinstance(notice, ProjectUpgraded)
    assert beside(project) == ["my-cat.version-1.imprint"]
    assert (project.folder / beside(project)[0]).read_bytes() == was
    project.save_draft(draft)
    assert project.open_draft() == (draft, None)


def test_a_project_from_before_the_number_of_the_version_is_the_first_version(project):
    project.file.write_text(json.dumps({"draft": {"name": "old"}}), "utf-8")
    draft, notice = project.open_draft()
    assert draft == {"name": "old", "runs_folder": str(project.runs)}
    assert isinstance(notice, ProjectUpgraded)
    assert "my-cat.version-0.imprint" in notice.advice


def test_a_project_of_a_later_version_is_kept_before_it_is_written_over(project):
    data = {"schema_version": 99, "draft": {"name": "my-cat", "new": 1}}
    project.file.write_text(json.dumps(data), "utf-8")
    draft, notice = project.open_draft()
    assert draft == {**data["draft"], "runs_folder": str(project.runs)}
    assert isinstance(notice, ProjectFromLater)
    project.save_draft(draft)
    assert json.loads((project.folder / "my-cat.version-99.imprint").read_text("utf-8")) == data


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"draft": []}', b"\xff\xfe", b"[" * 100_000,
     b'{"draft": {}, "schema_version": "1"}', b'{"draft": {}, "schema_version": -1}'],
)  # fmt: skip
def test_a_damaged_project_begins_anew_and_the_file_is_kept(project, content):
    project.file.write_bytes(content)
    draft, notice = project.open_draft()
    assert draft == {}
    assert isinstance(notice, ProjectDamaged)
    assert (project.folder / "my-cat.damaged.imprint").read_bytes() == content


def test_a_look_at_a_damaged_project_copies_nothing(project):
    project.file.write_bytes(b"{")
    assert project.load_draft() == {}
    assert beside(project) == []


def test_a_file_that_cannot_be_copied_is_moved_aside_before_a_save_writes_over_it(
    project, monkeypatch
):
    def refuse(source, target):
        raise InputNotReadable(path=str(source), reason="Permission denied")

    monkeypatch.setattr("engine.storage.copy_to_free", refuse)
    project.file.write_bytes(b"{")
    assert project.open_draft()[0] == {}
    assert beside(project) == ["my-cat.damaged.imprint"]
    project.save_draft({"name": "new"})
    assert (project.folder / "my-cat.damaged.imprint").read_bytes() == b"{"


def test_a_folder_without_a_project_is_new_and_nothing_is_told(tmp_path):
    assert Project(tmp_path / "nothing").open_draft() == ({}, None)
    assert list(tmp_path.iterdir()) == []
