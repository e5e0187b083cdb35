"""Reports exceptions of threads to `threading.excepthook`, which writes the crash report."""

from __future__ import annotations

import threading


def report_error(error: BaseException) -> None:
    """Report an exception that was caught to keep a thread going; see desktop/crash_reports.py."""
    told = (type(error), error, error.__traceback__, threading.current_thread())
    threading.excepthook(threading.ExceptHookArgs(told))
