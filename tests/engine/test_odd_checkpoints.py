"""Checkpoints that somebody else wrote: whole by their sums, and odd in what they say."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from engine import checkpoint
from engine.checkpoint import MANIFEST, Checkpoint, folder_of
from engine.checkpoint_errors import CheckpointDoesNotFit, NoUsableCheckpoint
from engine.cli import main
from engine.errors import UserError
from engine.events import RunFailed, RunStarted
from engine.later_exports import export_again
from engine.project import RunFolder
from engine.records import NotRead, Why
from tests.engine_runs import require_finished, resume, tiny_run, train
from tests.pipes import pipe

STATE = {
    "step": 3,
    "optimizer": {
        "state": {"0": {"group.k": 3}},
        "param_groups": [{"name": "lora", "optimizer": "adamw", "params": [0, 1]}],
    },
    "guard": {"rate_scale": 0.5, "times_back": 1, "recomputes": 0, "parts": 2},
    "made_with": {"method.rank": 4},
}
OPTIMIZER = STATE["optimizer"]
GROUP = OPTIMIZER["param_groups"][0]
DEEP = "[" * 100_000


@pytest.fixture
def folder(tmp_path) -> Path:
    tensors = {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"params": [0, 1]}]}
    made = Checkpoint(3, {"a": torch.ones(2)}, tensors)
    return checkpoint.save(tmp_path / "checkpoints", made)


def put(folder: Path, text: str, name: str = "state.json") -> None:
    """With the right sum in the manifest."""
    (folder / name).write_text(text)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["sha256"][name] = hashlib.sha256(text.encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))


def why_not(folder: Path) -> Why:
    with pytest.raises(NotRead) as caught:
        checkpoint.load(folder)
    return caught.value.why


def test_what_is_sound_keeps_each_value_and_its_type(folder):
    put(folder, json.dumps(STATE))
    found = checkpoint.load(folder)
    assert (found.step, found.guard, found.made_with) == (3, STATE["guard"], STATE["made_with"])
    assert found.optimizer["param_groups"] == OPTIMIZER["param_groups"]
    assert found.optimizer["state"][0]["group.k"] == 3
    assert type(found.guard["parts"]) is int
    numbers = {"a": 1, "b": 1.0, "c": True, "d": None, "e": [1, 2.0, False], "f": 0.1}
    put(folder, json.dumps(STATE | {"optimizer": OPTIMIZER | {"state": {"0": numbers}}}))
    again = checkpoint.load(folder).optimizer["state"][0]
    assert repr({name: again[name] for name in numbers}) == repr(numbers)


@pytest.mark.parametrize(
    "change",
    [
        {"step": "3"}, {"step": 3.0}, {"step": -5}, {"step": 10**12}, {"step": None},
        {"step": True}, {"optimizer": None}, {"optimizer": []}, {"optimizer": {}},
        {"optimizer": OPTIMIZER | {"param_groups": 5}},
        {"optimizer": OPTIMIZER | {"param_groups": [5]}},
        {"optimizer": OPTIMIZER | {"param_groups": [{}]}},
        {"optimizer": OPTIMIZER | {"param_groups": [GROUP | {"params": "all"}]}},
        {"optimizer": OPTIMIZER | {"param_groups": [GROUP | {"params": [-1]}]}},
        {"optimizer": OPTIMIZER | {"param_groups": [GROUP | {"lr": "fast"}]}},
        {"optimizer": OPTIMIZER | {"param_groups": [GROUP | {"lr": -1.0}]}},
        {"optimizer": OPTIMIZER | {"param_groups": [GROUP | {"scaler": 5}]}},
        {"optimizer": OPTIMIZER | {"state": {"x": {}}}},
        {"optimizer": OPTIMIZER | {"state": {"²": {}}}},
        {"optimizer": OPTIMIZER | {"state": {"0": 5}}},
        {"optimizer": OPTIMIZER | {"state": {"0": {"group.lr": "fast"}}}},
        {"optimizer": OPTIMIZER | {"state": {"0": {"group.d": {}}}}},
        {"optimizer": OPTIMIZER | {"state": []}},
        {"guard": []}, {"guard": {"rate_scale": 0}}, {"guard": {"rate_scale": -1.0}},
        {"guard": {"rate_scale": 2.0}}, {"guard": {"rate_scale": "half"}},
        {"guard": {"times_back": "x"}}, {"guard": {"times_back": -1}},
        {"guard": {"parts": 0}}, {"guard": {"parts": 1 << 40}}, {"guard": {"recomputes": 7}},
        {"made_with": []}, {"made_with": 5},
    ],
    ids=str,
)  # fmt: skip
def test_a_state_of_another_shape_is_damaged(folder, change):
    put(folder, json.dumps(STATE | change))
    assert why_not(folder) is Why.DAMAGED


@pytest.mark.parametrize(
    "text",
    [
        "[]", "5", "null", "", DEEP, '{"step": 3}',
        json.dumps(STATE).replace("0.5", "NaN"), json.dumps(STATE).replace("0.5", "1e999"),
        json.dumps(STATE).replace('"group.k": 3', '"group.lr": NaN'),
        json.dumps(STATE)[:-1] + ', "step": 3}', json.dumps(STATE).replace("3", "9" * 30, 1),
    ],
)  # fmt: skip
def test_a_state_that_is_no_sound_json_is_damaged(folder, text):
    put(folder, text)
    assert why_not(folder) is Why.DAMAGED


@pytest.mark.parametrize(
    "manifest",
    [
        DEEP, "{}", "[]", '{"format": 1}', '{"format": 1, "sha256": []}',
        '{"format": 1, "sha256": {}}', '{"format": 1, "sha256": {"state.json": 5}}',
        '{"format": "1", "sha256": {}}', '{"format": -1, "sha256": {}}', '{"format": 1.0}',
        '{"format": 1, "format": 1, "sha256": {}}', '{"sha256": null}',
    ],
)  # fmt: skip
def test_a_manifest_of_another_shape_is_damaged(folder, manifest):
    (folder / MANIFEST).write_text(manifest)
    assert why_not(folder) is Why.DAMAGED


@pytest.mark.parametrize(
    "name",
    [
        "/dev/zero",
        "../secret",
        "..",
        ".",
        "",
        "a/b",
        "a\\b",
        "a\x00",
        "more.bin",
        "C:\\x",
        "../../x",
    ],
)
def test_a_manifest_names_nothing_but_the_files_of_a_checkpoint(folder, name):
    path = folder / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["sha256"][name] = "0" * 64
    path.write_text(json.dumps(manifest))
    assert why_not(folder) is Why.DAMAGED


@pytest.mark.parametrize("name", [MANIFEST, "state.json", "weights.safetensors"])
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_in_a_checkpoint_is_not_waited_for(folder, name):
    (folder / name).unlink()
    with pipe(folder / name):
        assert why_not(folder) is Why.UNREADABLE


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="Windows has no such devices")
def test_a_link_to_a_device_is_not_read(folder):
    (folder / "weights.safetensors").unlink()
    (folder / "weights.safetensors").symlink_to("/dev/zero")
    assert why_not(folder) is Why.UNREADABLE


# --- whole runs


@pytest.fixture(scope="module")
def finished(tiny_folder, pictures_folder, tmp_path_factory) -> RunFolder:
    runs = tmp_path_factory.mktemp("finished")
    data = tiny_run(tiny_folder, pictures_folder, runs, training={"steps": 4})
    return require_finished(train(data)).folder


@pytest.fixture
def copy(finished, tmp_path) -> RunFolder:
    run = RunFolder(shutil.copytree(finished.path, tmp_path / "copy"))
    config = json.loads(run.config_path.read_text())
    config["training"]["steps"] = 5  # there is something left to do
    run.config_path.write_text(json.dumps(config))
    return run


def with_state(run: RunFolder, change) -> None:
    for step in (2, 4):
        folder = folder_of(run.checkpoints, step)
        state = json.loads((folder / "state.json").read_text())
        change(state)
        put(folder, json.dumps(state))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda state: state.update(step="x"), NoUsableCheckpoint),
        (lambda state: state["optimizer"].update(param_groups=[]), CheckpointDoesNotFit),
        (
            lambda state: state["optimizer"]["param_groups"][0].update(params=[0]),
            CheckpointDoesNotFit,
        ),
        (lambda state: state.pop("optimizer"), NoUsableCheckpoint),
        (lambda state: state.update(guard=[]), NoUsableCheckpoint),
    ],
)
def test_a_resume_from_an_odd_state_is_a_sentence(copy, change, error):
    with_state(copy, change)
    again = resume(copy)
    assert isinstance(again.last, RunFailed), again.last
    assert isinstance(again.last.error, error)
    assert not again.of(RunStarted)


@pytest.mark.parametrize("name", ["start.json", "result.json", "notes.json"])
@pytest.mark.parametrize(
    "text",
    ["[]", "5", DEEP, '{"exports": 5, "outcome": "finished"}', '{"started_at": 5}',
     '{"exports": ["../../../../etc/passwd"], "outcome": "finished"}', '{"images": [[[]]]}',
     '{"started_at": "0001-01-01"}'],
)  # fmt: skip
def test_a_record_of_another_shape_holds_up_neither_a_resume_nor_an_export(
    copy, tmp_path, name, text, capsys
):
    (copy.path / name).write_text(text)
    assert main(["resume", str(copy.path)]) == 0
    told = capsys.readouterr()
    assert "passwd" not in told.out + told.err
    assert "Traceback" not in told.out + told.err
    (*_, last) = export_again(copy.path, None, "kohya", tmp_path / "x.safetensors")
    assert not isinstance(last, RunFailed), last


def test_odd_lines_and_odd_names_hold_up_no_resume(copy):
    told = copy.metrics.read_text()
    odd = ['{"event": "StepFinished", "step": "x", "loss": 1}', '{"event": "CheckpointScored"}',
           '{"event": "CheckpointSaved", "step": []}', DEEP, '{"event": "StepFinished", "step": 1}',
           '{"event": "CheckpointScored", "step": 2, "likeness": "high"}']  # fmt: skip
    copy.metrics.write_text("\n".join(odd) + "\n" + told)
    (copy.checkpoints / "step_²").mkdir()
    copy.samples.mkdir(exist_ok=True)
    (copy.samples / "step_²_01.png").write_bytes(b"")
    (copy.samples / "step_000002_²_x.png").write_bytes(b"")
    require_finished(resume(copy))


def test_an_export_of_an_odd_step_is_a_sentence(copy, tmp_path):
    for step in (-5, 10**12):
        with pytest.raises((UserError, StopIteration)):
            (*_, last) = export_again(copy.path, step, "kohya", tmp_path / "x.safetensors")
            assert isinstance(last, RunFailed)
            raise last.error
