"""A pytest plugin: threads take turns far more often than usual, so that races show themselves.

`IMPRINT_SWITCH_INTERVAL=1e-5 pytest tests/desktop`: the interpreter is asked to hand over to
another thread every ten microseconds instead of every five milliseconds.
"""

from __future__ import annotations

import os
import sys

VARIABLE = "IMPRINT_SWITCH_INTERVAL"


def pytest_configure() -> None:
    seconds = os.environ.get(VARIABLE)
    if seconds:
        sys.setswitchinterval(float(seconds))


def pytest_report_header() -> str:
    return f"thread switch interval: {sys.getswitchinterval():g} s"
