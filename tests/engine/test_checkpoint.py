"""Damage is found, the last good state is used, and no two programs write one run."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine import checkpoint, storage, tensor_writer
from engine.checkpoint import Checkpoint
from engine.checkpoint_errors import CheckpointDamaged
from engine.control import Control
from engine.errors import Diverged, NoCheckpoint, OutputNotWritable, RunInUse, RunMissing
from engine.events import (
    CheckpointSaved,
    Heartbeat,
    Noticed,
    RunFailed,
    RunFinished,
    RunStarted,
    StepFinished,
)
from engine.later_exports import export_again, export_step_again
from engine.models.tensor_file import SafetensorsFile
from engine.notices import CheckpointSkipped
from engine.project import RunFolder, open_run
from engine.records import NotRead, Why
from engine.run_errors import RunInUseHere
from engine.sampler import SampleSettings
from engine.strength_and_step import strength_and_step
from tests.engine_runs import left_by, require_finished, resume, tiny_run, train
from tests.figures import figure

FILES = ("weights.safetensors", "optimizer.safetensors", "state.json", "MANIFEST.json")


@pytest.fixture(scope="module")
def finished(tiny_folder, pictures_folder, tmp_path_factory) -> RunFolder:
    """Four steps with checkpoints at 2 and 4. Tests work on copies of it."""
    runs = tmp_path_factory.mktemp("finished")
    return require_finished(train(tiny_run(tiny_folder, pictures_folder, runs))).folder


@pytest.fixture
def copy(finished, tmp_path) -> RunFolder:
    return RunFolder(shutil.copytree(finished.path, tmp_path / "copy"))


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    place = random.Random(path.name).randrange(len(data))
    data[place] ^= 0x01
    path.write_bytes(data)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [flip_a_byte, cut_short, empty, Path.unlink])
def test_each_damage_to_each_file_is_found(copy, name, damage):
    newest = checkpoint.folder_of(copy.checkpoints, 4)
    damage(newest / name)
    with pytest.raises(NotRead) as caught:
        checkpoint.load(newest)
    assert caught.value.why is Why.DAMAGED


@pytest.mark.parametrize("damage", [flip_a_byte, Path.unlink])
def test_a_damaged_newest_checkpoint_costs_its_steps_a_notice_and_nothing_else(
    copy, finished, damage
):
    damage(checkpoint.folder_of(copy.checkpoints, 4) / "weights.safetensors")
    again = require_finished(resume(copy))
    (notice,) = [n.notice for n in again.of(Noticed) if isinstance(n.notice, CheckpointSkipped)]
    assert "The checkpoint of step 4 is damaged" in notice.sentence
    assert notice.advice == "An earlier one is used."
    assert again.of(RunStarted)[0].first_step == 2
    assert left_by(copy) == left_by(finished)


def test_the_newest_is_the_one_of_the_highest_step_whatever_the_clock_says(copy):
    os.utime(checkpoint.folder_of(copy.checkpoints, 2), (4e9, 4e9))
    os.utime(checkpoint.folder_of(copy.checkpoints, 4), (0, 0))
    saved, _ = checkpoint.load_latest(copy.path)
    assert saved is not None
    assert saved.step == 4


def test_a_state_comes_back_with_every_kind_of_number(tmp_path):
    weights = {"a": torch.randn(3, 4), "b": torch.randn(2).bfloat16(), "c": torch.tensor(1.5)}
    optimizer = {
        "state": {
            0: {"step": torch.tensor(3.0), "exp_avg": torch.randn(3, 4), "d": 0.1 + 0.2},
            1: {"step": torch.tensor(3.0)},
        },
        "param_groups": [{"lr": 1e-4 / 3, "betas": [0.9, 0.999], "params": [0, 1]}],
    }
    path = checkpoint.save(tmp_path, Checkpoint(7, weights, optimizer))
    again = checkpoint.load(path)
    assert again.step == 7
    assert all(torch.equal(again.weights[name], weights[name]) for name in weights)
    assert again.weights["b"].dtype == torch.bfloat16
    assert torch.equal(again.optimizer["state"][0]["exp_avg"], optimizer["state"][0]["exp_avg"])
    assert again.optimizer["state"][0]["d"] == 0.1 + 0.2
    assert again.optimizer["param_groups"] == optimizer["param_groups"]


def test_weights_that_are_no_numbers_are_refused_and_the_last_ones_named(tmp_path):
    checkpoint.save(
        tmp_path, Checkpoint(3, {"a": torch.ones(1)}, {"state": {}, "param_groups": []})
    )
    bad = Checkpoint(5, {"a": torch.tensor([torch.inf])}, {"state": {}, "param_groups": []})
    with pytest.raises(Diverged, match="last good state is step 3"):
        checkpoint.save(tmp_path, bad)
    assert checkpoint.steps_in(tmp_path) == [3]


def test_old_checkpoints_stay_while_the_newest_is_damaged(tmp_path):
    for step in (1, 2, 3):
        checkpoint.save(
            tmp_path, Checkpoint(step, {"a": torch.ones(1)}, {"state": {}, "param_groups": []})
        )
    flip_a_byte(checkpoint.folder_of(tmp_path, 3) / "weights.safetensors")
    checkpoint.prune(tmp_path, keep=2)
    assert checkpoint.steps_in(tmp_path) == [1, 2, 3]
    shutil.rmtree(checkpoint.folder_of(tmp_path, 3))
    checkpoint.prune(tmp_path, keep=1)
    assert checkpoint.steps_in(tmp_path) == [2]


def test_a_bit_that_flips_anywhere_is_found_and_the_one_before_is_used(copy):
    """R-06: IMPRINT_SOAK=1 flips 2,000."""
    chance = random.Random(6)
    newest = checkpoint.folder_of(copy.checkpoints, 4)
    files = [newest / name for name in FILES]
    sizes = [path.stat().st_size for path in files]
    for _ in range(figure(100, 2_000)):
        (path,) = chance.choices(files, sizes)
        whole = path.read_bytes()
        broken = bytearray(whole)
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        path.write_bytes(broken)
        saved, notices = checkpoint.load_latest(copy.path)
        assert saved is not None
        assert saved.step == 2, path
        assert [type(notice) for notice in notices] == [CheckpointSkipped]
        path.write_bytes(whole)
    assert checkpoint.load_latest(copy.path)[0].step == 4


def test_names_that_are_no_checkpoints_are_left_alone(tmp_path):
    for name in ("step_abc", "step_", ".tmp-step_000001-1-ab", "notes.txt"):
        (tmp_path / name).mkdir()
    assert checkpoint.steps_in(tmp_path) == []
    assert checkpoint.steps_in(tmp_path / "not there") == []


def test_a_second_writer_of_a_run_is_refused(copy):
    with copy.locked():
        second = resume(copy)
    assert isinstance(second.last, RunFailed)
    assert isinstance(second.last.error, RunInUse)
    assert "This Imprint is training or exporting the run" in second.last.error.sentence
    require_finished(resume(copy))


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_another_process_holds_a_run_until_the_moment_it_dies(copy):
    script = (
        "import sys, time; from pathlib import Path; from engine.project import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked(): print('held', flush=True); time.sleep(600)"
    )
    root = Path(__file__).parents[2]
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(copy.path)],
        stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(root)},
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RunInUse), copy.locked():
            pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    with copy.locked():
        pass


def test_a_folder_that_is_no_run_gets_a_sentence(tmp_path):
    for path in (tmp_path, tmp_path / "not there"):
        with pytest.raises(RunMissing, match="is not the folder of a run"):
            open_run(path)
        failed = resume(RunFolder(path))
        assert isinstance(failed.last.error, RunMissing)


@pytest.mark.parametrize(
    ("step", "error", "said", "offered"),
    [
        (3, NoCheckpoint, "has no step-3 checkpoint", "one of these steps: 2, 4."),
        (2, CheckpointDamaged, "The checkpoint of step 2 is damaged: weights", "these steps: 4."),
    ],
)
def test_a_step_without_a_sound_checkpoint_cannot_be_exported(
    copy, tmp_path, step, error, said, offered
):
    flip_a_byte(checkpoint.folder_of(copy.checkpoints, 2) / "weights.safetensors")
    last = list(export_again(copy.path, step, "kohya", tmp_path / "x.safetensors"))[-1]
    assert isinstance(last, RunFailed)
    assert isinstance(last.error, error)
    assert said in last.error.sentence
    assert offered in last.error.advice
    assert not (tmp_path / "x.safetensors").exists()


def test_the_manifest_names_every_file_of_the_state(copy):
    manifest = json.loads((checkpoint.folder_of(copy.checkpoints, 4) / "MANIFEST.json").read_text())
    assert set(manifest["sha256"]) == set(FILES) - {"MANIFEST.json"}
    for name, expected in manifest["sha256"].items():
        path = checkpoint.folder_of(copy.checkpoints, 4) / name
        assert storage.sha256_of(path) == expected


def test_a_run_that_is_written_is_not_exported_in_the_midst_of_it(copy, tmp_path):
    out = tmp_path / "x.safetensors"
    with copy.locked():
        last = list(export_again(copy.path, 4, "kohya", out))[-1]
    assert isinstance(last, RunFailed)
    assert isinstance(last.error, RunInUseHere)
    assert "This Imprint is training or exporting the run" in str(last.error)
    assert not out.exists()


def test_a_run_that_is_written_gets_no_files_of_another_step_in_the_midst_of_it(copy):
    before = left_by(copy)
    with copy.locked():
        last = list(export_step_again(copy.path, 2))[-1]
    assert isinstance(last, RunFailed)
    assert isinstance(last.error, RunInUseHere)
    assert left_by(copy) == before


def test_a_run_on_a_read_only_disk_can_be_exported(copy, tmp_path, monkeypatch):
    import filelock

    def refuse(self, *_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    out = tmp_path / "x.safetensors"
    last = list(export_again(copy.path, 4, "kohya", out))[-1]
    assert out.is_file(), last
    assert isinstance(resume(copy).last.error, OutputNotWritable)


# A state of a megabyte, written in pieces of 64 KiB, under a clock that shows what it is told.
LARGE = Checkpoint(
    4,
    {name: torch.randn(512, 256) for name in "ab"},
    {"state": {0: {"exp_avg": torch.randn(128, 256)}}, "param_groups": [{"params": [0]}]},
)


@pytest.fixture
def slow(monkeypatch) -> list[float]:
    """Each look at the clock is 0.15 seconds after the one before: a piece takes so long."""
    shown = [0.0]

    def monotonic() -> float:
        shown[0] += 0.15
        return shown[0]

    monkeypatch.setattr(checkpoint.time, "monotonic", monotonic)
    for module in (tensor_writer, checkpoint):
        monkeypatch.setattr(module, "PIECE_BYTES", 1 << 16)
    monkeypatch.setattr(tensor_writer, "SYNC_BYTES", 1 << 18)
    return shown


def test_saving_reading_and_pruning_say_something_at_least_once_a_second(tmp_path, slow):
    works = [
        lambda: checkpoint.saving(tmp_path / "checkpoints", LARGE),
        lambda: checkpoint.latest(tmp_path),
        lambda: checkpoint.pruning(tmp_path / "checkpoints", 0),
    ]
    for work in works:
        began, quiet = slow[0], slow[0]
        for event in work():
            assert isinstance(event, Heartbeat)
            assert slow[0] - quiet <= 1.0
            quiet = slow[0]
        assert slow[0] - quiet <= 1.0, "silent to its end"
        assert slow[0] - began > 2, "too few pieces to prove anything"


def test_reading_says_something_between_two_tensors_that_take_long(tmp_path, slow, monkeypatch):
    real = SafetensorsFile.read

    def read(self, *wanted):
        for found in real(self, *wanted):
            slow[0] += 0.5
            yield found

    monkeypatch.setattr(SafetensorsFile, "read", read)
    weights = {str(number): torch.zeros(1) for number in range(8)}
    checkpoint.save(tmp_path / "checkpoints", replace(LARGE, weights=weights))
    quiet = slow[0]
    for _ in checkpoint.latest(tmp_path):
        assert slow[0] - quiet <= 1.0
        quiet = slow[0]
    assert slow[0] - quiet <= 1.0


def test_a_run_says_that_it_goes_on_while_it_saves_prunes_and_reads(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    """Every piece counts as one that took long."""
    monkeypatch.setattr(checkpoint, "BEAT_SECONDS", 0.0)
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, checkpoints={"every_steps": 1, "keep": 2}
    )
    trained = require_finished(train(data))
    beats = {2: 0, 3: 0}  # from the end of a step to its checkpoint
    step = 0
    for event in trained.events:
        if isinstance(event, StepFinished):
            step = event.step
        elif isinstance(event, CheckpointSaved):
            step = 0
        elif isinstance(event, Heartbeat) and step in beats:
            beats[step] += 1
    assert 0 < beats[2] < beats[3]  # only the later save has something to prune
    resumed = require_finished(resume(trained.folder))
    before_the_start = resumed.events[: resumed.events.index(resumed.of(RunStarted)[0])]
    assert any(isinstance(event, Heartbeat) for event in before_the_start)


def export_a_step(run: Path, out: Path):
    return export_step_again(run, 2)


def export_in_another_format(run: Path, out: Path):
    return export_again(run, None, "diffusers", out / "x.safetensors")


def draw_a_grid(run: Path, out: Path):
    wanted = SampleSettings(prompt="zwx", width=32, height=32, num_inference_steps=1)
    return strength_and_step(run, (2,), (1.0,), wanted, out, Control())


@pytest.mark.parametrize("job", [export_a_step, export_in_another_format, draw_a_grid])
def test_a_job_that_reads_a_checkpoint_says_that_it_goes_on(copy, tmp_path, monkeypatch, job):
    """Between two steps of a training it would hold up the window's answer to Stop."""
    monkeypatch.setattr(checkpoint, "BEAT_SECONDS", 0.0)
    files, beats = [], []
    real = SafetensorsFile.read

    def read(self, *wanted):
        for found in real(self, *wanted):
            files.append(self.path.name)
            yield found

    monkeypatch.setattr(SafetensorsFile, "read", read)
    for event in job(copy.path, tmp_path):
        if isinstance(event, Heartbeat):
            beats.append(files[-1] if files else "")
    assert isinstance(event, RunFinished), event
    assert "weights.safetensors" in beats  # it was in the midst of reading them


def test_a_checkpoint_is_summed_while_it_is_written_and_read_back_once_before_old_ones_go(
    tmp_path, monkeypatch
):
    read = []
    real = os.open

    def watched(path, flags, *rest, **more):
        if Path(path).name == "weights.safetensors" and not flags & (os.O_WRONLY | os.O_RDWR):
            read.append(Path(path).parent.name)
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", watched)
    checkpoint.save(tmp_path, replace(LARGE, step=1))
    checkpoint.save(tmp_path, replace(LARGE, step=2))
    assert read == []
    checkpoint.prune(tmp_path, keep=2)
    assert read == []  # nothing goes, so nothing has to be proven
    checkpoint.prune(tmp_path, keep=1)
    assert read == ["step_000002"]
    checkpoint.verify(checkpoint.folder_of(tmp_path, 2))


@pytest.mark.parametrize("after", [1, 3, 5])
def test_a_save_that_is_given_up_leaves_the_earlier_ones_and_nothing_else(tmp_path, slow, after):
    checkpoint.save(tmp_path, replace(LARGE, step=2))
    work = checkpoint.saving(tmp_path, LARGE)
    for _ in range(after):
        next(work)
    work.close()
    assert [path.name for path in tmp_path.iterdir()] == ["step_000002"]
    checkpoint.verify(checkpoint.folder_of(tmp_path, 2))


def test_gigabytes_are_synced_in_parts(tmp_path, slow, monkeypatch):
    """One sync at the end would hold everything up for as long as the disk needs for all of it."""
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(1), real(descriptor)))
    checkpoint.save(tmp_path, LARGE)
    assert len(synced) >= 4 + 4  # a mebibyte of weights in quarters, and each file's end
