"""The first user's way through the program, in six minutes: IMPRINT_SOAK=1 pytest -s tests/soak."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.figures import only_in_soak

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 360

pytestmark = only_in_soak


@pytest.mark.timeout(1200)
def test_a_first_user_is_through_in_six_minutes(tmp_path):
    server = shutil.which("xvfb-run")
    if server is None:
        pytest.skip("xvfb-run is not installed; `packaging/bootstrap.py test` names the package")
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb", "HOME": str(tmp_path)}
    artifacts = ROOT / "artifacts"
    done = subprocess.run(
        [
            *(server, "-a", "-s", "-screen 0 1400x900x24", sys.executable),
            *("-m", "tests.desktop.first_user", str(artifacts)),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    reached = json.loads(done.stdout.strip().splitlines()[-1])
    print(reached)
    assert reached["installed"] < MOST_SECONDS
