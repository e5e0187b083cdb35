"""A run that is trained far too long is found out: IMPRINT_SOAK=1 pytest -s tests/soak."""

from __future__ import annotations

import json

import pytest

from engine import sample_project
from engine.config_file import merge
from engine.events import CheckpointScored
from tests.engine_runs import require_finished, train
from tests.figures import only_in_soak

pytestmark = only_in_soak


@pytest.mark.timeout(3600)
def test_a_run_that_memorises_is_flagged_and_an_earlier_checkpoint_is_chosen(tmp_path):
    too_much = {
        "training": {"steps": 600, "device": "cpu"},
        "method": {"learning_rate": 5e-4, "prior_weight": 0.0},
        "sampling": {"every_steps": 0},
        "checkpoints": {"every_steps": 100},
        "evaluation": {"num_pictures": 8},
    }
    trained = require_finished(
        train(merge(sample_project.sample_data(tmp_path, "dreambooth"), too_much))
    )
    scores = trained.of(CheckpointScored)
    print()
    for score in scores:
        print(f"step {score.step}: likeness {score.likeness:.3f}, copies {score.copies:.0%}")
    assert scores[-1].copies == 1.0
    record = json.loads(trained.folder.result.read_text())
    assert record["exported_step"] < 600
    chosen = next(score for score in scores if score.step == record["exported_step"])
    assert chosen.copies < 0.5
    assert "copies" in scores[-1].reason
