"""The whole first training as a person does it, driven through the real window and engine.

Used by the offscreen test, by the one under a real X server, and by `make screens`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from PySide6.QtCore import QElapsedTimer, QEventLoop, QObject, Qt, QTimer, Slot
from PySide6.QtTest import QTest

from desktop.main_window import MainWindow
from desktop.panels.monitor_panel import RunState
from tests.timing import PATIENCE

TICK_MS = 10
QUICK = {"sampling.num_inference_steps": 4, "evaluation.num_pictures": 2}


class Heartbeat(QObject):
    """How late the event loop is: a timer that should tick every ten milliseconds."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.late_ms: list[float] = []
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._clock.start()
        self._timer.start(TICK_MS)

    def take(self) -> list[float]:
        """The figures so far; counting starts anew."""
        taken, self.late_ms = self.late_ms, []
        return taken

    @Slot()
    def _tick(self) -> None:
        self.late_ms.append(max(0.0, self._clock.nsecsElapsed() / 1e6 - TICK_MS))
        self._clock.restart()


@dataclass
class Story:
    """What was seen on the way."""

    importing_ms: list[float] = field(default_factory=list)
    training_ms: list[float] = field(default_factory=list)
    exports: list[Path] = field(default_factory=list)
    generated: list[Path] = field(default_factory=list)


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Let the window live until the condition holds. Raises TimeoutError that names `what`.

    In an event loop of Qt's own, as in the real program: QTest.qWait keeps the interpreter's
    lock while it waits, and the engine's imports would take five times as long.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        pause(0.02)


def pause(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def first_training(
    window: MainWindow,
    steps: int,
    photograph: Callable[[str], None] = lambda name: None,
    drafts: Mapping[str, object] = MappingProxyType({}),
) -> Story:
    """Sample project, start, wait, gallery, generate. `photograph` is called on each page.

    `drafts` are further settings by their keys, QUICK for those who look at no picture.
    """
    story = Story()
    heartbeat = Heartbeat(window)
    warm: list[bool] = []
    window.warmed_up.connect(lambda: warm.append(True))
    window.show()
    wait_until(lambda: bool(warm), "the engine to be warm")
    story.importing_ms = heartbeat.take()
    photograph("home")

    window.home._sample.click()
    wait_until(lambda: window.images.num_pictures == 6, "the six pictures")
    wait_until(lambda: not window.images.inspector.view.is_empty, "the picture")
    pause(0.4)  # thumbnails
    photograph("images")

    window.show_page("method")
    window.draft.set("training.steps", steps)
    window.draft.set("sampling.every_steps", max(1, steps // 3))
    window.draft.set("sampling.prompts", list(window.draft.get("sampling.prompts"))[:2])
    for key, value in drafts.items():
        window.draft.set(key, value)
    photograph("method")

    window.show_page("training")
    QTest.mouseClick(window.monitor.start, Qt.MouseButton.LeftButton)
    wait_until(lambda: window.monitor.run_state is RunState.TRAINING, "the first step")
    heartbeat.take()
    wait_until(lambda: window.monitor.chart.num_points >= steps * 2 // 3, "most steps")
    story.training_ms = heartbeat.take()
    photograph("training")
    wait_until(lambda: not window.monitor.run_state.is_running, "the end of the run")
    if window.monitor.run_state is not RunState.FINISHED:
        raise AssertionError(window.monitor.strip.text)
    photograph("finished")
    run = window.draft.project.list_runs()[0]
    story.exports = sorted(run.exports.glob("*.safetensors"))

    window.monitor.result.to_gallery.click()
    window.gallery.count.setValue(2)
    QTest.mouseClick(window.gallery.generate, Qt.MouseButton.LeftButton)
    wait_until(window.gallery.generate.isEnabled, "the pictures")
    pause(0.4)
    photograph("gallery")
    window.show_page("models")
    pause(0.6)
    photograph("models")
    window.show_page("training")
    window.monitor.tabs.setCurrentWidget(window.monitor.history)
    photograph("history")
    story.generated = sorted(window.draft.project.generated.glob("*.png"))
    return story


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
