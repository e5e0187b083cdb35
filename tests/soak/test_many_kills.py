"""R-01: the long version of tests/engine/test_kill.py."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.conftest import draw_pictures
from tests.engine.test_kill import fire_at
from tests.engine_runs import EACH_METHOD
from tests.figures import only_in_soak

pytestmark = only_in_soak
RUNS, KILLS = 12, 17  # three of each method; one may end before its last kill
PROMISED = 200
INSIDE = 0.15  # of the kills must come down inside a write, or the test proves little
IN_WRITES = (
    "inside a checkpoint's write", "inside another file's write",
    "while an old checkpoint was removed",
)  # fmt: skip


@pytest.mark.timeout(7200)
def test_runs_that_are_killed_again_and_again_end_as_the_unbroken_run(tiny_folder, tmp_path):
    pictures = draw_pictures(tmp_path / "pictures")
    landed: Counter[str] = Counter()
    methods = list(EACH_METHOD)
    for number in range(RUNS):
        place = tmp_path / str(number)
        place.mkdir()
        story = fire_at(
            tiny_folder, pictures, place, kills=KILLS, steps=240, seed=number,
            method=methods[number % len(methods)], saves=2, samples=24,
        )  # fmt: skip
        landed += story.landed
    print()
    for where, count in landed.most_common():
        print(f"{count:3d} {where}")
    assert landed.total() >= PROMISED
    inside = sum(count for where, count in landed.items() if where in IN_WRITES)
    assert inside >= INSIDE * landed.total()
