"""Rows 75 to 84: places that are full, closed or gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from engine import long_paths
from engine.events import Noticed
from tests.bad_input.catalogue import Place, row, shown_by
from tests.engine_runs import tiny_run, train

ROOM = "tests/engine/test_room.py"
FAULTS = "tests/engine/test_faults.py"

shown_by(
    75, "a disk that is full, or would be",
    f"{ROOM}::test_a_full_disk_makes_the_run_wait_and_what_comes_of_it_is_the_same",
    "tests/desktop/test_method_panel.py::test_a_disk_that_is_too_small_is_told",
)  # fmt: skip


@row(76, "an output folder that cannot be written", "IM-OUT-01", "Nothing can be written to")
def closed(place):
    """A file in its way: whoever runs the tests may be allowed to write anywhere."""
    place.file("runs", b"")
    trained = train(tiny_run(place.tiny_model, place.pictures, place.folder / "runs"))
    assert len(trained.events) == 1
    return trained.last.error


shown_by(
    77, "a drive that goes away", f"{ROOM}::test_a_folder_that_goes_away_costs_no_result"
)  # fmt: skip
shown_by(
    78, "a stick that is pulled out", f"{ROOM}::test_exports_that_cannot_be_written_go_elsewhere_and_the_state_stays",
)  # fmt: skip


@row(79, "a path of more than 259 letters on Windows (pretended)", "IM-OUT-08", "letters")
def long_path(place):
    with patch.object(long_paths, "longest_path", lambda: long_paths.WINDOWS_LONGEST):
        runs = place.folder / ("d" * 120) / "runs"
        return train(tiny_run(place.tiny_model, place.pictures, runs)).last.error


@row(80, "names that differ in case or in how an accent is written")
def twins(place):
    from engine.project import safe_name

    assert safe_name("Café") == safe_name("cafe\u0301") == safe_name("CAFÉ")


@row(81, "a temporary folder that is not there")
def no_temporary_folder(place: Place):
    """Nothing is written there: all work lies beside what it becomes."""
    code = (
        "import sys; from pathlib import Path; from engine import storage\n"
        "storage.write_text(Path(sys.argv[1]), 'x')"
    )
    target = place.folder / "a.txt"
    environment = os.environ | {"TMPDIR": "/not/there"}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(target)], env=environment, cwd=root, check=True)
    assert target.read_text() == "x"


shown_by(
    82, "a quota that is used up", f"{FAULTS}::test_a_fault_is_told_in_a_sentence_and_never_as_a_traceback"
)  # fmt: skip
shown_by(
    83, "an index that is damaged",
    "tests/engine/test_survey.py::test_a_damaged_index_is_as_good_as_none",
    "tests/engine/test_run_queue.py::test_a_file_that_cannot_be_read_is_left_alone",
    "tests/engine/test_run_records.py::test_a_folder_that_is_damaged_cannot_be_shown_and_one_that_is_gone_is_left_out",
)  # fmt: skip


@row(84, "a home that cannot be written", "IM-CAC-01", "Prepared pictures could not be kept")
def closed_home(place: Place):
    """Pictures are prepared in memory then, and the run is none the worse."""
    data = tiny_run(place.tiny_model, place.pictures, place.folder / "runs")
    in_the_way = place.file("home", b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(in_the_way / "cache"))
        patch.setenv("HOME", str(in_the_way))
        trained = train(data)
    assert trained.export.is_file()
    return [event.notice for event in trained.of(Noticed)]
