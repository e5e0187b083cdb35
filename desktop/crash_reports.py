"""What stays on this computer when Imprint ends badly: a report, never sent anywhere.

While Imprint runs, there is a file `running-PID.txt` in the folder of reports. Into it go the
message of a native crash (faulthandler) and every exception that nobody caught: in a slot, in the
engine's thread, in a job of a pool. A session without any of these removes the file when it
closes. The next start finds what is left and says how the last session ended.
"""

from __future__ import annotations

import faulthandler
import io
import logging
import os
import sys
import threading
import time
import traceback
from contextlib import ExitStack, suppress
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import TextIO

import platformdirs
import psutil
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from engine import storage
from engine.doctor import report
from engine.errors import UserError
from engine.file_names import whole_number
from engine.regular_files import MOST_BYTES, listed, read_start
from engine.version import VERSION

KEPT = 5  # reports; older ones go
CLOSED = "Closed normally."  # the last line of a report of a session that did
SIGNS = ("Fatal Python error", "Traceback (most recent call last)", "Windows fatal exception")
log = logging.getLogger("imprint")


class Ending(Enum):
    """How a session ended, the worst last."""

    CLOSED = 0
    HAD_ERRORS = 1  # closed normally, with a report of an exception
    KILLED = 2  # from outside, or the computer went off: there is no report
    CRASHED = 3


def reports_folder() -> Path:
    return Path(platformdirs.user_log_dir("imprint", appauthor=False))


class CrashReports:
    """One for each start of the window."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or reports_folder()
        self.ending = Ending.CLOSED  # of the last session
        self.earlier: Path | None = None  # its report, if there is one
        self._has_errors = False
        self._hooks_before: tuple | None = None  # of threads and of destructors
        self._file: TextIO | None = None
        self._stack = ExitStack()
        self._path = self.folder / f"running-{os.getpid()}.txt"

    def begin(self) -> None:
        """Look for what an earlier start left, then listen. A disk that is full or cannot be
        written costs the report, never the start."""
        try:
            storage.make_folder(self.folder)
            self._sort_out()
            report_file = self._stack.enter_context(storage.open_own(self._path))
            self._file = io.TextIOWrapper(report_file, "utf-8")
            self._file.write(f"Imprint {VERSION}, {sys.platform}, {time.ctime()}\n")
            self._file.flush()
            faulthandler.enable(self._file)
        except (OSError, UserError):
            log.warning("no report of a crash can be written", exc_info=True)
        self._hooks_before = (threading.excepthook, sys.unraisablehook)
        threading.excepthook = self._on_thread
        sys.unraisablehook = self._on_unraisable
        qInstallMessageHandler(self._on_qt)

    def end(self) -> None:
        """The window closed. Only a report of an exception is left."""
        qInstallMessageHandler(None)
        if self._hooks_before is not None:
            threading.excepthook, sys.unraisablehook = self._hooks_before
        if self._file is not None:
            if self._has_errors:
                self._write(CLOSED)
            faulthandler.disable()
            self._file.close()
            self._file = None
            self._stack.close()
            if not self._has_errors:
                with suppress(UserError):
                    storage.remove_file(self._path)

    def note(self, text: str) -> None:
        """A line, or a traceback."""
        log.error(text)
        self._write(text)

    def _write(self, text: str) -> None:
        if self._file is not None:
            with suppress(OSError, ValueError):
                self._file.write(report([text]))
                self._file.flush()

    def note_error(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> str:
        """Write what nobody caught; returns its text."""
        self._has_errors = True
        text = "".join(traceback.format_exception(kind, error, trace))
        self.note(text)
        return text

    def _on_thread(self, told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None:
            self.note_error(told.exc_type, told.exc_value, told.exc_traceback)

    def _on_unraisable(self, told: sys.UnraisableHookArgs) -> None:
        """In a destructor, say, where Python cannot raise it."""
        if told.exc_value is not None:
            self.note_error(told.exc_type, told.exc_value, told.exc_traceback)

    def _on_qt(self, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        """In whatever thread Qt speaks."""
        del context
        if kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg):
            self.note(f"Qt: {text}")
        else:
            log.info("Qt: %s", text)

    def _sort_out(self) -> None:
        """Keep the reports of sessions that had something to report, remove the other files."""
        running = listed(self.folder, "running-*.txt")
        for left in sorted(running, key=lambda path: path.stat().st_mtime):
            if _is_alive(left):
                continue
            ending = _ending_of(read_start(left, MOST_BYTES).decode("utf-8", "replace"))
            if ending is Ending.KILLED:
                storage.remove_file(left)
            else:
                when = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(left.stat().st_mtime))
                self.earlier = storage.move_to_free(left, self.folder / f"crash-{when}.txt")
            self.ending = max(self.ending, ending, key=lambda one: one.value)
        for old in listed(self.folder, "crash-*.txt")[:-KEPT]:
            storage.remove_file(old)


def _ending_of(text: str) -> Ending:
    """Of a file that was not removed."""
    if text.rstrip().endswith(CLOSED):
        return Ending.HAD_ERRORS
    return Ending.CRASHED if any(sign in text for sign in SIGNS) else Ending.KILLED


def _is_alive(left: Path) -> bool:
    """Whether the start that writes it still runs; a number may belong to another program now."""
    number = whole_number(left.stem.partition("-")[2])
    if number is None:
        return False
    try:
        return psutil.Process(number).create_time() <= left.stat().st_mtime
    except psutil.Error:
        return False
