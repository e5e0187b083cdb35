"""Nobody thought of these: a run that somebody damaged is resumed, exported and listed without a
traceback, and nothing outside of its folder changes."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from engine.control import Control
from engine.errors import UserError
from engine.events import RunFailed, RunFinished
from engine.interrupted import interrupted
from engine.later_exports import export_again, export_step_again
from engine.outcome import finished_exports
from engine.project import Project, RunFolder
from engine.run import resume
from engine.run_records import differences, load_record, loss_curve, write_diagnostics
from tests.engine_runs import require_finished, tiny_run, train
from tests.fuzz.folders import damage, everything_in, make_decoy

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes and links need rights on Windows")
SOAK = bool(os.environ.get("IMPRINT_SOAK"))
ROUNDS = 1000 if SOAK else 20


@pytest.fixture(scope="module")
def whole(tiny_folder, tmp_path_factory) -> Path:
    """A project with one run that has two of its three steps behind it."""
    from tests.conftest import draw_pictures

    project = Project(tmp_path_factory.mktemp("whole") / "toy")
    pictures = draw_pictures(project.images)
    data = tiny_run(
        tiny_folder, pictures, project.runs, training={"steps": 3},
        checkpoints={"every_steps": 1}, sampling={"every_steps": 1},
    )  # fmt: skip
    project.save_draft(data)
    run = require_finished(train(data)).folder
    shutil.rmtree(run.checkpoints / "step_000003")
    lines = run.metrics.read_text().splitlines(keepends=True)
    run.metrics.write_text("".join(line for line in lines if "RunFinished" not in line))
    run.result.unlink()
    return project.folder


def used(project: Project, run: RunFolder, out: Path) -> None:
    """As the window and the command line use a run. Raises whatever is no sentence."""
    for ask in (
        project.open_draft,
        lambda: [load_record(folder) for folder in project.list_runs()],
        project.unfinished_run,
        lambda: interrupted(run),
        lambda: loss_curve(run),
        lambda: differences([run, run]),
        lambda: finished_exports(run.path),
        lambda: write_diagnostics(run, out / "report.zip"),
    ):
        try:
            ask()
        except UserError:
            continue
    for events in (
        resume(run.path, Control()),
        export_step_again(run.path, 2),
        export_again(run.path, None, "kohya", out / "again.safetensors"),
    ):
        *_, last = events
        assert isinstance(last, RunFinished | RunFailed)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_damaged_run_ends_in_a_sentence_and_touches_nothing_else(whole, tmp_path, number):
    chance = random.Random(number)
    make_decoy(tmp_path / "home")
    before = everything_in(tmp_path / "home")
    project = Project(shutil.copytree(whole, tmp_path / "toy"))
    (run,) = project.list_runs()
    out = tmp_path / "out"
    out.mkdir()
    done = damage(run.path if number % 2 else project.folder, chance, tmp_path / "home")
    try:
        used(project, run, out)
    except BaseException as error:
        error.add_note(f"round {number}: {done}")
        raise
    assert everything_in(tmp_path / "home") == before, done
