"""A command that is watched while it runs: its lines, its time, its peak memory."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

LOOK_SECONDS = 0.1


class Watched:
    """Start the command; `lines` must be read to the end before the figures are true."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.peak_rss_mib = 0
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self.exit_code = -1
        self._started = time.perf_counter()
        self._run = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
        )
        self._process = psutil.Process(self._run.pid)
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    def lines(self) -> Iterator[str]:
        assert self._run.stdout is not None
        yield from self._run.stdout
        self.exit_code = self._run.wait()
        self.seconds = time.perf_counter() - self._started
        self._watch.join()

    def _look(self) -> None:
        while self._run.poll() is None:
            try:
                times = self._process.cpu_times()
                self.cpu_seconds = times.user + times.system
                rss = self._process.memory_info().rss >> 20
            except psutil.Error:
                return
            self.peak_rss_mib = max(self.peak_rss_mib, rss)
            time.sleep(LOOK_SECONDS)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
