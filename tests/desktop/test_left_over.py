"""The check after each test of the window finds what it is there to find."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QLabel

from desktop.main_window import MainWindow
from desktop.pool import Pool
from desktop.windows import Windows
from tests.desktop.conftest import LEFT_OVER, end_the_program
from tests.timing import PATIENCE

ROOT = Path(__file__).parents[2]


class Dialog(QDialog):
    """Of Python, as all of ours are."""


def test_a_widget_that_is_alive_is_named_once(qapp):
    left = QLabel("left")
    assert LEFT_OVER.problems() == ["QLabel is alive"]
    assert LEFT_OVER.problems() == []
    left.deleteLater()


def test_a_widget_that_only_waits_for_its_deletion_is_not_left_over(qapp):
    QLabel("going").deleteLater()
    assert LEFT_OVER.problems() == []


def test_a_timer_that_runs_and_a_pool_are_named(qapp):
    owner = QObject()
    timer = QTimer(owner)
    timer.start(1000)
    pool = Pool(1, "left", owner)
    started = threading.Event()
    pool.start(started.set)
    assert started.wait(PATIENCE)
    assert sorted(LEFT_OVER.problems()) == [
        "Pool is alive",
        "QTimer is alive",
        "the thread imprint-left_0 is alive",
    ]
    pool.close()
    owner.deleteLater()


def test_a_timer_that_rests_and_what_is_the_applications_are_not_left_over(qapp):
    timer, own = QTimer(), QTimer(qapp)
    own.start(1000)
    assert LEFT_OVER.problems() == []
    own.deleteLater()
    timer.deleteLater()


def test_a_thread_of_qts_that_runs_is_named(qapp):
    thread = QThread()
    thread.start()
    assert LEFT_OVER.problems() == ["QThread is alive"]
    thread.quit()
    assert thread.wait(1000 * PATIENCE)


def test_a_widget_that_is_destroyed_in_another_thread_is_named(qapp):
    kept = [Dialog()]
    thread = threading.Thread(target=kept.clear, name="wrong")
    thread.start()
    thread.join()
    assert LEFT_OVER.problems() == ["Dialog was destroyed in wrong"]


@pytest.mark.slow
def test_a_test_that_leaves_a_window_open_fails(tmp_path):
    """With the fixture itself, in a pytest of its own."""
    file = tmp_path / "test_leaks.py"
    file.write_text(
        "from PySide6.QtWidgets import QDialog\n"
        "LEFT = []\n"
        "def test_leaks(qapp):\n"
        "    LEFT.append(QDialog())\n"
        "def test_does_not(qapp):\n"
        "    QDialog()\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.desktop.conftest"]
    command += ["-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "QDialog is alive" in done.stdout
    assert "2 passed, 1 error" in done.stdout


def test_a_window_that_is_closed_before_it_was_drawn_keeps_no_job_of_another_waiting(
    qapp, monkeypatch
):
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    windows = Windows(qapp)
    assert windows.window.close()
    end_the_program(qapp)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    owner, done = QObject(), threading.Event()
    pool = Pool(1, "next", owner)
    pool.start(done.set)
    assert done.wait(PATIENCE)
    pool.close()
    owner.deleteLater()
