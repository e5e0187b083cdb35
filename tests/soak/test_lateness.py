"""The window under everything at once for five minutes: `make soak`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.figures import only_in_soak

ROOT = Path(__file__).parents[2]
SECONDS = 300

pytestmark = only_in_soak


@pytest.mark.timeout(1200)
def test_the_window_answers_while_it_trains_and_reads_ten_thousand_pictures(tmp_path):
    places = {f"XDG_{name}_HOME": str(tmp_path) for name in ("CONFIG", "DATA", "CACHE")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.desktop.busy_user", str(SECONDS)],
        cwd=ROOT,
        env={**os.environ, **places, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=1100,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    late = json.loads(done.stdout.strip().splitlines()[-1])
    print(late)
    assert late["imported_after_s"] > 0
    assert late["p99"] < 50
    assert late["max"] < 250
