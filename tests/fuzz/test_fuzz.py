"""S-01: any bytes give a result or one of our sentences; never a crash, a hang or a flood."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.figures import SOAK, figure
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).parent / "kept"
SMALL = 1_000

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_end_the_program_or_come_to_a_traceback(name, tmp_path, capsys):
    count = figure(SMALL if "pt" not in name else SMALL // 4, TARGETS[name].whole)
    seed = int.from_bytes(os.urandom(4), "big") if SOAK else 1
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.throw", name, str(seed), str(count), str(tmp_path)],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    left = sorted(path.name for path in tmp_path.iterdir())
    assert done.returncode == 0, (done.returncode, left, done.stderr[-2000:])
    figures = json.loads(done.stdout.splitlines()[-1])
    with capsys.disabled():
        print(f"\n{name} (seed {seed}): {figures}")
    assert figures["found"] == []
    assert figures["inputs"] == count
    assert figures.get("refused", 0) + figures.get("taken", 0) == count


@pytest.mark.parametrize("file", sorted(KEPT.glob("*.*")), ids=lambda path: path.name)
def test_what_was_once_found_stays_mended(file):
    """Named TARGET-what.suffix."""
    name = max((name for name in TARGETS if file.name.startswith(name)), key=len)
    try:
        TARGETS[name].read(file)
    except TARGETS[name].refusals:
        pass
