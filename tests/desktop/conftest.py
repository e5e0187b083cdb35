"""A window of one's own for each test, and jobs without torch."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from desktop.collector import Collector
from desktop.draft import Draft
from desktop.language import install_language
from desktop.main_window import MainWindow
from desktop.theme import Theme
from desktop.windows import Windows
from engine.events import RunFinished, RunStarted, StepFinished
from engine.project import Project
from tests.desktop.left_over import LeftOver
from tests.desktop.patient_bot import PatientBot


@pytest.fixture
def qtbot(qapp, request) -> PatientBot:
    """In place of pytest-qt's own."""
    return PatientBot(request)


@pytest.fixture(autouse=True)
def _fresh_preferences(tmp_path):
    """Each test starts as a new user would."""
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(tmp_path))
    settings = QSettings("Imprint", "Imprint")
    settings.clear()
    settings.sync()


LEFT_OVER = LeftOver()
LEFT_OVER.watch_widgets()
HAS_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Remember that a test failed: the traceback keeps what its frames hold."""
    report = yield
    if report.failed:
        item.stash[HAS_FAILED] = True
    return report


@pytest.fixture(autouse=True, scope="module")
def _without_garbage_of_other_tests():
    """What is frozen below is never collected."""
    gc.collect()


@pytest.fixture(autouse=True)
def _nothing_is_left_over(request, qapp):
    """Of a window that is closed no widget, thread, timer or pool is alive, and each widget ended
    in the window's thread.

    As in the program, garbage is collected in this thread alone; see desktop/collector.py. What
    was alive before the test, the libraries above all, is not looked at: that took seconds.
    """
    gc.disable()
    gc.freeze()
    yield
    request.node.funcargs.clear()  # the fixtures' values: pytest lets go of them after us
    end_the_program(qapp)
    if Collector.has_settled:  # the window is out of sight
        Collector.unsettle()
    for _ in range(3):  # what is freed may free more, in a later turn of the events
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()
    gc.enable()
    problems = LEFT_OVER.problems()
    assert problems == [] or request.node.stash.get(HAS_FAILED, False)


def end_the_program(application) -> None:
    """What belongs to the application goes with it; a window that is still open is left over."""
    for windows in application.findChildren(Windows):
        if not windows.window.isVisible():
            windows.window.deleteLater()
        windows._collector.deleteLater()
        windows.deleteLater()


@pytest.fixture(autouse=True)
def _no_key_is_held(qapp):
    """QTest leaves Ctrl pressed in Qt's eyes, and the next test would choose rows with it."""
    yield
    if qapp.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        QTest.keyClick(QWidget(), Qt.Key.Key_Escape)
    assert qapp.keyboardModifiers() == Qt.KeyboardModifier.NoModifier


@pytest.fixture(autouse=True)
def _in_english(qapp):
    """Whatever the language of the computer is."""
    install_language(qapp, "en")


@pytest.fixture
def theme(qapp) -> Theme:
    made = Theme(qapp, look="dark")
    made.apply()
    return made


@pytest.fixture
def draft(qapp, tmp_path, image_folder) -> Draft:
    project = Project(tmp_path / "my-toy")
    data = {
        "name": "my-toy",
        "runs_folder": str(project.runs),
        "dataset": {"folder": str(image_folder), "trigger": "sks", "class_word": "toy"},
        "method": {"kind": "lora"},
    }
    return Draft(project, data)


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    made = MainWindow()
    qtbot.addWidget(made, before_close_func=close_without_asking)
    made.resize(1280, 800)  # the screen that is pretended here is smaller
    made.show()
    return made


def close_without_asking(window):
    window.leaving.may_stop = lambda: True


def step(number: int, loss: float = 0.5) -> StepFinished:
    return StepFinished(
        step=number, loss=loss, learning_rate=1e-4, seconds=0.01, memory_bytes=2**30
    )


def started(steps: int = 10, first_step: int = 0) -> RunStarted:
    return RunStarted(
        folder="run", steps=steps, first_step=first_step, device="processor", trainable=1234
    )


def endless(control) -> Iterator:
    """A run that goes on until it is stopped."""
    number = 0
    yield started(10_000)
    while not control.stop_requested:
        number += 1
        time.sleep(0.002)  # the quickest real step; without it only the queue is measured
        yield step(number)
    yield RunFinished(steps=number, stopped_early=True, exports=())
