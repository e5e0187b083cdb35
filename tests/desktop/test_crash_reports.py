"""What stays when Imprint ends badly, and that nothing does when it ends well."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop.app import _greet, _shown_by
from desktop.crash_reports import KEPT, CrashReports, Ending
from desktop.dialogs.help_dialog import CHANGES
from desktop.engine_thread import EngineThread
from desktop.main_window import MainWindow
from desktop.pool import Pool
from desktop.preferences import Preferences
from desktop.windows import Windows
from engine.remedies import Action
from engine.version import VERSION

ROOT = Path(__file__).parents[2]
START = (
    "import sys, os, ctypes; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
    "from desktop.crash_reports import CrashReports;"
    "reports = CrashReports(Path(sys.argv[2])); reports.begin();"
)


def start(folder: Path, then: str) -> int:
    """A program that listens as Imprint does, and does then something; its exit code."""
    command = [sys.executable, "-c", START + then, str(ROOT), str(folder)]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode


def begun(folder: Path) -> CrashReports:
    reports = CrashReports(folder)
    reports.begin()
    return reports


def test_a_clean_end_leaves_nothing(tmp_path):
    assert start(tmp_path, "reports.end()") == 0
    assert list(tmp_path.iterdir()) == []
    reports = begun(tmp_path)
    assert reports.earlier is None
    reports.end()


@pytest.mark.parametrize("then", ["ctypes.string_at(0)", "os.abort()"])
def test_what_the_interpreter_says_when_it_dies_is_kept_and_found(tmp_path, then):
    assert start(tmp_path, then) != 0
    reports = begun(tmp_path)
    reports.end()
    assert reports.earlier is not None
    text = reports.earlier.read_text("utf-8")
    assert text.startswith(f"Imprint {VERSION}")
    assert "Fatal Python error" in text


def test_what_nobody_caught_is_kept_without_the_users_name(tmp_path):
    home = str(Path.home() / "secret")
    start(tmp_path, f"reports.note_error(OSError, OSError({home!r}), None); os._exit(1)")
    (left,) = tmp_path.glob("running-*.txt")
    assert "~/secret" in left.read_text("utf-8")
    assert str(Path.home()) not in left.read_text("utf-8")


def test_of_a_session_that_was_killed_the_end_is_known_though_there_is_no_report(tmp_path):
    start(tmp_path, "os.kill(os.getpid(), 9)")
    assert list(tmp_path.glob("running-*.txt"))
    reports = begun(tmp_path)
    reports.end()
    assert (reports.ending, reports.earlier) == (Ending.KILLED, None)
    assert list(tmp_path.iterdir()) == []
    assert begun_and_ended(tmp_path).ending is Ending.CLOSED  # it is said once


def begun_and_ended(folder: Path) -> CrashReports:
    reports = begun(folder)
    reports.end()
    return reports


def test_the_worst_end_of_several_sessions_is_told(tmp_path):
    (tmp_path / "running-999999998.txt").write_text("Fatal Python error: Aborted")
    (tmp_path / "running-999999999.txt").write_text("Imprint 0.1.0")
    assert begun_and_ended(tmp_path).ending is Ending.CRASHED


def test_a_report_is_kept_by_a_session_that_closes_normally_afterwards(tmp_path):
    reports = begun(tmp_path)
    reports.note_error(ZeroDivisionError, ZeroDivisionError("on purpose"), None)
    reports.end()
    # As the next start sees it, when this process is gone.
    (left,) = tmp_path.glob("running-*.txt")
    left.rename(tmp_path / "running-999999999.txt")
    later = begun_and_ended(tmp_path)
    assert later.ending is Ending.HAD_ERRORS
    assert "on purpose" in later.earlier.read_text("utf-8")
    assert begun_and_ended(tmp_path).ending is Ending.CLOSED


def fails(*_: object) -> None:
    raise ZeroDivisionError("on purpose")


class Fails:
    def __del__(self) -> None:
        fails()


def in_a_job_of_a_pool(qtbot):
    pool = Pool(1, "failing", QApplication.instance())
    pool.start(fails)
    pool.close()
    pool.deleteLater()


def in_a_job_of_the_engine(qtbot):
    thread = EngineThread()
    thread.start()
    handle = thread.submit(fails)
    qtbot.waitUntil(lambda: handle.is_done)
    assert thread.stop_and_wait(20_000)


def in_a_destructor(qtbot):
    del qtbot
    Fails()


@pytest.mark.parametrize("fail", [in_a_job_of_a_pool, in_a_job_of_the_engine, in_a_destructor])
def test_an_exception_that_nobody_caught_is_in_the_report(qtbot, tmp_path, fail):
    reports = begun(tmp_path)
    fail(qtbot)
    (left,) = tmp_path.glob("running-*.txt")
    text = left.read_text("utf-8")
    reports.end()
    assert "ZeroDivisionError: on purpose" in text
    assert "in fails" in text


def test_an_exception_in_a_slot_is_in_the_report_and_is_told(qapp, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: told.append(box.detailedText()))
    reports = begun(tmp_path)
    show = _shown_by(reports)
    show(ZeroDivisionError, ZeroDivisionError("on purpose"), None)
    thread = threading.Thread(target=show, args=(OSError, OSError("elsewhere"), None))
    thread.start()
    thread.join()
    (left,) = tmp_path.glob("running-*.txt")
    text = left.read_text("utf-8")
    reports.end()
    assert len(told) == 1  # a dialog in another thread would end the program
    assert "on purpose" in told[0]
    assert "on purpose" in text
    assert "elsewhere" in text


def test_the_report_of_a_program_that_still_runs_is_its_own(tmp_path):
    running = tmp_path / f"running-{os.getppid()}.txt"
    running.write_text("Traceback (most recent call last)")
    reports = begun(tmp_path)
    reports.end()
    assert running.exists()
    assert reports.earlier is None


def test_an_error_in_a_thread_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    reports = begun(tmp_path)
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    (left,) = tmp_path.glob("running-*.txt")
    assert "ZeroDivisionError" in left.read_text("utf-8")
    reports.end()


def test_only_the_last_reports_are_kept(tmp_path):
    for number in range(KEPT + 3):
        (tmp_path / f"crash-2026-01-0{number + 1}-000000.txt").write_text("x")
    begun(tmp_path).end()
    assert len(list(tmp_path.glob("crash-*.txt"))) == KEPT


def test_a_folder_that_cannot_be_made_does_not_keep_imprint_from_starting(tmp_path):
    (tmp_path / "file").write_text("in the way")
    begun(tmp_path / "file" / "logs").end()


@pytest.fixture
def windows(qapp, monkeypatch):
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    made = Windows(qapp)
    yield made
    made.window.leaving.may_stop = lambda: True
    assert made.window.close()


def test_the_next_start_tells_of_it_once(windows, tmp_path):
    start(tmp_path, "os.abort()")
    reports = begun(tmp_path)
    reports.end()
    _greet(windows, Preferences(), reports)
    strip = windows.window.home.strip
    assert reports.earlier.name in strip.text
    assert not strip.buttons[Action.SHOW_FOLDER].isHidden()
    again = begun(tmp_path)
    again.end()
    assert again.earlier is None


def test_the_next_start_says_that_a_session_was_killed(windows, tmp_path):
    start(tmp_path, "os.kill(os.getpid(), 9)")
    _greet(windows, Preferences(), begun_and_ended(tmp_path))
    strip = windows.window.home.strip
    assert "did not close properly" in strip.text
    assert strip.buttons[Action.CONTINUE].isHidden()  # nothing was training


def test_another_version_says_what_is_new_once(windows, tmp_path):
    preferences, reports = Preferences(), CrashReports(tmp_path)
    _greet(windows, preferences, reports)
    strip = windows.window.home.strip
    assert strip.isHidden()  # the first start ever: nothing is new
    preferences.last_version = "0.0.1"
    _greet(windows, preferences, reports)
    assert VERSION in strip.text
    strip.buttons[Action.SHOW_CHANGES].click()
    told = windows.window.menu._help.text.toPlainText()
    assert told.split()[0] == CHANGES.read_text("utf-8").split()[1] == "Changelog"
    strip.hide()
    _greet(windows, preferences, reports)
    assert strip.isHidden()


def test_a_report_is_dated_by_its_crash(tmp_path):
    left = tmp_path / "running-999999999.txt"
    left.write_text("Fatal Python error: x")
    os.utime(left, (0, time.mktime((2026, 3, 1, 12, 30, 5, 0, 0, -1))))
    reports = begun(tmp_path)
    reports.end()
    assert reports.earlier.name == "crash-2026-03-01-123005.txt"
