"""A run goes on in its own folder, wherever that is, and never makes a second one."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from engine.errors import RunInUse, SavedElsewhere
from engine.events import Noticed, RunFailed, RunFinished, StepFinished
from engine.moved_run import RunGone, RunMoved
from engine.project import RunFolder, open_run, read_metrics
from tests.engine_runs import left_by, require_finished, tiny_run, train

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows renames no folder in use")


def settings(tiny_folder, pictures_folder, runs):
    return tiny_run(
        tiny_folder, pictures_folder, runs, training={"steps": 4},
        checkpoints={"every_steps": 1}, sampling={"every_steps": 2},
    )  # fmt: skip


def after_step(number, action):
    def act(event, control) -> None:
        if isinstance(event, StepFinished) and event.step == number:
            action()

    return act


@pytest.mark.parametrize("what", ["run", "runs"])
def test_a_run_whose_folder_is_renamed_ends_there_and_is_what_it_would_have_been(
    tiny_folder, pictures_folder, tmp_path, what
):
    alone = require_finished(train(settings(tiny_folder, pictures_folder, tmp_path / "alone")))
    runs = tmp_path / "runs"
    expected = tmp_path / "moved"

    def move():
        (folder,) = runs.iterdir()
        (folder if what == "run" else runs).rename(expected)

    trained = train(settings(tiny_folder, pictures_folder, runs), after_step(2, move))
    assert isinstance(trained.last, RunFinished)
    run = expected if what == "run" else next(expected.iterdir())
    assert [path.name for path in tmp_path.iterdir() if path.name == "runs"] == (
        ["runs"] if what == "run" else []
    )
    assert what == "runs" or list(runs.iterdir()) == []
    assert left_by(RunFolder(run)) == left_by(alone.folder)
    assert trained.last.exports == (str(run / "exports/toy.safetensors"),)
    told = [e.notice for e in trained.events if isinstance(e, Noticed)]
    assert [n.facts["folder"] for n in told if isinstance(n, RunMoved)] == [str(run)]
    steps = [line["step"] for line in read_metrics(run / "metrics.jsonl")
             if line["event"] == "StepFinished"]  # fmt: skip
    assert steps == [1, 2, 3, 4]


def test_a_run_whose_folder_is_deleted_is_not_made_anew_and_its_result_is_saved(
    tiny_folder, pictures_folder, tmp_path
):
    runs = tmp_path / "runs"

    def delete():
        (folder,) = runs.iterdir()
        shutil.rmtree(folder)

    trained = train(settings(tiny_folder, pictures_folder, runs), after_step(2, delete))
    assert isinstance(trained.last, RunFailed)
    assert isinstance(trained.last.error, SavedElsewhere)
    assert list(runs.iterdir()) == []
    assert any(isinstance(e, Noticed) and isinstance(e.notice, RunGone) for e in trained.events)


def test_a_run_whose_lock_file_is_deleted_is_still_held(tiny_folder, pictures_folder, tmp_path):
    run = require_finished(train(settings(tiny_folder, pictures_folder, tmp_path))).folder
    with run.locked():
        (run.path / ".lock").unlink()
        with pytest.raises(RunInUse):
            with _in_another_process(run):
                pass


class _in_another_process:  # noqa: N801 (reads as a block)
    """Try to lock a run from outside."""

    def __init__(self, run: RunFolder) -> None:
        self._path = run.path

    def __enter__(self) -> None:
        import subprocess
        from pathlib import Path

        code = (
            "import sys; from pathlib import Path\n"
            "from engine.project import RunFolder\nfrom engine.errors import RunInUse\n"
            "try:\n    with RunFolder(Path(sys.argv[1])).locked(): pass\n"
            "except RunInUse: sys.exit(7)\n"
        )
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-c", code, str(self._path)],
            env=os.environ | {"PYTHONPATH": str(root)},
        )
        if done.returncode == 7:
            raise RunInUse(folder=str(self._path))

    def __exit__(self, *_) -> None:
        return None


def test_a_run_that_is_not_held_is_where_its_path_says(tiny_folder, pictures_folder, tmp_path):
    run = require_finished(train(settings(tiny_folder, pictures_folder, tmp_path))).folder
    assert open_run(run.path).path == run.path
    moved = run.path.rename(tmp_path / "moved")
    assert run.path != moved  # nobody held it
    with RunFolder(moved).locked():
        assert RunFolder(moved).path == moved
