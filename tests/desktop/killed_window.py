"""A real window that trains until it is killed; without a run it only says when it is up.

python -m tests.desktop.killed_window FOLDER_OF_PREFERENCES [RUN.json]
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QSettings

from desktop import app
from desktop.crash_reports import CrashReports
from desktop.preferences import Preferences
from desktop.windows import Windows
from engine import config_file
from engine.config import RunConfig
from engine.events import CheckpointSaved, Event


def main(preferences: str, run: str = "") -> int:
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, preferences)
    config = RunConfig.model_validate(config_file.read(Path(run))) if run else None
    greet = app._greet

    def greet_and_train(windows: Windows, chosen: Preferences, reports: CrashReports) -> None:
        greet(windows, chosen, reports)
        if config is None:
            print("up", flush=True)
            return
        runs = windows.window.runs
        runs.told.connect(tell)
        windows.window.warmed_up.connect(lambda: runs.start(config))

    app._greet = greet_and_train
    return app.main(["imprint"])


def tell(event: Event) -> None:
    if isinstance(event, CheckpointSaved):
        print(event.step, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
