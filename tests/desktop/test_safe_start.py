"""A start always leads to a window, whatever lies in the project that it was to open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop import main_window
from desktop.first_project import MOST_FAILED, first_project
from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.project_desk import ProjectDesk
from desktop.windows import Windows
from engine import storage
from engine.errors import DiskFull
from engine.project import Project
from engine.remedies import Action
from tests.conftest import draw_pictures
from tests.fuzz.folders import everything_in


@pytest.fixture
def started(qapp, monkeypatch):
    """Call it as a start with these arguments; the windows are closed at the end."""
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    made, errors = [], []

    def start(*paths: Path) -> Windows:
        made.append(Windows(qapp, [str(path) for path in paths], lambda *it: errors.append(it[1])))
        return made[-1]

    start.errors = errors
    yield start
    for windows in made:
        windows.window.leaving.may_stop = lambda: True
        assert windows.window.close()


@pytest.fixture
def cat(tmp_path) -> Project:
    """A project that is the last one that was open."""
    project = Project(tmp_path / "cat")
    project.save_draft({"name": "my cat"})
    Preferences().last_project = str(project.file)
    return project


def break_opening(monkeypatch, project: Project) -> None:
    """As a record of a shape that nobody thought of would."""
    real = ProjectDesk.__init__

    def refuse(self, preferences, opened, parent=None):
        if opened == project:
            raise KeyError("a record of an odd shape")
        real(self, preferences, opened, parent)

    monkeypatch.setattr(main_window.ProjectDesk, "__init__", refuse)


def test_a_project_that_cannot_be_opened_is_told_and_the_window_opens_without_it(
    started, cat, monkeypatch
):
    before = everything_in(cat.folder)
    break_opening(monkeypatch, cat)
    windows = started()
    assert windows.window.isVisible()
    assert windows.window.draft.project != cat
    assert windows.notice.code == "IM-SYS-20"
    assert windows.notice.facts == {"file": "cat.imprint", "folder": str(cat.folder)}
    assert [type(error) for error in started.errors] == [KeyError]
    assert everything_in(cat.folder) == before
    assert not windows.window.draft.project.folder.exists()  # made once something is changed


def test_after_two_starts_that_ended_before_the_window_stood_the_third_leaves_the_project_alone(
    started, cat
):
    for _ in range(MOST_FAILED):
        assert first_project(Preferences(), None).project == cat
        Preferences().begin_start(str(cat.file))  # and then the program was gone
    windows = started()
    assert windows.window.draft.project != cat
    assert windows.notice.code == "IM-SYS-20"
    windows.window.open_project(str(cat.file))  # it is the user's wish now
    assert windows.window.draft.project == cat


def test_a_start_whose_window_stood_is_no_failed_one(started, cat):
    for _ in range(MOST_FAILED + 1):
        windows = started()
        assert windows.window.draft.project == cat
        windows.window.warmed_up.emit()
    assert Preferences().failed_starts(str(cat.file)) == 0


def test_another_project_is_opened_though_the_last_one_failed(started, cat, tmp_path):
    for _ in range(MOST_FAILED):
        Preferences().begin_start(str(cat.file))
    dog = Project(tmp_path / "dog")
    dog.save_draft({"name": "my dog"})
    assert started(dog.file).window.draft.project == dog


def test_a_file_that_is_set_aside_is_opened_by_no_start(started, cat, monkeypatch):
    with monkeypatch.context() as patch:
        break_opening(patch, cat)
        windows = started()
    windows.tell(windows.notice)
    strip = windows.window.home.strip
    assert "cat.imprint" in strip.text
    strip.buttons[Action.SET_ASIDE].click()
    assert not cat.file.exists()
    kept = cat.folder / "cat.imprint.set-aside"
    assert json.loads(kept.read_text("utf-8"))["draft"]["name"] == "my cat"
    assert "cat.imprint.set-aside" in strip.text
    assert started().window.draft.project.folder != cat.folder


def test_the_first_start_opens_the_file_that_was_double_clicked(started, cat, tmp_path):
    cat.folder.rename(tmp_path / "kitty")
    other = tmp_path / "kitty/second.imprint"
    other.write_bytes((tmp_path / "kitty/cat.imprint").read_bytes())
    link = tmp_path / "on the desktop.imprint"
    link.symlink_to(other)
    for place in (other, link):
        windows = started(place)
        assert windows.window.draft.project.file == other
        assert windows.window.draft.data["name"] == "my cat"
    assert not (tmp_path / "kitty/kitty.imprint").exists()


def test_a_double_clicked_file_that_is_no_project_is_told_and_makes_none(started, tmp_path):
    downloads = tmp_path / "Downloads"
    downloads.mkdir()
    (downloads / "thesis.txt").write_text("mine")
    (downloads / "x.imprint").write_text("no project")
    before = everything_in(downloads)
    windows = started(downloads / "x.imprint")
    assert windows.notice.code == "IM-PRJ-07"
    assert everything_in(downloads) == before


def test_the_last_project_that_is_gone_is_told(started, cat):
    storage.remove_file(cat.file)
    windows = started()
    assert windows.notice.code == "IM-PRJ-07"
    assert "cat.imprint" in str(windows.notice.sentence)


def test_pictures_that_a_killed_guide_had_copied_are_the_project_of_the_next_start(
    started, cat, qtbot, tmp_path
):
    window = started().window
    window.guide.open(window, can_measure=False)
    wizard = window.guide.wizard
    wizard.next()
    wizard.pictures.use([draw_pictures(tmp_path / "mine", count=3) / "picture1.png"])
    qtbot.waitUntil(lambda: not wizard._copying.is_busy and Preferences().gathered != "")
    place = Path(Preferences().gathered)  # a kill now leaves this, and the copies in it
    assert [path.name for path in (place / "images").glob("*.png")] == ["picture1.png"]

    windows = started()
    opened = windows.window
    assert opened.draft.project.folder == place
    assert windows.notice.code == "IM-SYS-24"
    qtbot.waitUntil(lambda: opened.images.num_pictures == 1)
    assert Preferences().gathered == ""
    assert opened.draft.project.file.is_file()
    assert Preferences().recent_projects[0] == str(opened.draft.project.file)
    assert first_project(Preferences(), None).notice is None  # told once
    wizard._confirm = lambda: True
    wizard.reject()
    assert [path.name for path in (place / "images").glob("*.png")] == ["picture1.png"]


def test_what_a_killed_guide_left_is_kept_until_there_is_room_for_its_project(
    cat, tmp_path, monkeypatch
):
    place = Project(tmp_path / "left")
    draw_pictures(place.images, count=2)
    Preferences().gathered = str(place.folder)

    def full(*_: object) -> None:
        raise DiskFull(folder=str(tmp_path), need_mib=1.0, free_mib=0.0)

    with monkeypatch.context() as patch:
        patch.setattr(Project, "save_draft", full)
        for _ in range(2):  # no start is held up by it
            assert first_project(Preferences(), None).project == cat
    asked = first_project(Preferences(), cat.file)
    assert asked.project == cat  # what was asked for goes first
    assert asked.notice.code == "IM-SYS-24"
    assert place.load_draft()["dataset"]["folder"] == str(place.images)
    assert Preferences().recent_projects == [str(place.file)]
    assert Preferences().gathered == ""
