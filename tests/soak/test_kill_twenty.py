"""The long version of tests/engine/test_kill.py: IMPRINT_SOAK=1 pytest -s tests/soak."""

from __future__ import annotations

import os

import pytest

from tests.conftest import draw_pictures
from tests.engine.test_kill import fire_at

pytestmark = pytest.mark.skipif("IMPRINT_SOAK" not in os.environ, reason="minutes; ask for it")


@pytest.mark.timeout(3600)
def test_a_run_killed_twenty_times_ends_as_the_unbroken_run(tiny_folder, tmp_path):
    pictures = draw_pictures(tmp_path / "pictures")
    story = fire_at(tiny_folder, pictures, tmp_path, kills=20, steps=240, seed=20)
    print()
    for where, count in story.landed.most_common():
        print(f"{count:3d} {where}")
    assert story.landed.total() == 20
    inside = sum(count for where, count in story.landed.items() if "inside" in where)
    assert inside > 0, "no kill came down inside a write: the test proves little"
