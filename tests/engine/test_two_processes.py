"""Two processes on the CPU train one model: the same weights, one set of files, one voice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from engine import checkpoint
from engine.project import RunFolder
from tests.conftest import draw_pictures
from tests.engine_runs import losses, newest_weights, require_finished, tiny_run, train
from tests.kills import require_tidy, require_whole
from tests.timing import PATIENCE

TAKES_LONG = True  # for few tests: see tests/conftest.py

ROOT = Path(__file__).parents[2]


def launch(folder: Path, fault: str = "") -> subprocess.CompletedProcess[str]:
    """Two processes train by the config in the folder. The time limit is far above what they need
    and far below the 30 minutes that a collective call waits."""
    return subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2",
            str(ROOT / "tests/two_ranks.py"), str(folder),
            "train", str(folder / "config.json"), "--json",
        ],
        env=os.environ
        | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "IMPRINT_FAULT": fault,
           "XDG_CACHE_HOME": str(folder / "cache")},
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip


FAULTS = {
    "while it makes the run's folder": ("0:engine.run.create_run", 1),
    "while it prepares": ("0:engine.preparation.encode_pictures", 1),
    "while it saves": ("0:engine.checkpoint.saving", 1),
    "while it draws a sample": ("0:engine.previews/Previews.make+", 1),
    "while it exports": ("0:engine.run.export_all", 1),
    "in a step": ("0:engine.loop/Loop._accumulate+", 1),
    "in a step of the other": ("1:engine.loop/Loop._accumulate+", 2),
    "while the other prepares": ("1:engine.preparation.batches", 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_process_that_fails_ends_all_with_its_sentence(tiny_folder, tmp_path, fault):
    place, number = FAULTS[fault]
    data = tiny_run(
        tiny_folder, draw_pictures(tmp_path / "pictures", 2), tmp_path / "runs",
        training={"steps": 3}, sampling={"every_steps": 1},
    )  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(data), "utf-8")
    done = launch(tmp_path, place)
    assert done.returncode != 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["event"] == "RunFailed", done.stderr
    said = lines[-1]["error"]["summary"]
    assert "/full" in said
    assert ("Process 2 of 2 failed" in said) == (number == 2)
    ranks = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    assert [rank["code"] for rank in ranks] == [1, 1]  # neither was killed


@pytest.fixture(scope="module")
def outcome(tiny_folder, tmp_path_factory):
    """The run folder, what was printed, and each process's weights."""
    folder = tmp_path_factory.mktemp("two")
    data = tiny_run(
        tiny_folder, draw_pictures(folder / "pictures", 4), folder / "runs",
        method={"kind": "lora", "rank": 4, "text_learning_rate": 1e-3, "learning_rate": 1e-2},
        training={"steps": 4}, sampling={"every_steps": 2},
    )  # fmt: skip
    (folder / "config.json").write_text(json.dumps(data), "utf-8")
    done = launch(folder)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    ranks = [json.loads((folder / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    return data, folder / "runs", lines, ranks


@pytest.mark.slow
def test_both_processes_end_with_the_same_weights(outcome):
    _, _, _, ranks = outcome
    assert len(ranks[0]["hashes"]) == 2  # the UNet and the text encoder, add-on included
    assert ranks[0]["hashes"] == ranks[1]["hashes"]


@pytest.mark.slow
def test_each_picture_is_encoded_by_one_process(outcome):
    _, _, _, ranks = outcome
    assert [rank["encoded"] for rank in ranks] == [4, 0]


@pytest.mark.slow
def test_one_process_writes_and_one_speaks(outcome):
    _, runs, lines, _ = outcome
    (folder,) = (RunFolder(path.parent) for path in runs.glob("*/config.json"))
    assert len(list(runs.iterdir())) == 1
    told = Counter(line["event"] for line in lines)
    assert told["RunStarted"] == told["RunFinished"] == 1
    assert [line["step"] for line in lines if line["event"] == "StepFinished"] == [1, 2, 3, 4]
    assert lines[-1]["event"] == "RunFinished"
    assert checkpoint.steps_in(folder.checkpoints) == [2, 4]
    assert len(list(folder.samples.glob("*.png"))) == 6
    require_whole(runs)
    require_tidy(folder)


@pytest.mark.slow
def test_the_second_process_counts(outcome, tmp_path):
    """Its pictures move the weights: the result is not that of the first process alone."""
    data, runs, _, _ = outcome
    (folder,) = (RunFolder(path.parent) for path in runs.glob("*/config.json"))
    alone = require_finished(train(data | {"runs_folder": str(tmp_path)}))
    assert losses(folder)[0] == losses(alone.folder)[0]  # rank 0 drew the same first batch
    both, one = newest_weights(folder), newest_weights(alone.folder)
    assert any((both[name] != one[name]).any() for name in both)
