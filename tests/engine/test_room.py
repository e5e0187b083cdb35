"""A run on a disk that fills up waits, goes on as if nothing had been, or saves elsewhere."""

from __future__ import annotations

import shutil

import pytest

from engine import checkpoint, storage
from engine.errors import DiskFull, OutputNotWritable, SavedElsewhere
from engine.events import Noticed, PausedAt, ResumedAt, RunFailed, RunStarted, StepFinished
from engine.notices import (
    RecordNotKept,
    RoomLow,
    SampleWaits,
    WaitsForRoom,
)
from engine.output_errors import FilesLimited
from engine.project import RunFolder
from engine.rescue import rescue_folder
from tests.engine.test_storage import files_no_larger_than, limited_files
from tests.engine_runs import left_by, require_finished, resume, tiny_run, train


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr("engine.room.FIRST_TRY_SECONDS", 0.05)
    monkeypatch.setattr("engine.room.NAP_SECONDS", 0.01)


@pytest.fixture(scope="module")
def finished(tiny_folder, pictures_folder, tmp_path_factory):
    """A run that always had room."""
    runs = tmp_path_factory.mktemp("runs")
    return require_finished(train(tiny_run(tiny_folder, pictures_folder, runs))).folder


class Full:
    """A disk that is full from a step on, until it is told otherwise. The kernel refuses."""

    def __init__(self, from_step: int) -> None:
        self._from_step = from_step
        self._limit = files_no_larger_than(50_000)
        self.is_full = False

    def __call__(self, event, control) -> None:
        if isinstance(event, StepFinished) and event.step == self._from_step:
            self._limit.__enter__()
            self.is_full = True

    def make_room(self) -> None:
        if self.is_full:
            self._limit.__exit__(None, None, None)
            self.is_full = False


@pytest.fixture(params=[1, 4], ids=["at a checkpoint", "at the end"])
def full(request):
    disk = Full(request.param)
    yield disk
    disk.make_room()


def notices(trained) -> list[type]:
    return [type(event.notice) for event in trained.of(Noticed)]


def test_a_full_disk_makes_the_run_wait_and_what_comes_of_it_is_the_same(
    tiny_folder, pictures_folder, tmp_path, full, finished
):
    waited = []

    def watch(event, control):
        full(event, control)
        if isinstance(event, PausedAt):
            waited.append(event.step)
            if len(waited) == 2:  # the first try after the pause still finds it full
                full.make_room()

    trained = require_finished(train(tiny_run(tiny_folder, pictures_folder, tmp_path), watch))
    assert WaitsForRoom in notices(trained)
    assert len(waited) == len(trained.of(ResumedAt)) == 2
    assert left_by(trained.folder) == left_by(finished)


def test_files_that_may_not_grow_are_not_waited_for(tiny_folder, pictures_folder, tmp_path):
    """No room would come, and nowhere else may they grow either."""
    limit = limited_files(50_000)

    def watch(event, control):
        if isinstance(event, StepFinished) and event.step == 1:
            limit.__enter__()

    try:
        failed = train(tiny_run(tiny_folder, pictures_folder, tmp_path), watch)
    finally:
        limit.__exit__(None, None, None)
    assert WaitsForRoom not in notices(failed)
    assert failed.of(PausedAt) == []
    assert isinstance(failed.last.error, FilesLimited)
    assert "may not grow beyond 48 KiB" in str(failed.last.error)


def test_a_stop_while_it_waits_ends_the_run_with_its_last_checkpoint_whole(
    tiny_folder, pictures_folder, tmp_path, finished
):
    full = Full(from_step=3)

    def watch(event, control):
        full(event, control)
        if isinstance(event, PausedAt):
            control.stop()

    try:
        failed = train(tiny_run(tiny_folder, pictures_folder, tmp_path), watch)
    finally:
        full.make_room()
    assert isinstance(failed.last, RunFailed)
    assert isinstance(failed.last.error, DiskFull)
    assert checkpoint.steps_in(failed.folder.checkpoints) == [2]
    again = require_finished(resume(failed.folder))
    assert again.of(RunStarted)[0].first_step == 2
    assert left_by(again.folder) == left_by(finished)


def test_a_stop_on_a_full_disk_saves_the_result_on_another(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    """Only the folder of the runs is full, as a drive of its own would be."""
    real, runs = checkpoint.saving, tmp_path / "runs"

    def full(checkpoints, state):
        if runs in checkpoints.parents and state.step > 2:
            raise DiskFull(folder=str(checkpoints), need_mib=1.0, free_mib=0.0)
        return (yield from real(checkpoints, state))

    def watch(event, control):
        if isinstance(event, PausedAt):
            control.stop()

    monkeypatch.setattr(checkpoint, "saving", full)
    trained = train(tiny_run(tiny_folder, pictures_folder, runs), watch)
    assert isinstance(trained.last.error, SavedElsewhere)
    assert "the disk is full" in trained.last.error.sentence
    saved = rescue_folder() / trained.folder.path.name
    assert checkpoint.steps_in(saved / "checkpoints") == [4]
    assert (saved / "toy.safetensors").is_file()


def test_low_room_is_told_once_and_too_little_is_waited_for(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    free = {"bytes": 1 << 30}
    monkeypatch.setattr(storage, "free_bytes", lambda folder: free["bytes"])
    monkeypatch.setattr("engine.room.LOOK_SECONDS", 0.0)
    steps = []

    def watch(event, control):
        if isinstance(event, StepFinished):
            steps.append(event.step)
            free["bytes"] = 1 << 20 if event.step == 3 else 1 << 30
        if isinstance(event, PausedAt):
            free["bytes"] = 1 << 30

    trained = require_finished(train(tiny_run(tiny_folder, pictures_folder, tmp_path), watch))
    assert notices(trained).count(RoomLow) == 1
    assert notices(trained).count(WaitsForRoom) == 1
    assert [event.step for event in trained.of(PausedAt)] == [3]
    assert steps == [1, 2, 3, 4]


@pytest.mark.parametrize("last_good", [1, 4], ids=["in training", "at the end"])
def test_a_folder_that_goes_away_costs_no_result(tiny_folder, pictures_folder, tmp_path, last_good):
    """The folder becomes a file: even the administrator, who runs these tests, cannot write."""
    runs = tmp_path / "runs"

    def watch(event, control):
        if isinstance(event, StepFinished) and event.step == last_good:
            folder = next(path for path in runs.iterdir())
            for name in ("checkpoints", "exports"):
                shutil.rmtree(folder / name, ignore_errors=True)
                (folder / name).write_text("in the way")

    trained = train(tiny_run(tiny_folder, pictures_folder, runs), watch)
    error = trained.last.error
    assert isinstance(error, SavedElsewhere)
    saved = rescue_folder() / trained.folder.path.name
    assert str(saved) in error.sentence
    assert (saved / "toy.safetensors").is_file()
    step = 2 if last_good == 1 else 4
    assert error.facts["step"] == step
    assert checkpoint.steps_in(saved / "checkpoints") == [step]
    checkpoint.verify(checkpoint.folder_of(saved / "checkpoints", step))


def test_exports_that_cannot_be_written_go_elsewhere_and_the_state_stays(
    tiny_folder, pictures_folder, tmp_path
):
    runs = tmp_path / "runs"

    def watch(event, control):
        if isinstance(event, StepFinished) and event.step == 4:
            (next(path for path in runs.iterdir()) / "exports").write_text("in the way")

    trained = train(tiny_run(tiny_folder, pictures_folder, runs), watch)
    assert isinstance(trained.last.error, SavedElsewhere)
    assert checkpoint.steps_in(trained.folder.checkpoints) == [2, 4]
    saved = rescue_folder() / trained.folder.path.name
    assert [path.name for path in saved.iterdir()] == ["toy.safetensors"]


def test_where_nothing_can_be_written_at_all_the_first_reason_is_told(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    runs = tmp_path / "runs"
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("engine.rescue.rescue_folder", lambda: tmp_path / "file")

    def watch(event, control):
        if isinstance(event, StepFinished) and event.step == 1:
            folder = next(path for path in runs.iterdir())
            (folder / "checkpoints").write_text("in the way")

    trained = train(tiny_run(tiny_folder, pictures_folder, runs), watch)
    assert isinstance(trained.last.error, OutputNotWritable)
    assert str(runs) in trained.last.error.sentence


def test_a_record_that_cannot_be_written_costs_the_record_alone(
    tiny_folder, pictures_folder, tmp_path
):
    def watch(event, control):
        if isinstance(event, StepFinished) and event.step == 2:
            metrics = next(tmp_path.glob("*/metrics.jsonl"))
            metrics.unlink()
            metrics.mkdir()

    trained = require_finished(train(tiny_run(tiny_folder, pictures_folder, tmp_path), watch))
    assert notices(trained) == [RecordNotKept]
    assert trained.export.is_file()


class FullNow:
    """A disk that is full until it was waited for; only for what is larger than `limit`."""

    def __init__(self, limit: int) -> None:
        self._limit = files_no_larger_than(limit)
        self._limit.__enter__()
        self.is_full = True
        self.waited: list[int] = []

    def __call__(self, event, control) -> None:
        if isinstance(event, PausedAt):
            self.waited.append(event.step)
            self.make_room()

    def make_room(self) -> None:
        if self.is_full:
            self._limit.__exit__(None, None, None)
            self.is_full = False


def test_a_disk_that_is_full_before_the_run_has_a_folder_is_waited_for(
    tiny_folder, pictures_folder, tmp_path
):
    disk = FullNow(10)
    try:
        trained = require_finished(train(tiny_run(tiny_folder, pictures_folder, tmp_path), disk))
    finally:
        disk.make_room()
    assert disk.waited == [0]
    assert WaitsForRoom in notices(trained)


def test_class_pictures_wait_for_room(tiny_folder, pictures_folder, tmp_path, monkeypatch):
    from engine import class_images

    real, refused = class_images.save_png, []

    def full_once(path, *rest):
        if len(refused) < 2:  # the cache, and then the run's folder
            refused.append(path)
            raise DiskFull(folder=str(path.parent), need_mib=1.0, free_mib=0.0)
        return real(path, *rest)

    monkeypatch.setattr(class_images, "save_png", full_once)
    method = {"kind": "dreambooth", "learning_rate": 1e-4, "num_class_images": 2}
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, method=method)
    trained = require_finished(train(data))
    assert len(refused) == 2
    assert [event.step for event in trained.of(PausedAt)] == [0]
    assert WaitsForRoom in notices(trained)


def test_a_stop_while_it_waits_before_the_first_step_ends_the_run(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    from engine import class_images

    def full(path, *rest):
        raise DiskFull(folder=str(path.parent), need_mib=1.0, free_mib=0.0)

    monkeypatch.setattr(class_images, "save_png", full)
    method = {"kind": "dreambooth", "learning_rate": 1e-4, "num_class_images": 2}

    def watch(event, control):
        if isinstance(event, PausedAt):
            control.stop()

    stopped = train(tiny_run(tiny_folder, pictures_folder, tmp_path, method=method), watch)
    assert stopped.last.stopped_early
    assert not stopped.of(RunStarted)


def test_a_checkpoint_is_called_safe_only_where_there_is_one(
    tiny_folder, pictures_folder, tmp_path
):
    assert "checkpoint" not in DiskFull(folder="x", need_mib=1.0, free_mib=0.0).advice
    for first, safe in ((1, False), (3, True)):
        full = Full(from_step=first)

        def watch(event, control, full=full):
            full(event, control)
            if isinstance(event, PausedAt):
                control.stop()

        try:
            failed = train(tiny_run(tiny_folder, pictures_folder, tmp_path / str(first)), watch)
        finally:
            full.make_room()
        assert isinstance(failed.last.error, DiskFull)
        assert ("the checkpoint of step 2 is safe" in failed.last.error.advice) is safe
        assert ("checkpoint" in failed.last.error.advice) is safe


@pytest.mark.parametrize("ends", ["goes on", "is killed"])
def test_a_sample_that_found_no_room_is_made_later(
    tiny_folder, pictures_folder, tmp_path, monkeypatch, ends
):
    from engine import previews

    real, refusing = previews.save_png, [True]

    def full(path, *rest):
        if refusing[0] and "step_000002" in path.name:
            raise DiskFull(folder=str(path.parent), need_mib=1.0, free_mib=0.0)
        return real(path, *rest)

    sampling = {"every_steps": 1, "num_inference_steps": 2, "prompts": ["zwx", "a toy"]}
    plain = tiny_run(
        tiny_folder, pictures_folder, tmp_path / "a", sampling=sampling,
        checkpoints={"every_steps": 2}, training={"steps": 6},
    )  # fmt: skip
    unbroken = require_finished(train(plain)).folder
    monkeypatch.setattr(previews, "save_png", full)
    waited = []

    def watch(event, control):
        if isinstance(event, StepFinished) and event.step == 3 and ends == "is killed":
            raise KeyboardInterrupt
        if isinstance(event, PausedAt):
            waited.append(event.step)
            refusing[0] = False

    data = plain | {"runs_folder": str(tmp_path / "b")}
    if ends == "is killed":
        with pytest.raises(KeyboardInterrupt):
            train(data, watch)
        refusing[0] = False
        (path,) = (tmp_path / "b").iterdir()
        trained = require_finished(resume(RunFolder(path)))
    else:
        trained = require_finished(train(data, watch))
        assert SampleWaits in notices(trained)
        assert waited == [4]  # no checkpoint is written before the samples that are owed
    assert left_by(trained.folder)["samples"] == left_by(unbroken)["samples"]
    assert len(left_by(unbroken)["samples"]) >= 12


def test_a_sample_of_the_last_step_that_found_no_room_is_made_before_the_end(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    """After the last checkpoint, so that none waits for it."""
    from engine import previews

    real, refusing = previews.save_png, [True]

    def full(path, *rest):
        if refusing[0] and "step_000004" in path.name:
            raise DiskFull(folder=str(path.parent), need_mib=1.0, free_mib=0.0)
        return real(path, *rest)

    def make_room(event, control):
        if isinstance(event, PausedAt):
            refusing[0] = False

    monkeypatch.setattr(previews, "save_png", full)
    sampling = {"every_steps": 2, "num_inference_steps": 2, "prompts": ["zwx"]}
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, sampling=sampling)
    trained = require_finished(train(data, make_room))
    assert SampleWaits in notices(trained)
    assert [path.name[:11] for path in sorted(trained.folder.samples.iterdir())] == [
        "step_000000", "step_000002", "step_000004"
    ]  # fmt: skip
