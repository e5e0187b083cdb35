"""The file that a run starts from is read for its first step alone."""

from __future__ import annotations

import shutil

import pytest

from engine.control import Control
from engine.events import RunFailed, RunFinished
from engine.later_exports import export_again, export_step_again
from engine.sampler import SampleSettings
from engine.strength_and_step import strength_and_step
from tests.engine_runs import (
    EACH_METHOD,
    left_by,
    losses,
    require_finished,
    resume,
    stop_after,
    tiny_run,
    train,
)

WISH = SampleSettings(prompt="a zwx toy", width=32, height=32, num_inference_steps=2, seed=3)
FORMATS = {
    "lora": "kohya", "textual_inversion": "embedding", "hypernetwork": "hypernetwork"
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_a_run_goes_on_and_exports_though_the_file_that_it_started_from_is_gone(
    kind, tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", method=EACH_METHOD[kind])
    first = require_finished(train(data))
    start = tmp_path / f"start{first.export.suffix}"
    shutil.copy(first.export, start)
    data["method"] = EACH_METHOD[kind] | {"start_from": str(start)}
    unbroken = require_finished(train(data))
    assert losses(unbroken.folder) != losses(first.folder)

    stopped = require_finished(train(data, stop_after(2)))
    start.unlink()
    resumed = require_finished(resume(stopped.folder))
    assert left_by(resumed.folder) == left_by(unbroken.folder)

    out = tmp_path / f"again{first.export.suffix}"
    for job in (
        export_step_again(resumed.folder.path, 2),
        export_again(resumed.folder.path, None, FORMATS[kind], out),
        strength_and_step(resumed.folder.path, (2, 4), (1.0,), WISH, tmp_path, Control()),
    ):
        assert isinstance(list(job)[-1], RunFinished)


def test_a_new_run_whose_file_is_gone_is_refused(tiny_folder, pictures_folder, tmp_path):
    method = EACH_METHOD["lora"] | {"start_from": str(tmp_path / "nowhere.safetensors")}
    trained = train(tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", method=method))
    assert isinstance(trained.last, RunFailed)


def test_a_run_that_was_stopped_before_its_first_checkpoint_still_starts_from_its_file(
    tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", method=EACH_METHOD["lora"])
    first = require_finished(train(data))
    data["method"] = EACH_METHOD["lora"] | {"start_from": str(first.export)}
    unbroken = require_finished(train(data))

    def stop_while_it_prepares(event, control) -> None:
        del event
        control.stop()

    stopped = train(data, stop_while_it_prepares)
    runs = sorted((tmp_path / "runs").iterdir(), key=lambda path: path.stat().st_mtime)
    assert isinstance(stopped.last, RunFinished)
    from engine.project import RunFolder

    resumed = require_finished(resume(RunFolder(runs[-1])))
    assert losses(resumed.folder) == losses(unbroken.folder)
