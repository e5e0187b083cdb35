"""Somebody who starts, pauses, stops and closes at random moments of real trainings.

python -m tests.desktop.restless_user TIMES [SEED]
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from desktop.collector import Collector
from desktop.language import install_language
from desktop.main_window import MainWindow
from tests.desktop.first_training import pause, wait_until

LONGEST = 4.0  # seconds until the next thing is done: long enough for each phase of a run
STEPS = 30
WINDOW_EVERY = 5  # starts; then the window is closed in the midst of a run, and another comes


def restless(times: int, seed: int) -> dict[str, float]:
    """Returns how often each thing was done, and the longest that a stop took."""
    draw = random.Random(seed)
    done = {"starts": 0, "pauses": 0, "stops": 0, "closes": 0, "ends": 0, "longest_stop": 0.0}
    window = _open()
    while done["starts"] < times:
        window.start_training()
        done["starts"] += 1
        if done["starts"] % WINDOW_EVERY == 0:
            pause(draw.uniform(0, LONGEST))
            started = time.monotonic()
            window.leaving.may_stop = lambda: True  # type: ignore[method-assign]
            assert window.close(), "the window did not close"
            done["longest_stop"] = max(done["longest_stop"], time.monotonic() - started)
            assert window.engine.isFinished()
            done["closes"] += 1
            window.deleteLater()
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            window = _open()
            continue
        _do_something(window, draw, done)
    window.leaving.may_stop = lambda: True  # type: ignore[method-assign]
    assert window.close()
    return done


def _do_something(window: MainWindow, draw: random.Random, done: dict[str, float]) -> None:
    for _ in range(draw.randrange(3)):
        pause(draw.uniform(0, LONGEST / 2))
        if not window.runs.is_busy:
            done["ends"] += 1
            return
        window.runs.pause()
        pause(draw.uniform(0, 0.3))
        window.runs.go_on()
        done["pauses"] += 1
    pause(draw.uniform(0, LONGEST))
    started = time.monotonic()
    window.runs.stop()
    wait_until(lambda: not window.runs.is_busy, "the run to stop")
    done["longest_stop"] = max(done["longest_stop"], time.monotonic() - started)
    done["stops"] += 1
    assert window.monitor.strip.property("kind") != "error", window.monitor.strip.text


def _open() -> MainWindow:
    warm: list[bool] = []
    window = MainWindow()
    window.warmed_up.connect(lambda: warm.append(True))
    window.show()
    wait_until(lambda: bool(warm), "the engine to be warm")
    wait_until(lambda: window.images.num_pictures == 6, "the pictures")
    window.draft.set("training.steps", STEPS)
    window.draft.set("sampling.every_steps", STEPS // 3)
    window.draft.set("checkpoints.every_steps", STEPS // 3)
    return window


def main(times: int, seed: int) -> int:
    application = QApplication([])
    install_language(application, "en")
    collector = Collector(application)
    done = restless(times, seed)
    del collector
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("imprint")]
    print(json.dumps({**done, "threads_left": left}))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
