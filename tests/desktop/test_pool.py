"""Threads for short work."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject

from desktop.pool import Pool


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
