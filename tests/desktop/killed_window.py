"""A real window that trains until it is killed; without a run it is asked to end by a signal.

python -m tests.desktop.killed_window FOLDER_OF_PREFERENCES [RUN.json | MOMENT SIGNAL]
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QMessageBox

from desktop import app
from desktop.crash_reports import CrashReports
from desktop.preferences import Preferences
from desktop.windows import Windows
from engine import config_file
from engine.config import RunConfig
from engine.events import CheckpointSaved, Event


def main(preferences: str, wish: str = "", name: str = "SIGTERM") -> int:
    end = partial(signal.raise_signal, getattr(signal, name))
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, preferences)
    greet = app._greet

    def greet_and_go_on(windows: Windows, chosen: Preferences, reports: CrashReports) -> None:
        greet(windows, chosen, reports)
        if wish == "at-once":  # before the event loop
            end()
        elif wish == "in-a-dialog":
            QTimer.singleShot(0, partial(ask, end))
        elif wish == "again-and-again":
            for milliseconds in range(0, 500, 100):
                QTimer.singleShot(milliseconds, end)
        elif wish:
            train(windows, RunConfig.model_validate(config_file.read(Path(wish))))
        else:
            windows.window.first_paint.done.connect(lambda: print("up", flush=True))

    app._greet = greet_and_go_on
    return app.main(["imprint"])


def train(windows: Windows, config: RunConfig) -> None:
    runs = windows.window.runs
    runs.told.connect(tell)
    windows.window.warmed_up.connect(lambda: runs.start(config))


def ask(end: Callable[[], None]) -> None:
    """A question that nobody answers."""
    box = QMessageBox()
    box.setText("Really?")
    QTimer.singleShot(0, end)
    box.exec()


def tell(event: Event) -> None:
    if isinstance(event, CheckpointSaved):
        print(event.step, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
