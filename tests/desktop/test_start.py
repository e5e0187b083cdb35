"""How soon the window stands, with little and with much to show."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.project import Project

ROOT = Path(__file__).parents[2]
TRIES = 4  # other work on the machine tells about that work; the quickest tells of the program
# Importing Qt's widgets takes so long on the machine that the promises were made for. One that
# shares its processors is at times half as quick; then the promise is so much longer.
USUAL_IMPORT = 0.12
# Beside another worker's tests the two do not slow down alike; alone, the promise is held to.
AMONG_OTHERS = 2 if "PYTEST_XDIST_WORKER" in os.environ else 1
IMPORT = "import time; t = time.monotonic(); import PySide6.QtWidgets; print(time.monotonic() - t)"


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds to the window, and how much slower than usual the machine was at that time."""

    seconds: float
    slowness: float


def start_the_window(home: Path, *arguments: str) -> Start:
    """From the start of the interpreter until everything in the window was drawn once."""
    seconds, imports = [], []
    for _ in range(TRIES):
        started = time.monotonic()
        window = ["-m", "tests.desktop.start_time", *arguments]
        seconds.append(_last_number(home, window) - started)
        imports.append(_last_number(home, ["-c", IMPORT]))
    return Start(min(seconds), max(1.0, min(imports) / USUAL_IMPORT))


def _last_number(home: Path, arguments: list[str]) -> float:
    environment = {**os.environ, "HOME": str(home), "PYTHONPYCACHEPREFIX": str(home / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout.split()[-1])


@pytest.mark.slow
def test_the_window_is_drawn_within_a_second_and_a_half(tmp_path, capsys):
    start = start_the_window(tmp_path)
    with capsys.disabled():
        print(f"\nwindow drawn {start.seconds:.2f} s after the start")
    assert start.seconds < 1.5 * start.slowness * AMONG_OTHERS


@pytest.mark.slow
def test_a_thousand_runs_do_not_keep_the_window_from_standing_within_three_seconds(
    tmp_path, capsys
):
    project = Project(tmp_path / "busy")
    project.save_draft({"name": "busy"})
    fill_with_runs(project.runs, 1_000)
    start = start_the_window(tmp_path, str(project.file))
    with capsys.disabled():
        print(f"\nwindow with 1,000 runs drawn {start.seconds:.2f} s after the start")
    assert start.seconds < 3 * start.slowness * AMONG_OTHERS


def fill_with_runs(folder: Path, count: int) -> None:
    """Runs of a hundred steps each; the newest was cut off, as after a crash."""
    config = json.dumps({"name": "busy", "method": {"kind": "lora"}, "training": {"steps": 100}})
    line = {"event": "StepFinished", "loss": 0.1, "learning_rate": 1e-4, "seconds": 0.2}
    metrics = "".join(
        json.dumps({**line, "step": step, "memory_bytes": 2**29}) + "\n" for step in range(1, 101)
    )
    end = json.dumps({"event": "RunFinished", "steps": 100, "stopped_early": False}) + "\n"
    for number in range(count):
        run = folder / f"2026-01-01_0000_busy_lora-{number:04d}"
        run.mkdir(parents=True)
        (run / "config.json").write_text(config)
        (run / "metrics.jsonl").write_text(metrics + (end if number + 1 < count else ""))
