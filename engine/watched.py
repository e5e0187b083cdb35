"""A command that is watched while it runs: its lines, its time, its peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from engine.regular_files import is_file, is_folder, is_there, listed_below

LOOK_SECONDS = 0.1
NO_CONSOLE = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # on Windows: no black window beside ours


def window_command() -> list[str]:
    """How this very program is started once more, as a window."""
    if getattr(sys, "frozen", False):
        # An AppImage is gone from where it runs when its first program ends.
        return [os.environ.get("APPIMAGE") or sys.executable]
    return [sys.executable, str(Path(__file__).parents[1] / "main.py")]


def own_command() -> list[str]:
    """How this very program is started once more, on the command line."""
    if not getattr(sys, "frozen", False):
        return window_command()
    program = Path(sys.executable)  # on Windows, a program with a window can say nothing
    beside = program.with_name(f"imprint-cli{program.suffix}")
    return [str(beside if is_there(beside) else program)]


class Watched:
    """Starts the command; the figures are true once `lines` was read to the end."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self.peak_bytes = 0  # of resident memory
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self.exit_code = -1
        self._started = time.perf_counter()
        self._run = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **(environment or {})},
            creationflags=NO_CONSOLE,
        )
        self._process = psutil.Process(self._run.pid)
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    @property
    def peak_rss_mib(self) -> int:
        return self.peak_bytes >> 20

    def lines(self) -> Iterator[str]:
        assert self._run.stdout is not None
        yield from self._run.stdout
        self.exit_code = self._run.wait()
        self.seconds = time.perf_counter() - self._started
        self._watch.join()

    def stop(self) -> None:
        """Ask it to end, as `kill` does. Not as Ctrl-C does: whatever is started in the background
        of a shell ignores that until it says otherwise."""
        if self._run.poll() is None:
            self._run.terminate()

    def _look(self) -> None:
        while self._run.poll() is None:
            try:
                times = self._process.cpu_times()
                self.cpu_seconds = times.user + times.system
                self.peak_bytes = max(self.peak_bytes, self._process.memory_info().rss)
            except psutil.Error:
                return
            time.sleep(LOOK_SECONDS)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    files = listed_below(path) if is_folder(path) else [path]
    return sum(file.stat().st_size for file in files if is_file(file))
