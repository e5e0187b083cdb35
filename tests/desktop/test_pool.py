"""Threads for short work."""

from __future__ import annotations

import random
import threading
import time
import weakref
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
import shiboken6
import torch
from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QApplication, QDialog, QVBoxLayout

from desktop import job_rules
from desktop.image_loader import ImageLoader, Wish
from desktop.job_rules import JobSignals
from desktop.pool import GATE, Pool
from desktop.widgets.image_grid import ImageGrid
from engine.sample_project import FOLDER
from tests.desktop.first_training import pause


class Speaker(JobSignals):
    found = Signal(object)


def test_jobs_run_in_their_order_outside_of_the_windows_thread(qapp):
    owner = QObject()
    pool = Pool(1, "test", owner)
    seen = []
    for number in range(5):
        pool.start(lambda n: seen.append((n, threading.current_thread())), number)
    pool.wait()
    assert [number for number, _ in seen] == [0, 1, 2, 3, 4]
    assert all(thread is not threading.main_thread() for _, thread in seen)


def test_a_job_that_fails_is_reported_as_any_thread_is_and_the_next_one_runs(qapp, monkeypatch):
    reported = []
    monkeypatch.setattr(threading, "excepthook", lambda told: reported.append(told.exc_type))
    owner = QObject()
    pool = Pool(1, "test", owner)
    done = []

    def fails() -> None:
        raise ZeroDivisionError

    pool.start(fails)
    pool.start(done.append, 1)
    pool.wait()
    assert done == [1]
    assert reported == [ZeroDivisionError]


class Named(QDialog):
    """A dialog that tells in which thread Python destroys it."""

    destroyed_in: ClassVar[list[threading.Thread]] = []

    def look(self) -> None: ...

    def __del__(self) -> None:
        self.destroyed_in.append(threading.current_thread())


@dataclass
class Wrapped:
    inside: object


class Plain:
    def __init__(self, inside: object) -> None:
        self.inside = inside

    def look(self) -> None: ...


def nothing(*facts: object) -> None: ...


def over(inner):
    return lambda: (inner, 1)


def with_default(dialog: QDialog):
    def job(given: object = dialog) -> None: ...

    return job


HOLDING_A_DIALOG = {
    "its method": lambda it: (it.look,),
    "a method of Qt's": lambda it: (it.close,),
    "an argument": lambda it: (nothing, it),
    "a partial": lambda it: (partial(nothing, it),),
    "a keyword of a partial": lambda it: (partial(nothing, dialog=it),),
    "a partial of a partial of its method": lambda it: (partial(partial(it.look)),),
    "a closure": lambda it: (lambda: it,),
    "a closure over a closure": lambda it: (over(lambda: it),),
    "a default": lambda it: (with_default(it),),
    "a list": lambda it: (nothing, ["", it]),
    "a value in a dict": lambda it: (nothing, {"a": (it,)}),
    "a list's own method": lambda it: ([it].append, 1),
    "a dataclass": lambda it: (nothing, Wrapped(it)),
    "an attribute of a plain object": lambda it: (Plain(Plain(it)).look,),
}


@pytest.mark.parametrize("way", HOLDING_A_DIALOG)
@pytest.mark.parametrize("call", ["start", "begin"])
def test_a_job_that_holds_a_widget_is_refused(qtbot, way, call):
    dialog = Named()
    qtbot.addWidget(dialog)
    pool = Pool(1, "refusing", dialog)
    with pytest.raises(TypeError, match="Named"):
        getattr(pool, call)(*HOLDING_A_DIALOG[way](dialog))


def test_the_refusal_comes_from_start_also_while_a_window_is_made(qtbot):
    """Not later from the Gate, where nobody would see who asked for it."""
    dialog = Named()
    qtbot.addWidget(dialog)
    pool = Pool(1, "refusing", dialog)
    GATE.shut()
    try:
        with pytest.raises(TypeError):
            pool.start(dialog.look)
    finally:
        GATE.open()


def test_a_job_may_know_plain_data_and_its_signals(qtbot):
    dialog, seen = QDialog(), []
    qtbot.addWidget(dialog)
    pool = Pool(1, "plain", dialog)
    answers = Speaker(dialog)
    answers.found.connect(seen.append)
    pool.start(partial(answer_with, [1, {"a": Path()}]), answers)
    qtbot.waitUntil(lambda: seen == [[1, {"a": Path()}]])


def test_the_inside_of_a_network_is_not_looked_at(monkeypatch):
    """It has tens of thousands of objects, and the window would stand still."""
    network = torch.nn.Sequential(*(torch.nn.Linear(1, 1) for _ in range(50)))
    looked_at = []
    inside = job_rules._inside
    monkeypatch.setattr(job_rules, "_inside", lambda one: looked_at.append(one) or inside(one))
    assert job_rules.held_object(partial(answer_with, Plain([network])), ()) is None
    assert network not in looked_at
    assert len(looked_at) < 10


def answer_with(fact: object, answers: Speaker) -> None:
    answers.found.emit(fact)


class Watched:
    """Data that a test wants to see released."""

    def __init__(self) -> None:
        weakref.finalize(self, lambda: HERE.append(threading.current_thread()))


HERE: list[threading.Thread] = []


@pytest.mark.parametrize("ending", ["close", "wait", "the event loop", "the parent"])
@pytest.mark.parametrize("fails", [False, True])
def test_what_a_job_was_given_and_raised_is_released_in_the_windows_thread(
    qtbot, monkeypatch, ending, fails
):
    monkeypatch.setattr(threading, "excepthook", lambda told: None)
    HERE.clear()
    owner = QObject()
    pool = Pool(1, "releasing", owner)

    def job(fact: Watched) -> None:
        held_by_the_frame = [fact]
        if fails:
            raise ZeroDivisionError(held_by_the_frame)

    for _ in range(20):
        pool.start(job, Watched())
    if ending == "the event loop":
        qtbot.waitUntil(lambda: len(HERE) == 20)
    elif ending == "the parent":
        pool.wait()
        owner.deleteLater()
        QApplication.sendPostedEvents(owner, QEvent.Type.DeferredDelete)
    else:
        getattr(pool, ending)()
    assert [threading.main_thread()] * 20 == HERE
    if shiboken6.isValid(pool):
        pool.close()


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
