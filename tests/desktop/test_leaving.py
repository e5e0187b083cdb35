"""How the window goes when the engine is slow, and when nobody can be asked."""

from __future__ import annotations

import gc
import threading

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from desktop import leaving
from desktop.dialogs.caption_dialog import CaptionDialog
from desktop.dialogs.help_dialog import HelpDialog
from desktop.language import install_language
from desktop.main_window import MainWindow
from desktop.windows import Windows
from engine.events import Heartbeat, RunFinished
from tests.desktop.conftest import endless
from tests.timing import PATIENCE

TAKES_LONG = True  # for few tests: see tests/conftest.py


def long_step(gate: threading.Event):
    """A job whose step lasts until the gate opens."""

    def job(control):
        yield Heartbeat()
        gate.wait(PATIENCE)
        yield RunFinished(steps=1, stopped_early=True, exports=())

    return job


def test_a_window_whose_engine_is_slow_says_so_and_goes_when_it_has_ended(
    qtbot, window, monkeypatch
):
    monkeypatch.setattr(leaving, "LEAVE_MS", 50)
    gate, seen = threading.Event(), []
    window.engine.engine_event.connect(lambda *event: seen.append(event))
    window.engine.submit_short(long_step(gate))
    qtbot.waitUntil(lambda: bool(seen))
    assert not window.close()
    assert window.isVisible()
    assert not window.centralWidget().isEnabled()
    assert "closing" in window._footer.text()
    gate.set()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert window.engine.isFinished()


def test_a_new_window_does_not_take_the_old_ones_thread_away_while_it_draws(
    qapp, qtbot, monkeypatch, capfd
):
    monkeypatch.setattr(leaving, "LEAVE_MS", 50)
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    windows = Windows(qapp)
    old = windows.window
    gone, gate, seen = [], threading.Event(), []
    old.destroyed.connect(lambda: gone.append(True))
    old.engine.engine_event.connect(lambda *event: seen.append(event))
    qtbot.waitUntil(old.engine.isRunning)
    old.engine.submit_short(long_step(gate))
    qtbot.waitUntil(lambda: bool(seen))
    windows.renew()
    assert windows.window is not old
    del old  # nothing but the program itself holds it
    gc.collect()
    assert not gone
    gate.set()
    qtbot.waitUntil(lambda: bool(gone))
    assert windows.window.close()
    assert "QThread" not in capfd.readouterr().err
    install_language(qapp, "en")


def test_whoever_logs_off_is_not_asked(qapp, qtbot, monkeypatch):
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    windows = Windows(qapp)
    window = windows.window
    qtbot.waitUntil(window.engine.isRunning)
    window.leaving.may_stop = lambda: False  # what a question without an answer comes to
    window.runs.take("toy", window.engine.submit(endless))
    windows.leave_now(None)
    assert not window.isVisible()
    assert window.engine.isFinished()


@pytest.mark.parametrize("is_asking", [False, True])
def test_whoever_logs_off_amid_the_first_training_is_not_asked(qapp, qtbot, monkeypatch, is_asking):
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    windows = Windows(qapp)
    window = windows.window
    qtbot.waitUntil(window.engine.isRunning)
    window.open_wizard()
    wizard = window.guide.wizard
    wizard.subject.name.setText("my-cup")
    asked = []
    QTimer.singleShot(0, lambda: asked.append(windows.leave_now(None)))
    if is_asking:
        wizard.reject()  # its question waits for an answer when the user logs off
    qtbot.waitUntil(lambda: bool(asked))
    assert QApplication.activeModalWidget() is None
    assert not window.isVisible()
    assert window.draft.project.folder.name == "my-cup"  # what was entered is kept


def test_help_can_be_read_beside_a_dialog_that_takes_all_clicks(qtbot, window):
    window.images._write.click()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, CaptionDialog)
    window.menu.open_help_about("IM-CAP-06")
    (help_there,) = dialog.findChildren(HelpDialog)
    assert help_there.isVisible()
    dialog.reject()
