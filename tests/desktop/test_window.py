"""The window as a whole, without torch: pages, names, themes, closing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QApplication, QLineEdit, QMessageBox

from desktop.main_window import MainWindow
from desktop.panels.monitor_panel import RunState
from desktop.theme import DARK, ICONS, LIGHT
from desktop.widgets.rail import PAGES
from tests.desktop.conftest import endless

ROOT = Path(__file__).parents[2]


def train_endlessly(window):
    window.runs.take("endless", window.engine.submit(endless))


def test_the_window_stands_before_torch_is_imported():
    code = (
        "import sys; from PySide6.QtWidgets import QApplication; a = QApplication([]);"
        "from desktop.main_window import MainWindow; w = MainWindow(); w.grab();"
        "sys.exit('torch' in sys.modules or 'diffusers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_it_opens_on_the_sample_project_when_there_is_none(window):
    assert window.draft.get("base_model") == "starter"
    assert window.draft.get("name") == "sample-cat"


def test_every_page_can_be_reached_by_its_button(window):
    for name in PAGES:
        window.rail.buttons[name].click()
        assert window.stack.currentWidget() is window.pages[name]


def test_every_control_has_a_name_that_a_screen_reader_can_say(window):
    for kind in (QAbstractButton, QAbstractSlider, QLineEdit):
        for widget in window.findChildren(kind):
            own = getattr(widget, "text", str)() if isinstance(widget, QAbstractButton) else ""
            internal = (
                widget.objectName().startswith("qt_") or type(widget).__name__ == "QScrollBar"
            )
            assert internal or widget.accessibleName() or own, widget


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("text", ["text", "text2", "text3", "accent", "ok", "warn", "error"])
@pytest.mark.parametrize("ground", ["bg", "surface"])
def test_text_stands_out_from_its_ground(tokens, text, ground):
    assert contrast(getattr(tokens, text), getattr(tokens, ground)) >= 4.5


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("meaning", ICONS)
def test_every_icon_can_be_drawn(theme, meaning):
    assert not theme.icon(meaning).pixmap(18, 18).isNull()


def test_the_theme_changes_at_once_and_is_remembered(window):
    before = window.preferences.look
    window.rail._theme_button.click()
    assert window.theme.is_dark is (before == "light")
    assert window.preferences.look == ("dark" if before == "light" else "light")


def test_a_wrong_setting_stops_the_start_and_is_named(window):
    window.draft.set("training.steps", 0)
    window.monitor.start.click()
    assert window.monitor.strip.text == "Steps is 0; it must be at least 1."
    assert not window.runs.is_busy


def answer(text):
    """Press the button with this text in the question that comes up."""

    def press():
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        next(button for button in box.buttons() if button.text() == text).click()

    QTimer.singleShot(200, press)


def test_closing_while_training_asks_and_cancel_keeps_both(qtbot, window):
    train_endlessly(window)
    qtbot.waitUntil(lambda: window.monitor.run_state is RunState.TRAINING)
    answer("Cancel")
    assert not window.close()
    assert window.isVisible()
    assert window.engine.isRunning()


def test_closing_while_training_stops_saves_and_ends_the_thread(qtbot, window, capfd):
    train_endlessly(window)
    qtbot.waitUntil(lambda: window.monitor.run_state is RunState.TRAINING)
    answer("Stop and save, then quit")
    assert window.close()
    assert window.engine.isFinished()
    assert "QThread" not in capfd.readouterr().err


def test_the_draft_of_a_project_is_there_at_the_next_start(qtbot, window):
    window.draft.set("training.steps", 77)
    window.draft.flush()
    window.preferences.last_project = str(window.draft.project.folder)
    again = MainWindow()
    qtbot.addWidget(again)
    assert again.draft.get("training.steps") == 77
    again.engine.stop_and_wait()


def test_a_stopped_run_can_be_continued_and_a_finished_one_not(window):
    project = window.draft.project
    run = project.runs / "2026-11-23_1200_toy_lora"
    (run / "checkpoints/step_000004").mkdir(parents=True)
    (run / "config.json").write_text("{}", "utf-8")
    window._refresh_home()
    window.show_page("training")
    assert window.monitor.go_on.isVisible()
    (run / "result.json").write_text('{"outcome": "finished"}', "utf-8")
    window._refresh_home()
    assert not window.monitor.go_on.isVisible()


def test_two_folders_of_one_name_become_two_projects(window, tmp_path):
    one, other = tmp_path / "a/photos", tmp_path / "b/photos"
    for folder in (one, other):
        folder.mkdir(parents=True)
        window.open_pictures(folder)
        window.draft.flush()
    assert window.draft.project.folder.name == "photos-2"
    assert window.draft.get("dataset.folder") == str(other)
