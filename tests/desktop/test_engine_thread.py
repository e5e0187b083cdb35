"""The door between window and engine."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from PySide6.QtWidgets import QDialog

from desktop.engine_thread import EngineThread
from desktop.job_rules import held_object
from engine.errors import DiskFull
from engine.events import RunCrashed, RunFinished, StepFinished, Terminal
from tests.desktop.conftest import endless, started, step
from tests.timing import PATIENCE


@pytest.fixture
def thread(qtbot):
    made = EngineThread()
    made.start()
    yield made
    assert made.stop_and_wait(10_000)


def collect(thread):
    """What the thread says, for as long as it lives.

    Never `qtbot.waitSignal` here: it takes a plain Python callable off the signal again, and
    PySide 6.11 calls such a one after its end when the other thread emits at that moment.
    """
    events = []
    thread.engine_event.connect(lambda handle, event: events.append((handle, event)))
    return events


def test_a_stop_ends_the_run_though_the_thread_is_busy(qtbot, thread):
    events = collect(thread)
    handle = thread.submit(endless)
    qtbot.waitUntil(lambda: len(events) > 0)
    handle.control.stop()
    qtbot.waitUntil(lambda: handle.is_done)


def test_a_job_that_breaks_ends_in_exactly_one_crash_event(qtbot, thread, reported):
    def broken(control):
        yield step(1)
        raise ZeroDivisionError("on purpose")

    events = collect(thread)
    handle = thread.submit(broken)
    qtbot.waitUntil(lambda: any(isinstance(e, Terminal) for _, e in events))

    ends = [event for of, event in events if of is handle and isinstance(event, Terminal)]
    assert len(ends) == 1
    assert isinstance(ends[0], RunCrashed)
    assert "on purpose" in ends[0].traceback
    assert reported == [ZeroDivisionError]


@pytest.fixture
def reported(monkeypatch) -> list[type]:
    """What would be in the crash report."""
    found: list[type] = []
    monkeypatch.setattr(threading, "excepthook", lambda told: found.append(told.exc_type))
    return found


def test_a_job_that_fails_after_its_end_is_not_ended_twice_but_is_reported(qtbot, thread, reported):
    def broken(control):
        yield RunFinished(steps=1, stopped_early=False, exports=())
        raise ZeroDivisionError

    events = collect(thread)
    handle = thread.submit(broken)
    qtbot.waitUntil(lambda: handle.is_done)
    qtbot.wait(50)

    assert sum(isinstance(event, Terminal) for _, event in events) == 1
    assert reported == [ZeroDivisionError]


def test_a_users_error_after_the_end_of_a_job_is_in_the_log(qtbot, thread, caplog):
    def broken(control):
        yield RunFinished(steps=1, stopped_early=False, exports=())
        raise DiskFull(folder="somewhere", need_mib=2.0, free_mib=1.0)

    handle = thread.submit(broken)
    qtbot.waitUntil(lambda: handle.is_done)
    assert "DiskFull" in caplog.text


@pytest.mark.parametrize("submit", ["submit", "submit_short", "submit_beside"])
def test_a_job_that_holds_a_widget_is_refused(qtbot, thread, submit):
    dialog = QDialog()
    qtbot.addWidget(dialog)

    def job(control):
        dialog.setWindowTitle("from the wrong thread")
        yield step(1)

    for held in (job, partial(endless_of, dialog)):
        with pytest.raises(TypeError, match="QDialog"):
            getattr(thread, submit)(held)


def endless_of(dialog, control):
    yield step(1)


def test_no_job_of_the_window_holds_the_thread_that_runs_it(qapp, tmp_path):
    """The last reference to a QThread may not end in itself."""
    thread = EngineThread()  # it does not run: the jobs stay in its queue
    thread.generate({"prompt": ""})
    thread.export_step(tmp_path, 1)
    thread.write_captions(tmp_path, {}, {})
    thread.method_fits({})
    thread.generate({"grid": []})
    for queue in (thread._short, thread._beside):
        assert not queue.empty()
        while not queue.empty():
            job = queue.get()._job
            assert held_object(job, ()) is None, job


def test_a_short_job_runs_to_its_end_between_two_steps_of_a_long_one(qtbot, thread):
    def short(control):
        yield started()
        yield RunFinished(steps=1, stopped_early=False, exports=())

    events = collect(thread)
    long_handle = thread.submit(endless)
    qtbot.waitUntil(lambda: len(events) > 3)
    short_handle = thread.submit_short(short)
    qtbot.waitUntil(lambda: short_handle.is_done)
    qtbot.waitUntil(
        lambda: any(of is short_handle and isinstance(e, Terminal) for of, e in events),
    )

    positions = [index for index, (of, _) in enumerate(events) if of is short_handle]
    assert positions == list(range(positions[0], positions[0] + 2))  # nothing in between
    assert not long_handle.is_done
    seen = len(events)
    qtbot.waitUntil(lambda: len(events) > seen + 5)
    assert isinstance(events[-1][1], StepFinished)
    long_handle.control.stop()


def test_jobs_run_in_the_thread_and_not_in_the_window(qtbot, thread):
    places = []

    def job(control):
        places.append(threading.get_ident())
        yield RunFinished(steps=0, stopped_early=False, exports=())

    handle = thread.submit(job)
    qtbot.waitUntil(lambda: handle.is_done)
    assert places != [threading.get_ident()]


def test_the_thread_can_be_stopped_two_hundred_times_in_a_row(qtbot):
    for _ in range(200):
        thread = EngineThread()
        thread.start()
        thread.submit(endless)
        assert thread.stop_and_wait(5000)


def test_a_training_that_is_to_stop_does_not_wait_for_the_pictures(qtbot, thread):
    is_stopping = threading.Event()

    def pictures(control):
        for number in range(1, 61):
            yield step(number)
            is_stopping.wait(PATIENCE)
        yield RunFinished(steps=60, stopped_early=False, exports=())

    events = collect(thread)
    long_handle = thread.submit(endless)
    qtbot.waitUntil(lambda: len(events) > 3)
    short_handle = thread.submit_short(pictures)
    qtbot.waitUntil(lambda: any(of is short_handle for of, _ in events))
    long_handle.control.stop()
    is_stopping.set()
    qtbot.waitUntil(lambda: short_handle.is_done)
    qtbot.waitUntil(
        lambda: any(of is short_handle and isinstance(e, Terminal) for of, e in events),
    )
    ends = [of for of, event in events if isinstance(event, Terminal)]
    assert ends == [long_handle, short_handle]
    assert sum(of is short_handle for of, _ in events) == 61  # and none of them is lost


def pictures_of(count):
    def job(control):
        for number in range(1, count + 1):
            yield step(number)
        yield RunFinished(steps=count, stopped_early=False, exports=())

    return job


def test_a_job_beside_a_long_one_takes_turns_with_it(qtbot, thread):
    events = collect(thread)
    long_handle = thread.submit(endless)
    qtbot.waitUntil(lambda: len(events) > 3)
    beside = thread.submit_beside(pictures_of(10))
    qtbot.waitUntil(lambda: ended(events, beside))

    positions = [index for index, (of, _) in enumerate(events) if of is beside]
    assert positions == list(range(positions[0], positions[0] + 22, 2))  # one of each in turn
    assert not long_handle.is_done
    long_handle.control.stop()


def test_a_job_beside_that_waits_for_the_end_of_the_long_one_does_not_hold_it_up(qtbot, thread):
    """As a grid does for which there is no memory during a training."""
    long_handle = thread.submit(endless)

    def patient(control):
        while not long_handle.is_done:
            yield step(1)
        yield RunFinished(steps=1, stopped_early=False, exports=())

    events = collect(thread)
    qtbot.waitUntil(lambda: len(events) > 3)
    beside = thread.submit_beside(patient)
    qtbot.waitUntil(lambda: sum(of is beside for of, _ in events) > 5)
    assert not ended(events, beside)
    long_handle.control.stop()
    qtbot.waitUntil(lambda: ended(events, beside))


def test_a_job_beside_runs_by_itself_and_lets_short_jobs_and_a_training_come_between(qtbot, thread):
    events = collect(thread)
    is_open = threading.Event()

    def long_one(control):
        yield step(1)
        is_open.wait(PATIENCE)
        yield from pictures_of(3)(control)

    beside = thread.submit_beside(long_one)
    qtbot.waitUntil(lambda: len(events) == 1)
    short = thread.submit_short(pictures_of(1))
    training = thread.submit(pictures_of(1))
    is_open.set()
    qtbot.waitUntil(lambda: all(ended(events, h) for h in (beside, short, training)))
    ends = [of for of, event in events if isinstance(event, Terminal)]
    assert ends == [short, training, beside]


def ended(events, handle):
    return any(of is handle and isinstance(event, Terminal) for of, event in events)
