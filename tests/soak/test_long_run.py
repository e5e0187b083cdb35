"""R-13: a long run keeps its memory and its handles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.figures import only_in_soak

ROOT = Path(__file__).parents[2]
STEPS = 200_000
MOST_MIB = 1.0  # more in a thousand steps

pytestmark = only_in_soak


@pytest.mark.timeout(14_400)
def test_memory_handles_and_threads_stay_as_they_are(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak.long_run", str(STEPS)],
        cwd=ROOT, env=os.environ | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    print(figures)
    assert figures["StepFinished"] == STEPS
    assert figures["mib_per_1000_steps"] < MOST_MIB
    assert figures["most_more_handles"] == 0
    assert figures["most_more_threads"] == 0
    left = [path for path in tmp_path.rglob("*") if not path.is_dir()]
    assert left == []  # torch makes an empty folder for what it compiles
