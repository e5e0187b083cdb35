"""The buttons beside a sentence; battery, sleep and tray; a second start."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

import engine
from desktop import attendant as attending
from desktop.dialogs.help_dialog import PAGES, PROBLEMS, HelpDialog
from desktop.panels.monitor_panel import RunState
from desktop.widgets.message_strip import MessageStrip
from engine.errors import Diverged, Message, NoPictures, RunInUse, RunOutOfRoom, WouldNotFit
from engine.events import Estimated, RunFinished
from engine.project import RunFolder
from engine.remedies import Action
from tests.desktop.conftest import close_without_asking, started
from tests.desktop.test_window import train_endlessly

ROOT = Path(__file__).parents[2]


def every_message() -> list[type[Message]]:
    """Of all modules of the engine's light half, as they stand in the source."""
    for path in Path(engine.__file__).parent.rglob("*.py"):
        if re.search(r"\((UserError|Notice)\):", path.read_text("utf-8")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            __import__(name)
    found, ahead = [], [Message]
    while ahead:
        ahead += ahead[0].__subclasses__()
        found.append(ahead.pop(0))
    return [known for known in found if known.summary and known.__module__.startswith("engine")]


@pytest.mark.parametrize("kind", every_message(), ids=lambda kind: kind.__name__)
def test_every_message_has_a_code_a_button_and_a_part_of_the_help(qtbot, theme, kind):
    strip = MessageStrip(theme)
    qtbot.addWidget(strip)
    facts = dict.fromkeys(re.findall(r"\{(\w+)", kind.summary + kind.remedy), 1)
    strip.show_message(kind(**facts), "error")
    assert re.fullmatch(r"IM-[A-Z]+-\d\d", kind.code)
    assert kind.code in strip.text
    assert any(not button.isHidden() for button in strip.buttons.values())
    for language in ("en", "zh_CN"):
        assert kind.code.rpartition("-")[0] in (PAGES / language / f"{PROBLEMS}.md").read_text()


def test_codes_belong_to_one_message_each():
    codes = [kind.code for kind in every_message()]
    assert len(codes) == len(set(codes))


def test_a_message_can_be_copied_with_its_code(qtbot, theme):
    strip = MessageStrip(theme)
    qtbot.addWidget(strip)
    strip.show_message(NoPictures(folder="pics", num_files=2), "error")
    strip._copy.click()
    assert QGuiApplication.clipboard().text() == strip.text
    strip.show_text("Preset taken")
    assert strip._copy.isHidden()


def test_the_offered_buttons_stand_at_the_left_without_gaps(qtbot, theme):
    strip = MessageStrip(theme)
    qtbot.addWidget(strip)
    strip.resize(800, 100)
    strip.show_message(NoPictures(folder="pics", num_files=2), "error")
    QApplication.processEvents()
    shown = sorted(
        (button.geometry() for button in strip.buttons.values() if button.isVisible()),
        key=lambda place: place.left(),
    )
    assert shown[0].left() == 0
    gaps = {right.left() - left.right() for left, right in pairwise(shown)}
    assert len(shown) > 1
    assert max(gaps) <= 9


def offer(window, message):
    window.show_page("training")
    window.monitor.strip.show_message(message, "error")
    return window.monitor.strip.buttons


def test_what_helps_opens_the_help_at_the_kind_of_problem(window):
    offer(window, NoPictures(folder="pics", num_files=2))[Action.HELP].click()
    dialog = window.menu._help
    assert dialog.isVisible()
    assert dialog.text.textCursor().selectedText() == "IM-IMG"


def test_the_help_says_where_it_finds_nothing(qtbot):
    dialog = HelpDialog(PROBLEMS, "en")
    qtbot.addWidget(dialog)
    assert not dialog.find_code("IM-NONE-01")


def test_the_buttons_lead_where_they_say(qtbot, window):
    offer(window, NoPictures(folder="pics", num_files=2))[Action.ADD_PICTURES].click()
    assert window.page == "images"
    offer(window, Diverged(step=9, last_step=5))[Action.SHOW_SETTING].click()
    assert window.page == "method"
    window.draft.set("base_model", "/nowhere.safetensors")
    window.monitor.strip.action_requested.emit(Action.USE_STARTER, RunInUse(folder="x"))
    assert window.draft.get("base_model") == "starter"
    window.monitor.strip.action_requested.emit(Action.CHOOSE_MODEL, RunInUse(folder="x"))
    assert window.page == "models"


def fail(qtbot, window, error, *events):
    """A run that ends like this; the buttons that are offered then."""

    def job(control):
        yield from events
        raise error

    window.runs.take("a run", window.engine.submit(job))
    qtbot.waitUntil(lambda: not window.runs.is_busy)
    return window.monitor.strip.buttons


def newest_run(window) -> Path:
    """One of the open project, which no message is about."""
    run = window.draft.project.runs / "2026-11-25_1200_toy_lora"
    (run / "checkpoints/step_000004").mkdir(parents=True)
    (run / "config.json").write_text("{}")
    return run


def test_the_last_good_state_becomes_the_file_of_the_run_that_told_of_it(
    qtbot, window, monkeypatch
):
    newest_run(window)
    asked = []
    monkeypatch.setattr(window.runs, "export_step", lambda *what: asked.append(what))
    error = Diverged(step=9, last_step=5)
    fail(qtbot, window, error, started())[Action.USE_LAST_STATE].click()
    assert asked == [(RunFolder(Path("run")), 5)]
    fail(qtbot, window, NoPictures(folder="x", num_files=0))
    offer(window, error)[Action.USE_LAST_STATE].click()  # though another run has begun and failed
    assert asked[1] == asked[0]


FULL = {"folder": "/runs", "need_mib": 80.0, "free_mib": 3.0}


def test_the_run_that_told_of_a_full_disk_is_gone_on_with_and_no_other(qtbot, window, monkeypatch):
    newest_run(window)
    resumed = []
    monkeypatch.setattr(window.runs, "resume", resumed.append)
    fail(qtbot, window, RunOutOfRoom(**FULL, step=3), started())[Action.CONTINUE].click()
    assert resumed == [Path("run")]
    fail(qtbot, window, RunOutOfRoom(**FULL, step=3))[Action.CONTINUE].click()
    assert resumed == [Path("run")]
    assert "had not begun" in window.monitor.strip.text


def test_a_run_is_not_gone_on_with_while_another_trains(qtbot, window, monkeypatch):
    resumed = []
    monkeypatch.setattr(window.runs, "resume", resumed.append)
    error = RunOutOfRoom(**FULL, step=3)
    fail(qtbot, window, error, started())
    train_endlessly(window)
    offer(window, error)[Action.CONTINUE].click()
    assert resumed == []
    assert "Another run trains" in window.monitor.strip.text
    window.runs.stop()
    qtbot.waitUntil(lambda: not window.runs.is_busy)
    offer(window, error)[Action.CONTINUE].click()
    assert resumed == [Path("run")]


def test_what_no_run_told_of_goes_on_with_the_run_of_the_open_project(window, monkeypatch):
    run, resumed = newest_run(window), []
    monkeypatch.setattr(window.runs, "resume", resumed.append)
    offer(window, RunOutOfRoom(**FULL, step=3))[Action.CONTINUE].click()
    assert resumed == [run]


def measured(needed: int) -> Estimated:
    return Estimated(
        device="the processor", peak_bytes=needed, free_bytes=8 * 2**30, seconds_per_step=1.0,
        seconds_per_sample=1.0, total_seconds=1.0, disk_bytes=1, free_disk_bytes=2, export_bytes=1,
    )  # fmt: skip


def test_a_run_that_was_measured_not_to_fit_starts_only_if_the_user_insists(window, monkeypatch):
    started = []
    monkeypatch.setattr(window.runs, "start", started.append)
    window.method.check.begin()
    window.method.check.show_event(measured(9 * 2**30))
    window.method.check.show_event(RunFinished(steps=4, stopped_early=False, exports=()))
    window.start_training()
    assert started == []
    assert WouldNotFit.code in window.monitor.strip.text
    assert "9.0 GiB" in window.monitor.strip.text
    window.monitor.strip.buttons[Action.START_ANYWAY].click()
    assert len(started) == 1


def test_without_pictures_there_is_nothing_to_start_and_the_reason_is_said(window, tmp_path, qtbot):
    (tmp_path / "empty").mkdir()
    window.images.use_folder(tmp_path / "empty")
    qtbot.waitUntil(lambda: not window.monitor.start.isEnabled())
    assert window.monitor.state.text() == window.monitor.start.toolTip()
    assert window.monitor.start.toolTip() == "Add at least one picture."
    window.projects.open_sample()
    qtbot.waitUntil(window.monitor.start.isEnabled)
    assert window.monitor.state.text() == "Nothing is training."


# ---- power and tray --------------------------------------------------------------------------


def on_power(monkeypatch, plugged: bool | None, percent: float = 37.0) -> None:
    battery = SimpleNamespace(power_plugged=plugged, percent=percent, secsleft=0)
    monkeypatch.setattr(attending.psutil, "sensors_battery", lambda: battery, raising=False)


def test_a_run_on_battery_is_told_of_once_and_again_when_unplugged(qtbot, window, monkeypatch):
    told = []
    window.attendant.noticed.connect(told.append)
    on_power(monkeypatch, plugged=False)
    monkeypatch.setattr(window.attendant, "_keep_awake", lambda: True)
    train_endlessly(window)
    window.attendant.look_at_power()
    assert [notice.code for notice in told] == ["IM-PWR-01"]
    assert "37 %" in window.monitor.strip.text
    on_power(monkeypatch, plugged=True)
    window.attendant.look_at_power()
    on_power(monkeypatch, plugged=False)
    window.attendant.look_at_power()
    assert len(told) == 2
    window.runs.stop()
    qtbot.waitUntil(lambda: not window.runs.is_busy)


@pytest.mark.parametrize("plugged", [True, None])
def test_a_computer_that_is_plugged_in_or_does_not_know_is_left_in_peace(monkeypatch, plugged):
    on_power(monkeypatch, plugged)
    assert attending.power_notice() is None


def test_a_computer_that_cannot_be_kept_awake_says_so(qtbot, window, monkeypatch):
    monkeypatch.setattr(window.attendant, "_keep_awake", lambda: False)
    on_power(monkeypatch, plugged=True)
    train_endlessly(window)
    assert "IM-PWR-02" in window.monitor.strip.text
    window.runs.stop()
    qtbot.waitUntil(lambda: not window.runs.is_busy)


def test_with_a_tray_the_run_goes_on_unseen_and_the_window_comes_back(qtbot, window, monkeypatch):
    monkeypatch.setattr(type(window.attendant), "has_tray", property(lambda self: True))
    monkeypatch.setattr("desktop.leaving.ask_before_closing", lambda *_, **__: "keep")
    train_endlessly(window)
    qtbot.waitUntil(lambda: window.monitor.run_state is RunState.TRAINING)
    assert not window.close()
    assert not window.isVisible()
    window.monitor.progressed.emit(41)
    assert "41 %" in window.attendant._tray.toolTip()
    assert [action.text() for action in window.attendant._menu.actions()] == [
        "Show Imprint", "Stop and save"
    ]  # fmt: skip
    window.attendant._menu.actions()[0].trigger()
    assert window.isVisible()
    window.attendant._menu.actions()[1].trigger()
    qtbot.waitUntil(lambda: not window.runs.is_busy)
    close_without_asking(window)


def test_without_a_tray_it_is_made_small(window, monkeypatch):
    monkeypatch.setattr(type(window.attendant), "has_tray", property(lambda self: False))
    window.attendant.go_on_unseen()
    assert window.isMinimized()
    window.attendant.call_back()
    assert not window.isMinimized()


def test_without_a_tray_the_windows_entry_asks_for_a_look_at_the_end_of_a_run(window, monkeypatch):
    monkeypatch.setattr(type(window.attendant), "has_tray", property(lambda self: False))
    asked = []
    monkeypatch.setattr(QApplication, "alert", lambda *what: asked.append(what))
    monkeypatch.setattr(window, "isActiveWindow", lambda: True)
    window.attendant.notify("a is ready", "3 steps")
    assert asked == []
    monkeypatch.setattr(window, "isActiveWindow", lambda: False)
    window.attendant.notify("a is ready", "3 steps")
    assert asked == [(window,)]
