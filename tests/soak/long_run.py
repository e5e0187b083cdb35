"""R-13: a long run of tiny steps, with checkpoints, samples and a user who keeps pressing buttons.

python -m tests.soak.long_run STEPS
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from engine.control import Control
from engine.events import PausedAt, RunFinished, StepFinished
from engine.run import run
from tests.conftest import build_tiny_model, draw_pictures
from tests.engine_runs import config_of, tiny_run

LOOKS = 200  # at memory and handles, in all
WARM = 0.2  # of the run, in which memory may grow


class Watch:
    """Memory in MiB, handles and threads of this process over the steps."""

    def __init__(self, steps: int) -> None:
        self._every = max(1, steps // LOOKS)
        self._process = psutil.Process()
        self.rows: list[tuple[int, float, int, int]] = []

    def see(self, step: int) -> None:
        if step % self._every == 0:
            gc.collect()  # what waits to be collected is no leak
            memory = self._process.memory_info().rss / 2**20
            handles, threads = self._process.num_fds(), self._process.num_threads()
            self.rows.append((step, memory, handles, threads))

    def figures(self) -> dict[str, float]:
        warm = np.array(self.rows[int(WARM * len(self.rows)) :])
        slope = np.polyfit(warm[:, 0], warm[:, 1], 1)[0]
        return {
            "mib_per_1000_steps": round(float(slope) * 1000, 4),
            "mib_at_the_end": round(float(warm[-1, 1]), 1),
            "most_more_handles": int(np.ptp(warm[:, 2])),
            "most_more_threads": int(np.ptp(warm[:, 3])),
        }


def long_run(steps: int, folder: Path) -> dict[str, float]:
    chance, control, watch = random.Random(0), Control(), Watch(steps)
    every = max(1, steps // 100 if steps < 10_000 else 100)
    data = tiny_run(
        build_tiny_model(folder / "tiny"), draw_pictures(folder / "pictures"), folder / "runs",
        training={"steps": steps}, sampling={"every_steps": every, "num_inference_steps": 2},
        checkpoints={"every_steps": every, "keep": 2},
    )  # fmt: skip
    counts = dict.fromkeys(("StepFinished", "CheckpointSaved", "SampleReady", "PausedAt"), 0)
    commands, last = 0, None
    started = time.monotonic()
    for event in run(config_of(data), control):
        last = event
        kind = type(event).__name__
        if kind in counts:
            counts[kind] += 1
        if isinstance(event, PausedAt):
            control.resume()
        if isinstance(event, StepFinished):
            watch.see(event.step)
            if chance.random() < 5_000 / 200_000:
                commands += 1
                chance.choice((control.pause, control.save_now, control.sample_now))()
    assert isinstance(last, RunFinished), last
    left = [path.name for path in (folder / "runs").rglob("*") if _is_half_written(path)]
    assert left == []
    return {
        **counts, "commands": commands, "seconds": round(time.monotonic() - started),
        **watch.figures(),
    }  # fmt: skip


def _is_half_written(path: Path) -> bool:
    return path.name.endswith(".part") or path.name.startswith((".tmp-", ".trash-"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        os.environ["HOME"] = place
        print(json.dumps(long_run(int(sys.argv[1]), Path(place))))
