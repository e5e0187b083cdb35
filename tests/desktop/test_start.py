"""What the start of the window costs, with little and with much to show.

The seconds that a start takes are measured in tests/soak/test_start_time.py.
"""

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
from tests.timing import PATIENCE

TAKES_LONG = True  # minutes, for few tests: see tests/conftest.py

ROOT = Path(__file__).parents[2]
TRIES = 3


@dataclass(frozen=True, slots=True)
class Start:
    """The cheapest of some starts of the program, until everything was drawn once."""

    cpu_seconds: float
    drawn_at: float  # seconds of the monotonic clock after the start of the process


def start_the_window(home: Path, *arguments: str) -> Start:
    costs, times = [], []
    for _ in range(TRIES):
        before, started = _cpu_of_children(), time.monotonic()
        drawn = last_number(home, ["-m", "tests.desktop.start_time", *arguments])
        costs.append(_cpu_of_children() - before)
        times.append(drawn - started)
    return Start(min(costs), min(times))


def _cpu_of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def last_number(home: Path, arguments: list[str]) -> float:
    """The number that a Python command prints last."""
    environment = {**os.environ, "HOME": str(home), "PYTHONPYCACHEPREFIX": str(home / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout.split()[-1])


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows does not count the time of children")
def test_a_start_with_a_thousand_runs_costs_less_than_three_without(tmp_path):
    start_the_window(tmp_path)  # compiles the modules
    empty = start_the_window(tmp_path)
    project = Project(tmp_path / "busy")
    project.save_draft({"name": "busy"})
    fill_with_runs(project.runs, 1_000)
    full = start_the_window(tmp_path, str(project.file))
    print(f"\nCPU seconds: {empty.cpu_seconds:.2f}, with 1,000 runs {full.cpu_seconds:.2f}")
    assert full.cpu_seconds < 3 * empty.cpu_seconds


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
