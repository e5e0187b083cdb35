"""What was changed in the window is on the disk a moment later, whatever becomes of the program."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.project import Project
from tests.conftest import draw_pictures
from tests.desktop.restless_editor import state_on_disk
from tests.figures import figure
from tests.timing import PATIENCE

TAKES_LONG = True  # for few tests: see tests/conftest.py

ROOT = Path(__file__).parents[2]
LIVES, EDITS = figure(2, 10), figure(60, 200)
PICTURES = 6
MOST_SECONDS = 2.0  # the promise is five; a second is what the window means to keep


def killed_life(project: Project, seed: int) -> list[tuple[float, dict]]:
    """The states that the window had, with the times they came; at last the kill, and whether it
    fell into a change, of which nothing was told."""
    last = random.Random(seed).randint(EDITS // 2, EDITS)
    later = random.Random(seed + 1).uniform(0, 1)
    arguments = [project.folder, PICTURES, seed, EDITS, last, later]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.desktop.restless_editor", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    lines = [tuple(json.loads(line)) for line in process.stdout if line.endswith("\n")]
    killed = time.monotonic()
    assert process.wait(PATIENCE) not in (0, 1)
    states = [line for line in lines if line[1] is not None]
    assert len(states) >= last
    is_in_a_change = lines[-1][1] is None
    return [*states, (killed, {"is_in_a_change": is_in_a_change})]


def items_of(state: dict) -> dict[str, object]:
    """Several captions of one change are files of their own, so each is looked at by itself."""
    found = {
        f"{part} {key}": state[part][key]
        for part in ("settings", "captions")
        for key in state[part]
    }
    return found | {"edits": state["edits"]}


@pytest.mark.slow
def test_at_most_the_last_moment_of_edits_is_lost_to_a_kill(tmp_path, capsys):
    project = Project(tmp_path / "toy")
    pictures = draw_pictures(project.images, count=PICTURES)
    data = {
        "name": "toy", "runs_folder": str(project.runs),
        "dataset": {"folder": str(pictures), "trigger": "zwx", "class_word": "toy"},
        "training": {"steps": 5, "seed": 5, "batch_size": 5},
    }  # fmt: skip
    project.save_draft(data)
    untouched = {"settings": data["training"], "edits": {}}
    kept: dict[str, object] = {}
    oldest, edits = 0.0, 0
    for seed in range(LIVES):
        *states, (killed, end) = killed_life(project, seed)
        edits += len(states)
        keys = list(states[0][1]["captions"])
        kept = kept or items_of(untouched | {"captions": dict.fromkeys(keys, "")})
        before, kept = kept, items_of(state_on_disk(project, keys))
        for item, value in kept.items():
            if end["is_in_a_change"] and value != items_of(states[-1][1])[item]:
                continue  # what that change made of it
            were = [(0.0, before[item]), *((at, items_of(state)[item]) for at, state in states)]
            last = max((number for number, (_, was) in enumerate(were) if was == value), default=-1)
            assert last >= 0, (item, value)  # nothing but what was once to be seen
            oldest = max([oldest, *(killed - at for at, _ in were[last + 1 :])])
    with capsys.disabled():
        print(f"\n{LIVES} lives, {edits} edits: what was lost was {oldest:.2f} s old at most")
    assert oldest < MOST_SECONDS
