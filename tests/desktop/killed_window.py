"""A real window that trains until it is killed; without a run it is asked to end by SIGTERM.

python -m tests.desktop.killed_window FOLDER_OF_PREFERENCES [RUN.json | at-once | in-a-dialog]
"""

from __future__ import annotations

import signal
import sys
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


def main(preferences: str, wish: str = "") -> int:
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, preferences)
    greet = app._greet

    def greet_and_go_on(windows: Windows, chosen: Preferences, reports: CrashReports) -> None:
        greet(windows, chosen, reports)
        if wish == "at-once":  # before the event loop
            signal.raise_signal(signal.SIGTERM)
        elif wish == "in-a-dialog":
            QTimer.singleShot(0, ask)
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


def ask() -> None:
    """A question that nobody answers."""
    box = QMessageBox()
    box.setText("Really?")
    QTimer.singleShot(0, lambda: signal.raise_signal(signal.SIGTERM))
    box.exec()


def tell(event: Event) -> None:
    if isinstance(event, CheckpointSaved):
        print(event.step, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
