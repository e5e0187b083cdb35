"""Random actions at the real window, on odd projects, with a disk that fails now and then, end in
no exception, no crash, no hang and no changed file of the user's; see tests/fuzz/monkey.py."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.figures import SOAK, figure
from tests.timing import PATIENCE

TAKES_LONG = True  # minutes, for few tests: see tests/conftest.py

ROOT = Path(__file__).parents[2]
ACTIONS = figure(150, 500)
SEEDS = range(1, figure(1, 20) + 1)  # 10,000 actions by `make soak`
FAULTS = [] if shutil.which("cc") is None else ["--faults"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(sys.platform != "linux", reason="faults of the disk are injected on Linux"),
]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_that_is_done_to_the_window_is_too_much_for_it(seed, tmp_path, capsys):
    faults = FAULTS if seed % 2 else []
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.monkey",
        "--seed",
        str(seed),
        "--actions",
        str(ACTIONS),
    ]
    log = tmp_path / "log.txt"
    done = subprocess.run(
        [*command, *faults, "--log", str(log)], cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=7 * PATIENCE,
    )  # fmt: skip
    last = log.read_text("utf-8")[-2000:]
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr[-5000:]}\n{last}"
    figures = json.loads(done.stdout.splitlines()[-1])
    if SOAK:
        with capsys.disabled():
            print(
                f"\n{ {key: figures[key] for key in ('seed', 'actions', 'sessions', 'faults', 'slowest')} }"
            )
    assert figures["findings"] == [], json.dumps(figures["findings"], indent=1)[:6000]
    assert figures["actions"] >= ACTIONS
