"""A second window on a project is told that the first one has it open, and is not kept out."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QDateTime, QLocale

from engine import project_in_use
from engine.errors import OutputNotWritable
from engine.project import Project
from engine.project_notices import ProjectOpenElsewhere

FORMAT = QLocale.FormatType.ShortFormat


@pytest.fixture
def attic(monkeypatch, tmp_path):
    """A project that a window on another computer has open."""
    project = Project(tmp_path / "toy")
    project.save_draft({"name": "toy", "runs_folder": str(project.runs)})
    with monkeypatch.context() as patch:
        patch.setattr("engine.project_in_use.platform.node", lambda: "attic")
        since = QDateTime.currentDateTime().addSecs(-1).toSecsSinceEpoch()
        project_in_use.announce(project.folder, project_in_use.new_token(), float(since))
    return project


def records(project: Project) -> list:
    return list(project.folder.glob(".open-*"))


def test_a_project_that_is_open_elsewhere_opens_and_says_so(qtbot, window, attic):
    window.open_project(str(attic.file))
    assert window.draft.project == attic
    qtbot.waitUntil(lambda: ProjectOpenElsewhere.code in window.images.strip.text)
    assert "toy has been open on attic since" in window.images.strip.text
    (told,) = [window.images.strip.message]
    time = told.facts["time"]
    today = QLocale().toString(QDateTime.currentDateTime().date(), FORMAT)
    assert time
    assert today not in time  # of today the time of day is enough


def test_a_window_that_is_told_already_is_not_told_again(qtbot, window, attic):
    told = []
    window.presence.noticed.connect(told.append)
    window.open_project(str(attic.file))
    qtbot.waitUntil(lambda: len(told) == 1)
    with qtbot.waitSignal(window.presence._answers.found):
        window.presence._renew()
    assert len(told) == 1


def test_an_open_project_is_marked_until_another_one_is_opened_or_the_window_closes(
    qtbot, window, tmp_path
):
    projects = [Project(tmp_path / name) for name in ("one", "two")]
    for project in projects:
        project.save_draft({"name": project.folder.name, "runs_folder": str(project.runs)})
    one, two = projects
    window.open_project(str(one.file))
    qtbot.waitUntil(lambda: len(records(one)) == 1)
    window.open_project(str(two.file))
    qtbot.waitUntil(lambda: len(records(two)) == 1 and records(one) == [])
    window.leaving.may_stop = lambda: True
    window.close()
    assert records(two) == []


def test_a_project_that_was_moved_is_not_made_anew_by_its_mark(qtbot, window, tmp_path):
    project = Project(tmp_path / "toy")
    project.save_draft({"name": "toy", "runs_folder": str(project.runs)})
    window.open_project(str(project.file))
    qtbot.waitUntil(lambda: len(records(project)) == 1)
    project.folder.rename(tmp_path / "moved")
    with qtbot.waitSignal(window.presence._answers.found):
        window.presence._renew()
    assert not project.folder.exists()


def test_a_project_that_can_only_be_read_opens_without_a_word_of_it(
    qtbot, window, attic, monkeypatch
):
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OutputNotWritable(folder=str(path.parent), reason="Read-only file system")

    monkeypatch.setattr("engine.project_in_use.storage.write_json", refuse)
    window.open_project(str(attic.file))
    qtbot.waitUntil(lambda: ProjectOpenElsewhere.code in window.images.strip.text)
