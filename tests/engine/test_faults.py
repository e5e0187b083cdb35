"""Disks that fail at any call, and kills at any call: the old is there, or the new, never half.

R-03, R-04 and R-05 of docs/reliability.md. IMPRINT_SOAK=1 tries every error in every way.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter

import pytest

from tests.faults.actions import ACTIONS
from tests.faults.faulty import run
from tests.figures import SOAK

TAKES_LONG = True  # for few tests: see tests/conftest.py

ERRORS = ["ENOSPC", "EIO", "EDQUOT", "EACCES", "EROFS"] if SOAK else ["ENOSPC", "EIO"]
MODES = ["sticky", "once", "half", "kill"] if SOAK else ["sticky", "kill"]
OURS = {"IM-OUT-01", "IM-OUT-02"}

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="the shim needs Linux and cc"
)


@pytest.fixture(scope="module")
def tries(tmp_path_factory) -> list[dict]:
    folder = tmp_path_factory.mktemp("faults")
    rows = run(folder, list(ACTIONS), ERRORS, MODES)
    told = Counter((row["action"], row["mode"]) for row in rows if row["fired"])
    print("\n", sum(told.values()), "faults:", dict(told))
    return rows


def test_every_action_was_let_fail_at_each_of_its_calls(tries):
    for action in ACTIONS:
        for mode in MODES:
            fired = [row for row in tries if (row["action"], row["mode"]) == (action, mode)]
            assert sum(row["fired"] for row in fired) >= 3, (action, mode)
            assert not fired[-1]["fired"]  # the last try went through without one


def test_what_stands_under_a_final_name_is_whole_after_every_fault_and_every_kill(tries):
    broken = [row for row in tries if row["broken"]]
    assert not broken, broken[:3]


def test_a_fault_is_told_in_a_sentence_and_never_as_a_traceback(tries):
    for row in tries:
        if row["fired"] and not row["killed"]:
            assert row["said"] in {*OURS, ""}, row


def test_a_fault_that_was_told_left_the_old_as_it_was(tries):
    """But where the last call of all failed, the sync of the folder: then the new stands there,
    whole, and nobody can know for how long."""
    last = {row["action"]: row["calls"] for row in tries if not row["fired"]}
    for row in tries:
        if row["said"] in OURS and row["action"] not in ("record", "checkpoint"):
            assert row["unchanged"] or row["at"] == last[row["action"]], row


def test_nothing_is_left_lying_after_a_fault_and_after_a_kill_the_next_start_sweeps(tries):
    left = [row for row in tries if row["strays"] and not row["killed"]]
    assert not left, left[:3]
    assert not [row for row in tries if row["killed"] and row["strays_after_sweep"]]


def test_kills_came_down_inside_writes(tries):
    """Else the test would prove nothing."""
    inside = [row for row in tries if row["killed"] and row["strays"]]
    assert len(inside) >= 0.15 * sum(row["killed"] for row in tries)
