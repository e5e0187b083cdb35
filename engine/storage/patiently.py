"""Windows: a virus scanner may hold a file for a moment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

RETRY_SECONDS = 10


def patiently(move: Callable[[], object]) -> None:
    """Try a rename until it is allowed. Raises OSError."""
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        try:
            move()
        except PermissionError:
            if os.name != "nt" or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
