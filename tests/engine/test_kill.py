"""kill -9 at any moment: the resumed run ends as the unbroken one, bit for bit."""

from __future__ import annotations

import json

import pytest

from tests.engine_runs import EACH_METHOD, config_of, left_by, require_finished, tiny_run, train
from tests.kills import require_tidy, train_under_fire

TAKES_LONG = True  # for few tests: see tests/conftest.py


def fire_at(
    base, pictures, folder, *, kills: int, steps: int, seed: int, method: str = "lora",
    saves: int = 3, samples: int = 3,
):  # fmt: skip
    """`saves`, `samples`: steps between two of them."""
    data = tiny_run(
        base, pictures, folder / "unbroken", training={"steps": steps},
        checkpoints={"every_steps": saves, "keep": 3}, sampling={"every_steps": samples},
        method=EACH_METHOD[method], optimizer={"ema_decay": 0.9, "warmup": 0.3},
    )  # fmt: skip
    unbroken = require_finished(train(data))
    config = folder / "config.json"
    # Every setting, since the command line starts from presets where one is not given.
    whole = config_of(data | {"runs_folder": str(folder / "killed")}).model_dump(mode="json")
    config.write_text(json.dumps(whole), "utf-8")

    story = train_under_fire(config, folder / "killed", kills, seed)

    assert left_by(story.folder) == left_by(unbroken.folder)
    require_tidy(story.folder)
    return story


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(__import__("signal"), "SIGKILL"), reason="Windows")
def test_a_run_killed_six_times_ends_as_the_unbroken_run(tiny_folder, pictures_folder, tmp_path):
    story = fire_at(tiny_folder, pictures_folder, tmp_path, kills=6, steps=60, seed=1)
    assert story.landed.total() >= 3
