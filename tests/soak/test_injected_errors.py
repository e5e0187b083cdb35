"""R-03, from outside: a whole training whose N-th call to the system is answered with an error.

The library of tests/faults lets the calls of single actions fail; here it is the kernel, at any
call of a run that is as users start it. What comes of the run after that, resumed where it is
needed, must be what comes of it undisturbed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from engine.project import RunFolder
from tests.engine_runs import config_of, left_by, require_finished, tiny_run, train
from tests.figures import only_in_soak
from tests.kills import ROOT, require_whole

ERRORS = {
    "fsync": ("EIO", "ENOSPC", "EDQUOT"),
    "rename": ("EACCES", "EROFS", "EIO"),
    "mkdir": ("ENOSPC", "EROFS", "EACCES"),
    "unlink": ("EACCES", "EROFS", "EIO"),
}
EVERY = int(os.environ.get("INJECT_EVERY", "1"))  # each N-th call only
TIMEOUT_SECONDS = 120
OVER = {
    "training": {"steps": 6},
    "checkpoints": {"every_steps": 2, "keep": 2},
    "sampling": {"every_steps": 3, "num_inference_steps": 2},
}

pytestmark = [
    only_in_soak,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace injects the errors"),
]


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("call", ERRORS)
def test_a_call_that_the_system_refuses_costs_no_work(tiny_folder, tmp_path, image_folder, call):
    data = tiny_run(tiny_folder, image_folder, tmp_path / "unbroken", **OVER)
    unbroken = left_by(require_finished(train(data)).folder)
    ends: Counter[str] = Counter()
    number = 1
    while True:
        place = tmp_path / str(number)
        place.mkdir()
        error = ERRORS[call][number % len(ERRORS[call])]
        runs = place / "runs"
        config = place / "config.json"
        whole = config_of(data | {"runs_folder": str(runs)}).model_dump(mode="json")
        config.write_text(json.dumps(whole), "utf-8")
        fired, last, complaints = disturbed(["train", str(config)], place, call, error, number)
        assert "Traceback" not in complaints, (error, number, complaints[-2000:])
        if not fired:
            break
        require_whole(runs)
        ends[last] += 1
        left = left_by(_ended(runs, config))
        # A sample that could not be written is told, and not drawn again.
        missing = unbroken["samples"].keys() - left["samples"].keys()
        assert len(missing) <= 1
        left["samples"] |= {name: unbroken["samples"][name] for name in missing}
        assert left == unbroken, (error, number, last)
        shutil.rmtree(place)
        number += EVERY
    print(f"\n{call}: {ends.total()} errors of {number - 1} calls, ended in {dict(ends)}")
    assert ends.total() >= 3


def disturbed(
    arguments: list[str], place: Path, call: str, error: str, number: int
) -> tuple[bool, str, str]:
    """Whether the error came, the name of the last event, and what stands in standard error."""
    log = place / "strace.txt"
    command = [
        "strace", "-f", "--seccomp-bpf", "-o", str(log), "-e", f"trace={call}",
        "-e", f"inject={call}:error={error}:when={number}",
        sys.executable, str(ROOT / "main.py"), *arguments, "--json",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    last = told[-1]["event"] if told else "nothing"
    return "(INJECTED)" in log.read_text("utf-8"), last, done.stderr


def _ended(runs: Path, config: Path) -> RunFolder:
    """The run, gone on with where it did not end by itself; started anew where it left none."""
    folders = [RunFolder(path.parent) for path in sorted(runs.glob("*/config.json"))]
    again = ["resume", str(folders[-1].path)] if folders else ["train", str(config)]
    command = [sys.executable, str(ROOT / "main.py"), *again, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return RunFolder(sorted(runs.glob("*/config.json"))[-1].parent)
