"""What cannot be read is not missing: a resume never begins again over what a run has done."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from engine import checkpoint, records
from engine.checkpoint import Checkpoint
from engine.checkpoint_errors import (
    CheckpointFromLater,
    CheckpointUnreadable,
    NoUsableCheckpoint,
)
from engine.errors import RecordUnreadable
from engine.events import Noticed, RunFailed, RunStarted
from engine.export import Exports
from engine.gallery_records import load_stars, save_stars
from engine.later_exports import export_again
from engine.model_shelf import Shelf
from engine.notices import RecordSetAside
from engine.outcome import note_export
from engine.project import RunFolder, read_metrics
from engine.records import NotRead, Why
from engine.run_records import load_record, set_note
from engine.user_presets import save as save_preset
from tests.engine_runs import left_by, require_finished, resume, tiny_run, train


@pytest.fixture(scope="module")
def finished(tiny_folder, pictures_folder, tmp_path_factory) -> RunFolder:
    """Six steps with checkpoints at 2, 4 and 6. Tests work on copies of it."""
    runs = tmp_path_factory.mktemp("finished")
    data = tiny_run(tiny_folder, pictures_folder, runs, training={"steps": 6})
    return require_finished(train(data)).folder


@pytest.fixture
def copy(finished, tmp_path) -> RunFolder:
    return RunFolder(shutil.copytree(finished.path, tmp_path / "copy"))


def later_format(folder: Path) -> None:
    path = folder / checkpoint.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))


def a_folder_for_a_file(folder: Path) -> None:
    """What a test that runs as root can do in the place of missing rights."""
    (folder / "weights.safetensors").unlink()
    (folder / "weights.safetensors").mkdir()


def torn(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-5])


def no_manifest(folder: Path) -> None:
    (folder / checkpoint.MANIFEST).unlink()


def sums(folder: Path) -> dict[str, str]:
    """Of all but the lines that a failed start adds to the run's record."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("metrics.jsonl", ".lock")
    }


def require_untouched(run: RunFolder, error: type) -> RunFailed:
    before, told = sums(run.path), run.metrics.read_text()
    again = resume(run)
    assert isinstance(again.last, RunFailed), again.last
    assert isinstance(again.last.error, error)
    assert "Nothing was changed" in again.last.error.advice
    assert not again.of(RunStarted)
    assert sums(run.path) == before
    assert run.metrics.read_text().startswith(told)
    return again.last


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (later_format, CheckpointFromLater, "was made by a later version of Imprint"),
        (a_folder_for_a_file, CheckpointUnreadable, "cannot be read: weights.safetensors: Is a"),
        (torn, NoUsableCheckpoint, "all are damaged (step 6: weights.safetensors does not hold"),
        (no_manifest, NoUsableCheckpoint, "all are damaged (step 6: MANIFEST.json is missing)"),
        (shutil.rmtree, NoUsableCheckpoint, "its checkpoints are gone, the last was of step 6"),
    ],
)
def test_a_run_without_a_checkpoint_that_can_be_read_stops_and_touches_nothing(
    copy, spoil, error, said
):
    for step in (2, 4, 6):
        spoil(checkpoint.folder_of(copy.checkpoints, step))
    failed = require_untouched(copy, error)
    assert said in failed.error.sentence


@pytest.mark.parametrize(
    ("spoil", "error"),
    [(later_format, CheckpointFromLater), (a_folder_for_a_file, CheckpointUnreadable)],
)
def test_a_newest_checkpoint_that_cannot_be_read_is_never_passed_over_for_an_earlier_one(
    copy, spoil, error
):
    spoil(checkpoint.folder_of(copy.checkpoints, 6))
    require_untouched(copy, error)


def test_below_a_damaged_checkpoint_one_that_cannot_be_read_stops_the_run_too(copy):
    torn(checkpoint.folder_of(copy.checkpoints, 6))
    later_format(checkpoint.folder_of(copy.checkpoints, 4))
    require_untouched(copy, CheckpointFromLater)


def test_the_folder_of_checkpoints_that_cannot_be_listed_is_a_sentence(copy):
    shutil.rmtree(copy.checkpoints)
    copy.checkpoints.write_text("a file in its place")
    require_untouched(copy, CheckpointUnreadable)


def test_a_record_that_cannot_be_read_is_a_sentence_and_is_not_cut(copy, finished):
    shutil.rmtree(copy.checkpoints)
    copy.metrics.unlink()
    copy.metrics.mkdir()
    again = resume(copy)
    assert isinstance(again.last.error, RecordUnreadable)
    assert load_record(copy) is not None  # the history shows the others, and what it can of this
    assert list(copy.metrics.iterdir()) == []


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_again_where_it_is(copy, finished):
    shutil.rmtree(copy.checkpoints)
    shutil.rmtree(copy.exports)
    copy.result.unlink()
    lines = [
        line for line in copy.metrics.read_text().splitlines(True) if "CheckpointS" not in line
    ]
    copy.metrics.write_text("".join(lines[:4]))
    again = require_finished(resume(copy))
    assert again.of(RunStarted)[0].first_step == 0
    assert left_by(copy) == left_by(finished)


def test_only_a_damaged_checkpoint_is_written_over(tmp_path):
    def state(step: int, value: float) -> Checkpoint:
        import torch

        return Checkpoint(step, {"a": torch.full((3,), value)}, {"state": {}, "param_groups": []})

    for spoil, error in (
        (later_format, CheckpointFromLater), (a_folder_for_a_file, None), (torn, None)
    ):  # fmt: skip
        folder = checkpoint.save(tmp_path / spoil.__name__, state(1, 1.0))
        spoil(folder)
        if error is not None:
            with pytest.raises(error):
                checkpoint.save(folder.parent, state(1, 2.0))
            assert json.loads((folder / checkpoint.MANIFEST).read_text())["format"] == 2
        elif spoil is torn:
            checkpoint.save(folder.parent, state(1, 2.0))
            assert checkpoint.load(folder).weights["a"].eq(2).all()


# Records: what each is, what the program would write over it, and where.
RECORDS = {
    "result.json": lambda run: note_export(run, 4, Exports()),
    "notes.json": lambda run: set_note(run, "new", ""),
    "stars.json": lambda run: save_stars(run.path, {"new.png"}),
    "models.json": lambda run: Shelf(run.path / "models.json")._write(["new"]),
}


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("content", ["{torn", "7", "directory"])
def test_a_record_that_cannot_be_read_is_kept_beside_the_new_one(tmp_path, name, content):
    path = tmp_path / name
    if content == "directory":
        path.mkdir()
        (path / "inner").write_text("kept")
    else:
        path.write_text(content)
    (tmp_path / "config.json").write_text("{}")  # it is a run
    RECORDS[name](RunFolder(tmp_path))
    assert "new" in path.read_text() or "exported_step" in path.read_text()
    why = "unreadable" if content == "directory" else "damaged"
    aside = tmp_path / f"{path.stem}.{why}.json"
    kept = (aside / "inner").read_text() if aside.is_dir() else aside.read_text()
    assert kept == ("kept" if content == "directory" else content)
    RECORDS[name](RunFolder(tmp_path))  # once more: what is there can be read now
    assert len(list(tmp_path.iterdir())) == 3


def test_stars_that_cannot_be_read_are_not_lost_by_the_next_star(tmp_path):
    (tmp_path / "stars.json").write_text('["a.png", "b.p')
    assert load_stars(tmp_path) == set()
    save_stars(tmp_path, {"c.png"})
    assert load_stars(tmp_path) == {"c.png"}
    assert (tmp_path / "stars.damaged.json").read_text() == '["a.png", "b.p'


def test_a_start_record_that_cannot_be_read_is_kept_and_said(copy):
    start = copy.path / "start.json"
    start.write_text("{")
    again = require_finished(resume(copy))
    (notice,) = [n.notice for n in again.of(Noticed) if isinstance(n.notice, RecordSetAside)]
    assert notice.sentence == "start.json could not be used and was written again."
    assert notice.advice == "What was there is kept as start.damaged.json."
    assert (copy.path / "start.damaged.json").read_text() == "{"
    assert json.loads(start.read_text())["num_images"] > 0
    assert not [n for n in require_finished(resume(copy)).of(Noticed)
                if isinstance(n.notice, RecordSetAside)]  # fmt: skip


@pytest.mark.parametrize("content", ["{", '{"imprint_preset": 2, "name": "toy", "settings": {}}'])
def test_a_preset_of_the_same_name_that_cannot_be_read_keeps_its_file(
    tmp_path, monkeypatch, content
):
    monkeypatch.setattr("engine.user_presets.presets_folder", lambda: tmp_path)
    first = save_preset("toy", {"method": {"kind": "lora"}})
    first.write_text(content)
    second = save_preset("toy", {"method": {"kind": "lora"}})
    assert second != first
    assert first.read_text() == content


def test_lines_that_are_not_understood_are_kept_before_a_record_is_cut(copy):
    strange = "\x00\x00 not a line"
    lines = copy.metrics.read_text().splitlines(True)
    copy.metrics.write_text("".join([*lines[:3], strange + "\n", *lines[3:]]))
    torn(checkpoint.folder_of(copy.checkpoints, 6))
    require_finished(resume(copy))
    assert strange in (copy.path / "metrics.damaged.jsonl").read_text()
    assert strange not in copy.metrics.read_text()
    steps = [line["step"] for line in read_metrics(copy.metrics) if line["event"] == "StepFinished"]
    assert steps == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, Why.MISSING),
        ("{", Why.DAMAGED),
        ("[]", Why.DAMAGED),
        ("\xff", Why.DAMAGED),
        ('{"v": "1"}', Why.DAMAGED),
        ('{"v": 2}', Why.LATER),
        ('{"v": 1}', None),
        ("{}", None),
        ('{"v": 1, "x": "' + "x" * 2000 + '"}', Why.DAMAGED),
    ],
)
def test_missing_later_and_damaged_are_told_apart(tmp_path, content, why):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    if why is None:
        assert records.read_json(path, version="v", newest=1, max_bytes=1000) in ({"v": 1}, {})
        return
    with pytest.raises(NotRead) as caught:
        records.read_json(path, version="v", newest=1, max_bytes=1000)
    assert caught.value.why is why


def test_what_the_system_refuses_is_neither_missing_nor_damaged(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_text("{}")
    for error, why in (
        (PermissionError(13, "Permission denied"), Why.UNREADABLE),
        (OSError(5, "Input/output error"), Why.UNREADABLE),
        (NotADirectoryError(20, "Not a directory"), Why.UNREADABLE),
        (FileNotFoundError(2, "No such file or directory"), Why.MISSING),
    ):
        monkeypatch.setattr(os, "open", _raising(error))
        with pytest.raises(NotRead) as caught:
            records.read_json(path)
        assert caught.value.why is why
        if why is Why.UNREADABLE:
            assert error.strerror in caught.value.reason


def _raising(error: OSError):
    def refuse(*_, **__):
        raise error

    return refuse


def test_checkpoints_whose_names_were_swapped_are_neither_continued_nor_exported(copy, tmp_path):
    two, six, aside = (copy.checkpoints / name for name in ("step_000002", "step_000006", "x"))
    two.rename(aside)
    six.rename(two)
    aside.rename(six)
    failed = require_untouched(copy, CheckpointUnreadable)
    said = "holds the checkpoint of step 2, so it should be called step_000002"
    assert said in failed.error.sentence
    (*_, last) = export_again(copy.path, 2, "kohya", tmp_path / "x.safetensors")
    assert isinstance(last, RunFailed)
    assert isinstance(last.error, CheckpointUnreadable)


@pytest.mark.parametrize("left_out", [{"state.json"}, {"weights.safetensors"}, set(), None])
def test_a_manifest_that_does_not_name_all_files_vouches_for_none(copy, left_out):
    """`None`: the averaged weights, which lie there all the same."""
    folder = copy.checkpoints / "step_000006"
    path = folder / checkpoint.MANIFEST
    manifest = json.loads(path.read_text())
    names = set(manifest["sha256"])
    if left_out is None:
        shutil.copy(folder / "weights.safetensors", folder / "ema.safetensors")
    keep = names - left_out if left_out else names if left_out is None else set()
    manifest["sha256"] = {name: manifest["sha256"][name] for name in keep}
    path.write_text(json.dumps(manifest))
    with pytest.raises(NotRead) as caught:
        checkpoint.verify(folder)
    assert caught.value.why is Why.DAMAGED


@pytest.mark.parametrize("images", [[{}], [[]], [1], "abc", {"a": 1}])
def test_a_start_record_of_another_shape_is_no_traceback(copy, images):
    path = copy.path / "start.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"images": images}))
    config = json.loads(copy.config_path.read_text())
    config["training"]["steps"] = 7
    copy.config_path.write_text(json.dumps(config))
    require_finished(resume(copy))


def test_where_the_only_checkpoint_is_damaged_no_other_step_is_offered(copy, tmp_path):
    for step in (2, 4):
        shutil.rmtree(checkpoint.folder_of(copy.checkpoints, step))
    torn(checkpoint.folder_of(copy.checkpoints, 6))
    (*_, last) = export_again(copy.path, 6, "kohya", tmp_path / "x.safetensors")
    assert isinstance(last.error, NoUsableCheckpoint)
    assert "all are damaged (step 6: weights.safetensors" in last.error.sentence
