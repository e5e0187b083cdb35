"""What stays on this computer when Imprint ends badly: a report, never sent anywhere.

While Imprint runs, a file stands in the folder of reports; a clean end takes it away. What the
interpreter says when it dies, and what nobody caught, is written into it. The next start finds
it, keeps it under its date and tells the user.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

import platformdirs
import psutil
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from engine.doctor import report
from engine.version import VERSION

KEPT = 5  # reports; older ones go
SIGNS = ("Fatal Python error", "Traceback (most recent call last)", "Windows fatal exception")
log = logging.getLogger("imprint")


def reports_folder() -> Path:
    return Path(platformdirs.user_log_dir("imprint", appauthor=False))


class CrashReports:
    """One for each start of the window."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or reports_folder()
        self.earlier: Path | None = None  # what the last start left, if it ended badly
        self._file: TextIO | None = None
        self._path = self.folder / f"running-{os.getpid()}.txt"

    def begin(self) -> None:
        """Look for what an earlier start left, then listen. A disk that is full or cannot be
        written costs the report, never the start."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.earlier = self._sort_out()
            self._file = self._path.open("w", encoding="utf-8")
            self._file.write(f"Imprint {VERSION}, {sys.platform}, {time.ctime()}\n")
            self._file.flush()
            faulthandler.enable(self._file)
        except OSError:
            log.warning("no report of a crash can be written", exc_info=True)
        threading.excepthook = self._on_thread
        qInstallMessageHandler(self._on_qt)

    def end(self) -> None:
        """All went well: nothing is left."""
        qInstallMessageHandler(None)
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            self._file = None
            with suppress(OSError):
                self._path.unlink()

    def note(self, text: str) -> None:
        """A line, or a traceback."""
        log.error(text)
        if self._file is not None:
            with suppress(OSError, ValueError):
                self._file.write(report([text]))
                self._file.flush()

    def note_error(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> str:
        """Write what nobody caught; returns its text."""
        text = "".join(traceback.format_exception(kind, error, trace))
        self.note(text)
        return text

    def _on_thread(self, told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None:
            self.note_error(told.exc_type, told.exc_value, told.exc_traceback)

    def _on_qt(self, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        """In whatever thread Qt speaks."""
        del context
        if kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg):
            self.note(f"Qt: {text}")
        else:
            log.info("Qt: %s", text)

    def _sort_out(self) -> Path | None:
        """Keep the reports of starts that ended badly, remove the others; the newest of them."""
        found = None
        for left in sorted(
            self.folder.glob("running-*.txt"), key=lambda path: path.stat().st_mtime
        ):
            if _is_alive(left):
                continue
            if any(sign in left.read_text("utf-8", "replace") for sign in SIGNS):
                when = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(left.stat().st_mtime))
                found = left.replace(self.folder / f"crash-{when}.txt")
            else:
                left.unlink()  # killed, or the computer went off: there is nothing to tell
        for old in sorted(self.folder.glob("crash-*.txt"))[:-KEPT]:
            old.unlink()
        return found


def _is_alive(left: Path) -> bool:
    """Whether the start that writes it still runs; a number may belong to another program now."""
    number = left.stem.partition("-")[2]
    if not number.isdigit():
        return False
    try:
        return psutil.Process(int(number)).create_time() <= left.stat().st_mtime
    except psutil.Error:
        return False
