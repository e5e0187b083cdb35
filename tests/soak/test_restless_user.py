"""Start, pause, stop and close at random moments of real trainings, 200 times: `make soak`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.figures import figure

ROOT = Path(__file__).parents[2]
TIMES = figure(6, 200)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_moment_is_a_bad_one_to_stop_or_close(tmp_path):
    places = {f"XDG_{name}_HOME": str(tmp_path) for name in ("CONFIG", "DATA", "CACHE")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.desktop.restless_user", str(TIMES), "1"],
        cwd=ROOT,
        env={**os.environ, **places, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=3500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "QThread" not in done.stderr
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    print(figures)
    assert figures["starts"] == TIMES
    assert figures["threads_left"] == []
    assert figures["longest_stop"] < 10
