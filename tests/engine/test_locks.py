"""R-12: of many that want a run, exactly one has it, and a dead one's place is free at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import RunInUse
from engine.project import RunFolder
from tests.figures import figure
from tests.timing import PATIENCE

ROOT = Path(__file__).parents[2]
RACERS = 20
ROUNDS = figure(3, 1_000)

RACER = """
import os, sys, time
from pathlib import Path
from engine.errors import RunInUse
from engine.project import RunFolder
folder, rounds = RunFolder(Path(sys.argv[1])), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for number in range(rounds):
    try:
        with folder.locked():
            owner = folder.path / "owner"
            os.close(os.open(owner, os.O_CREAT | os.O_EXCL))  # a second owner fails here
            time.sleep(0.002)
            owner.unlink()
            print("had it", flush=True)
    except RunInUse:
        pass
    time.sleep(0.001)
"""


def racer(folder: Path, rounds: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", RACER, str(folder), str(rounds)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


def test_twenty_that_race_for_a_run_never_have_it_together(tmp_path):
    racers = [racer(tmp_path, ROUNDS) for _ in range(RACERS)]
    for one in racers:
        assert one.stdout.readline() == "ready\n"
    for one in racers:
        one.stdin.write("go\n")
        one.stdin.flush()
    told = [one.communicate(timeout=PATIENCE) for one in racers]
    assert all(one.returncode == 0 for one in racers), [error for _, error in told if error][:1]
    had = sum(out.count("had it") for out, _ in told)
    print(f"{had} of {RACERS * ROUNDS} tries had the run, one at a time")
    assert had >= ROUNDS // 2  # and none waits for ever


def test_the_place_of_one_that_was_killed_is_free_at_once(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from engine.project import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked():\n"
        "    print('has it', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert holder.stdout.readline() == "has it\n"
    with pytest.raises(RunInUse, match="Another Imprint is writing"), RunFolder(tmp_path).locked():
        pass
    holder.kill()
    holder.wait()
    with RunFolder(tmp_path).locked():
        pass


def test_a_run_that_this_program_holds_is_not_said_to_be_held_by_another(tmp_path):
    with RunFolder(tmp_path).locked():
        for _ in range(2):  # a refusal changes nothing
            with pytest.raises(RunInUse, match="This Imprint is") as refused:
                with RunFolder(tmp_path / ".." / tmp_path.name).locked():
                    pass
            assert "Another" not in str(refused.value)
