"""R-02: runs that are stopped, cut off, paused and resumed at random end as if nothing had been.

IMPRINT_SOAK=1 draws many more.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.control import Control
from engine.data.batches import BatchSource
from engine.events import PausedAt, RunFinished, RunStarted, StepFinished
from engine.project import RunFolder
from engine.run import resume, run
from tests.engine_runs import EACH_METHOD, config_of, left_by, require_finished, tiny_run, train
from tests.figures import figure

TAKES_LONG = True  # for few tests: see tests/conftest.py

STEPS = 12
MACHINES = figure(4, 500)
# Everything that has a memory of its own: averages, a warm-up, gathered gradients, epochs.
OVER = {
    "training": {"steps": STEPS, "gradient_accumulation": 2, "batch_size": 2},
    "optimizer": {"ema_decay": 0.9, "warmup": 0.3, "schedule": "cosine"},
    "checkpoints": {"every_steps": 3, "keep": 2},
    "sampling": {"every_steps": 6, "num_inference_steps": 2},
}


@pytest.fixture(scope="module")
def unbroken(tiny_folder, pictures_folder, tmp_path_factory):
    """What each method comes to when nobody disturbs it; trained when first asked for."""
    known: dict[str, dict] = {}

    def of(method: str) -> tuple[dict, dict]:
        runs = tmp_path_factory.mktemp("runs")
        data = tiny_run(tiny_folder, pictures_folder, runs, method=EACH_METHOD[method], **OVER)
        if method not in known:
            known[method] = left_by(require_finished(train(data)).folder)
        return data, known[method]

    return of


@dataclass
class Life:
    """One run on its way through troubles."""

    folder: RunFolder | None = None
    is_done: bool = False
    stopped_at: int = 0  # the last step at which Stop was pressed
    troubles: str = ""

    def live(self, events, control: Control, chance: random.Random) -> None:
        """Until it ends, or until the trouble that is drawn."""
        trouble = chance.choice(("stop", "cut off", "pause", "save", "nothing"))
        after = chance.randint(1, 8)
        self.troubles += f"{trouble} after {after}, "
        steps = 0
        for event in events:
            if isinstance(event, RunStarted):
                self.folder = RunFolder(Path(event.folder))
            if isinstance(event, RunFinished):
                self.is_done = not event.stopped_early
            if isinstance(event, PausedAt):
                control.resume()
            if not isinstance(event, StepFinished):
                continue
            steps += 1
            if steps != after:
                continue
            if trouble == "stop":
                self.stopped_at = event.step
                control.stop()
            elif trouble == "pause":
                control.pause()
            elif trouble == "save":
                control.save_now()
            elif trouble == "cut off":
                events.close()  # nothing more is written: what a kill leaves, but for the lock
                return


@pytest.mark.parametrize("seed", range(MACHINES))
def test_a_run_with_any_troubles_comes_to_the_same(unbroken, seed):
    method = list(EACH_METHOD)[seed % len(EACH_METHOD)]
    data, expected = unbroken(method)
    chance = random.Random(seed)
    life, control = Life(), Control()
    life.live(run(config_of(data), control), control, chance)
    while not life.is_done:
        control = Control()
        life.live(resume(life.folder.path, control), control, chance)
    left = left_by(life.folder)
    if life.stopped_at == STEPS:  # all is trained; who presses Stop then waits for no picture
        last = {name for name in expected["samples"] if name.startswith(f"step_{STEPS:06d}")}
        left["samples"] |= {name: expected["samples"][name] for name in last}
    assert left == expected, life.troubles


def test_no_picture_is_repeated_or_skipped_at_the_edge_of_an_epoch(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    """The numbers of the batches that were drawn, stopped at every step there is."""
    seen: list[int] = []
    real = BatchSource.batch

    def batch(self, number, generator):
        seen.append(number)
        return real(self, number, generator)

    monkeypatch.setattr(BatchSource, "batch", batch)
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, training={"steps": 8, "batch_size": 2})
    control = Control()
    life = Life()
    events = run(config_of(data), control)
    while not life.is_done:
        for event in events:
            if isinstance(event, RunStarted):
                life.folder = RunFolder(Path(event.folder))
            if isinstance(event, StepFinished):
                control.stop()
            if isinstance(event, RunFinished):
                life.is_done = not event.stopped_early
        control = Control()
        events = resume(life.folder.path, control)
    assert seen == list(range(8))
