"""What the engine would say, and what it would leave behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from engine.config import STARTER
from engine.events import (
    CheckpointScored,
    Estimated,
    StepFinished,
    as_json,
)
from engine.project import Project, RunFolder
from engine.sample_project import IMAGES
from engine.wording import Phrase
from tests.engine.test_install import save
from tests.golden import make_sd15_lora

STEPS, GIB = 300, 2**30
MORE = "mycxt cat on a red background, sitting, with a hat"


def step(number: int) -> StepFinished:
    loss = 0.08 + 0.2 * 0.985**number * (1 + 0.3 * ((number * 7919) % 13 - 6) / 6)
    return StepFinished(
        step=number, loss=loss, learning_rate=1e-3, seconds=0.16, memory_bytes=3 * GIB // 2
    )


def score(step: int) -> CheckpointScored:
    return CheckpointScored(
        step=step, likeness=0.5 + step / 1000, base_likeness=0.4, ceiling=0.9, margin=0.1,
        prompts=1.0, drift=0.1, copies=0.0, best_step=step, reason="the most like your pictures",
    )  # fmt: skip


def estimate(peak: int) -> Estimated:
    return Estimated(
        device=Phrase("processor ({threads} threads)", threads=2),
        peak_bytes=peak, free_bytes=8 * GIB, seconds_per_step=0.16,
        seconds_per_sample=1.7, total_seconds=136, disk_bytes=3_000_000, free_disk_bytes=90 * GIB,
        export_bytes=700_000,
    )  # fmt: skip


def picture(path: Path, number: int) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sorted(IMAGES.glob("*.png"))[number], path)
    return str(path)


def make_runs(project: Project) -> None:
    """One finished, one cut off, as the engine leaves them."""
    for age, name in enumerate(
        ("2026-11-25_1200_my-cat_lora", "2026-11-24_0900_the-cat-of-my-aunt-in-spring_lora")
    ):
        run = RunFolder(project.runs / name)
        config = {
            "name": "my-cat", "base_model": STARTER, "method": {"kind": "lora", "rank": 8 * age}
        }  # fmt: skip
        for folder in (run.samples, run.exports):
            folder.mkdir(parents=True)
        run.config_path.write_text(json.dumps(config))
        run.metrics.write_text("".join(as_json(step(number)) + "\n" for number in range(1, 187)))
        for at in (60, 120, 180):
            (run.path / "checkpoints" / f"step_{at:06d}").mkdir(parents=True)
            for place in (0, 1):
                picture(run.samples / f"step_{at:06d}_{place}_seed42.png", place + at // 60)
        words = {"modelspec.trigger_phrase": "mycxt cat"}
        shapes = json.loads(make_sd15_lora.DATA.read_text("utf-8"))
        save(run.exports / "my-cat.safetensors", shapes, **words)
        if age == 0:
            run.result.write_text(json.dumps({"outcome": "finished", "seconds": 136.0}))
