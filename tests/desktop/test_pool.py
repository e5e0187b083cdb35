"""Threads for short work."""

from __future__ import annotations

import random
import threading
import time

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QApplication, QDialog, QVBoxLayout

from desktop.image_loader import ImageLoader, Wish
from desktop.pool import GATE, Pool
from desktop.widgets.image_grid import ImageGrid
from engine.sample_project import FOLDER
from tests.desktop.first_training import pause


def test_jobs_run_in_their_order_outside_of_the_windows_thread(qapp):
    owner = QObject()
    pool = Pool(1, "test", owner)
    seen = []
    for number in range(5):
        pool.start(lambda n: seen.append((n, threading.current_thread())), number)
    pool.wait()
    assert [number for number, _ in seen] == [0, 1, 2, 3, 4]
    assert all(thread is not threading.main_thread() for _, thread in seen)


def test_a_job_that_breaks_is_logged_and_the_next_one_runs(qapp, caplog):
    owner = QObject()
    pool = Pool(1, "test", owner)
    done = []

    def breaks() -> None:
        raise ZeroDivisionError

    pool.start(breaks)
    pool.start(done.append, 1)
    pool.wait()
    assert done == [1]
    assert "ZeroDivisionError" in caplog.text


def test_a_closed_pool_leaves_no_thread_and_begins_nothing(qtbot):
    parent, done = QObject(), []
    pool = Pool(2, "closing", parent)
    for number in range(4):
        pool.start(done.append, number)
    pool.close()
    assert sorted(done) == [0, 1, 2, 3]
    assert not [t for t in threading.enumerate() if t.name.startswith("imprint-closing")]
    pool.start(done.append, 9)
    assert 9 not in done


class Speaker(QObject):
    found = Signal(object)


@pytest.mark.parametrize("wait", [0.0, 0.02])
def test_a_dialog_that_goes_while_a_job_runs_takes_nothing_from_under_it(qtbot, wait):
    """What the job speaks through must outlive it: a signal of what is gone ends the program."""
    parent = QDialog()
    qtbot.addWidget(parent)
    dialog = QDialog(parent)
    pool = Pool(2, "going", dialog)
    speaker = Speaker(dialog)
    alive = []

    def job() -> None:
        time.sleep(0.1)
        alive.append(shiboken6.isValid(speaker))
        speaker.found.emit(object())

    for _ in range(60):
        pool.start(job)
    pause(wait)
    dialog.deleteLater()
    QApplication.sendPostedEvents(dialog, QEvent.Type.DeferredDelete)
    assert not shiboken6.isValid(dialog)
    assert alive == [True] * len(alive)
    assert 1 <= len(alive) < 60  # those that had begun; the others were not begun
    assert not [t for t in threading.enumerate() if t.name.startswith("imprint-going")]


def test_thumbnails_that_are_read_while_their_dialog_goes_end_nothing(qtbot, theme, caplog):
    """Fifteen seconds of this ended the program before pools waited for their jobs."""
    parent, chance = QDialog(), random.Random(0)
    qtbot.addWidget(parent)
    pictures = sorted(FOLDER.glob("*.png"))
    for _ in range(100):
        dialog = QDialog(parent)
        grid = ImageGrid(theme, "pictures", size=96)
        QVBoxLayout(dialog).addWidget(grid)
        loader = grid.findChild(ImageLoader)
        for side in range(60, 63):
            for path in pictures:
                loader.get(Wish(str(path), side))
        pause(chance.uniform(0, 0.004))
        dialog.deleteLater()
        QApplication.sendPostedEvents(dialog, QEvent.Type.DeferredDelete)
    assert caplog.text == ""


def test_jobs_wait_until_the_window_stands_and_keep_their_order(qapp):
    owner, done = QObject(), []
    pool, other = Pool(1, "early", owner), Pool(1, "others", owner)
    GATE.shut()
    try:
        for number in range(3):
            pool.start(done.append, number)
        other.start(done.append, "other")
        assert done == []
    finally:
        GATE.open()
    pool.wait()
    other.wait()
    assert [found for found in done if found != "other"] == [0, 1, 2]
    assert "other" in done


def test_whoever_waits_for_a_pool_does_not_wait_for_the_window(qapp):
    owner, done = QObject(), []
    pool, other = Pool(1, "early", owner), Pool(1, "others", owner)
    GATE.shut()
    try:
        pool.start(done.append, 1)
        other.start(done.append, 2)
        pool.wait()
        assert done == [1]
        other.close()
        assert done == [1, 2]
    finally:
        GATE.open()
    assert done == [1, 2]  # and neither is done twice
