"""A named pipe that notices who opens it. Whoever does is let go, so that no test hangs."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from threading import Thread


class Pipe:
    """In the place of a file; `was_opened` by anyone who reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.was_opened = False
        os.mkfifo(path)
        self._waiting = Thread(target=self._wait, daemon=True)
        self._waiting.start()

    def remove(self) -> None:
        was_opened = self.was_opened
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)  # lets the thread go
        self._waiting.join()
        os.close(descriptor)
        self.was_opened = was_opened
        self.path.unlink()

    def _wait(self) -> None:
        os.close(os.open(self.path, os.O_WRONLY))  # returns when there is a reader
        self.was_opened = True


@contextmanager
def pipe(path: Path):
    """Raises AssertionError at the end where somebody opened it."""
    made = Pipe(path)
    try:
        yield made
    finally:
        made.remove()
    assert not made.was_opened, f"{path.name} was opened"
