"""What one step of the sample LoRA costs: `make bench` prints it as one JSON line.

It goes through the command line, as a user does, and counts CPU seconds rather than the
clock's, so that a busy machine gives nearly the same figures as an idle one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
WARM_UP_STEPS = 3  # the first ones pay for caches and allocations


def measure(steps: int, extra: list[str]) -> dict[str, float | int | str]:
    """Train the sample for some steps; returns the figures."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(ROOT / "main.py"), "train", "--json", "--out", folder]
        # No checkpoint and no picture in between: they are not steps.
        for setting in ("sampling.every_steps=0", "checkpoints.every_steps=0"):
            command += ["--set", setting]
        command += ["--steps", str(WARM_UP_STEPS + steps), *extra]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as run:
            figures = _watch(run)
    if run.returncode != 0:
        raise SystemExit(f"The run ended with exit code {run.returncode}.")
    return figures


def _watch(run: subprocess.Popen[str]) -> dict[str, float | int | str]:
    process = psutil.Process(run.pid)
    marks: list[tuple[int, float]] = []  # step, CPU seconds so far
    peak_bytes = 0
    device = ""
    for line in run.stdout or ():
        event = json.loads(line)
        if event["event"] == "RunStarted":
            device = event["device"]
        elif event["event"] == "StepFinished" and event["step"] >= WARM_UP_STEPS:
            times = process.cpu_times()
            marks.append((event["step"], times.user + times.system))
            peak_bytes = max(peak_bytes, process.memory_info().rss)
    if len(marks) < 2:
        return {}
    (first_step, first), (last_step, last) = marks[0], marks[-1]
    return {
        "benchmark": "lora_step",
        "device": device,
        "steps": last_step - first_step,
        "cpu_seconds_per_step": round((last - first) / (last_step - first_step), 4),
        "peak_rss_mib": round(peak_bytes / 1024**2),
    }


def main(arguments: list[str]) -> None:
    """Print one JSON line; what follows the options goes to `train`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40)
    parsed, extra = parser.parse_known_args(arguments)
    print(json.dumps(measure(parsed.steps, extra)))


if __name__ == "__main__":
    main(sys.argv[1:])
