"""What a run meets outside of itself, and what the window makes of it."""

from __future__ import annotations

import json
import sys

import pytest
from PySide6.QtGui import QDesktopServices

from desktop.main_window import MainWindow
from desktop.panels.monitor_panel import RunState
from engine.errors import OutputNotWritable, SavedElsewhere
from engine.events import Noticed, PausedAt, ResumedAt, RunFailed
from engine.notices import CardTooHot, RoomLow, WaitsForRoom
from engine.project import Project, default_home
from engine.remedies import Action
from tests.desktop.conftest import started
from tests.desktop.first_training import wait_until
from tests.desktop.test_window import train_endlessly
from tests.pretended_card import Card


@pytest.fixture
def card(monkeypatch) -> Card:
    made = Card()
    made.install(monkeypatch)
    monkeypatch.setattr("engine.gpu_figures.TOO_HOT_SECONDS", 0.0)
    return made


def test_figures_of_a_card_stand_beside_the_run_and_heat_in_words(window, card):
    number = window.monitor.overview.numbers["card"]
    assert not number.isVisibleTo(window)
    window.attendant.card.look()
    wait_until(lambda: number.text() == "61 °C, 97 %", "the figures")
    assert "RTX 3060: 6.0 of 8.0 GiB" in number.toolTip()
    card.celsius = 86
    window.attendant.card.look()
    wait_until(lambda: number.text() == "hot: 86 °C, 97 %", "the heat")
    assert "slow down" in number.accessibleDescription()


def test_without_a_card_the_line_is_not_there(window, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    window.attendant.card.begin()
    wait_until(lambda: not window.attendant.card._clock.isActive(), "the answer")
    assert not window.monitor.overview.numbers["card"].isVisibleTo(window)


def test_a_card_that_is_too_hot_is_paused_on_wish_until_it_is_cool(window, card):
    train_endlessly(window)
    wait_until(lambda: window.monitor._step > 2, "some steps")
    card.celsius = 91
    window.attendant.card.look()
    strip = window.monitor.strip
    wait_until(lambda: CardTooHot.code in strip.text, "the notice")
    control = window.runs._handle.control
    assert not control.pause_requested  # it is offered, not forced
    strip.buttons[Action.COOL_DOWN].click()
    assert control.pause_requested
    card.celsius = 76
    window.attendant.card.look()
    window.attendant.card._pool.wait()
    assert control.pause_requested
    card.celsius = 75
    window.attendant.card.look()
    wait_until(lambda: not control.pause_requested, "the training to go on")


def test_a_pause_of_the_users_own_is_not_ended_when_the_card_has_cooled(window, card):
    train_endlessly(window)
    wait_until(lambda: window.monitor._step > 2, "some steps")
    watch, control = window.attendant.card, window.runs._handle.control
    watch.cool()
    window.monitor.resume_requested.emit()  # they go on all the same
    assert not control.pause_requested
    window.monitor.pause_requested.emit()
    watch.look()
    watch._pool.wait()
    wait_until(lambda: window.monitor.overview.numbers["card"].text() == "61 °C, 97 %", "it")
    assert control.pause_requested


def test_a_run_that_waits_for_room_shows_as_paused_with_its_sentence(window):
    page = window.monitor
    page.begin("a run")
    page.show_event(started(10))
    page.show_event(Noticed(notice=RoomLow(folder="/runs", free_gib=1.2)))
    assert "1.2 GiB" in page.strip.text
    page.show_event(Noticed(notice=WaitsForRoom(folder="/runs", free_mib=3.0, need_mib=80.0)))
    page.show_event(PausedAt(step=4))
    assert "nothing is lost" in page.strip.text
    assert page.strip.buttons[Action.MAKE_ROOM].isVisibleTo(page)
    assert page.pause.text() == "Continue"
    page.show_event(ResumedAt(step=4))
    assert page.pause.text() == "Pause"


def test_a_result_that_was_saved_elsewhere_can_be_shown(window, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    page = window.monitor
    page.begin("a run")
    facts = {"lost": "/runs", "reason": "Read-only file system", "step": 40}
    page.show_event(RunFailed(error=SavedElsewhere(folder=str(tmp_path), **facts)))
    assert f"The result of step 40 was saved to {tmp_path}" in page.strip.text
    page.strip.buttons[Action.SHOW_FOLDER].click()
    assert opened == [str(tmp_path)]


def test_a_project_of_a_later_version_says_so_and_is_kept(qtbot, monkeypatch, window):
    project = Project(default_home() / "from-later")
    project.folder.mkdir(parents=True)
    data = {"schema_version": 7, "draft": {"name": "from-later", "dataset": {"folder": ""}}}
    project.file.write_text(json.dumps(data), "utf-8")
    window.open_project(str(project.folder))
    wait_until(lambda: "IM-PRJ-02" in window.images.strip.text, "the notice")
    assert (project.folder / "from-later.version-7.imprint").is_file()


def test_a_damaged_project_is_told_at_the_start_too(qtbot, monkeypatch):
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    project = Project(default_home() / "broken")
    project.folder.mkdir(parents=True)
    project.file.write_text("{", "utf-8")
    made = MainWindow(project)
    qtbot.addWidget(made)
    wait_until(lambda: "IM-PRJ-03" in made.images.strip.text, "the notice")
    assert (project.folder / "broken.damaged.imprint").read_text("utf-8") == "{"


def test_a_button_pressed_fifty_times_does_what_one_press_does(qtbot, window):
    page = window.monitor
    train_endlessly(window)
    qtbot.waitUntil(lambda: page.run_state is RunState.TRAINING)
    for _ in range(50):
        page.start.click()
        window.start_training()
    assert len(window.draft.project.list_runs()) == 0  # only the endless one, which has no folder
    for _ in range(50):
        page.pause.click()  # this run hears of nothing but Stop
        page.stop.click()
    qtbot.waitUntil(lambda: not window.runs.is_busy)
    assert page.start.isEnabled()
    assert not page.stop.isEnabled()


def test_settings_that_could_not_be_saved_are_saved_as_soon_as_they_can_be(
    qtbot, draft, monkeypatch
):
    lost = {"folder": str(draft.project.folder), "reason": "Read-only file system"}
    told = []
    draft.failed.connect(told.append)

    def refuse(project, data):
        raise OutputNotWritable(**lost)

    with monkeypatch.context() as patched:
        patched.setattr(Project, "save_draft", refuse)
        draft.set("training.steps", 77)
        draft.flush()
        assert len(told) == 1
        draft.flush()
        assert len(told) == 2
        draft.set("training.steps", 78)
        qtbot.waitUntil(lambda: len(told) == 3)
        assert not draft._saving.isActive()
    draft.flush()  # as at the end of the program
    assert draft.project.load_draft()["training"]["steps"] == 78
    draft.project.file.unlink()
    draft.flush()
    assert not draft.project.file.exists()  # what is saved is not saved again
