"""Names of folders and files, the folder of a run, and its record."""

from __future__ import annotations

import errno
import os
import unicodedata
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import storage
from engine.config_file import require
from engine.errors import FolderMissing, OutputNotWritable
from engine.events import RunFinished, RunStarted, SampleReady, StepFinished
from engine.project import Project, RunFolder, create_run, read_metrics, record, safe_name
from tests.engine_runs import tiny_run, train
from tests.figures import figure

RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{i}" for p in ("com", "lpt") for i in range(10))}
FORBIDDEN = set('<>:"/\\|?*') | {chr(code) for code in range(32)}


@settings(max_examples=figure(600, 100_000), deadline=None)
@given(st.text(max_size=200) | st.text("./\\:con prnCOM1²-_ é😀𠀀İ", max_size=120))
def test_no_name_leaves_its_folder_or_is_refused_by_any_system(text):
    name = safe_name(text)
    folder = Path("/somewhere/exports")
    assert (folder / name).parent == folder
    assert name not in ("", ".", "..")
    assert not FORBIDDEN & set(name)
    assert not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl") for letter in name)
    assert name[0] not in "-. "
    assert name[-1] not in ". "
    assert name.split(".")[0] not in RESERVED
    assert name == name.lower()
    assert unicodedata.normalize("NFC", name) == name
    longest = f".2026-11-23_1430_{name}_textual_inversion-999-diffusers.safetensors"
    assert len(longest.encode()) <= 255
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("My Dog", "my-dog"),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "con-1"),
        ("con.safetensors", "con-1.safetensors"),
        ("", "untitled"),
        ("...", "untitled"),
        ("小猫", "小猫"),
        ("a" * 59 + ".b", "a" * 59),
        ("ﬁne²", "fine2"),
    ],
)
def test_names_stay_readable(name, expected):
    assert safe_name(name) == expected


def test_runs_sort_by_number_and_never_share_a_folder(tmp_path):
    data = {"dataset": {"folder": "x"}, "name": "My Dog", "runs_folder": str(tmp_path / "new")}
    folders = [create_run(require(data)).path for _ in range(3)]
    assert len(set(folders)) == 3
    stamp = datetime.now().strftime("_%Y-%m-%d_")
    for number, folder in enumerate(folders, start=1):
        assert folder.name.startswith(f"{number:04d}{stamp}")
        assert folder.name.endswith("_my-dog_lora")


@pytest.mark.parametrize("place", ["file/runs", "file"])
def test_an_output_folder_that_cannot_be_written_ends_the_run_before_anything_is_loaded(
    tiny_folder, pictures_folder, tmp_path, place, live_models
):
    (tmp_path / "file").write_text("in the way")
    trained = train(tiny_run(tiny_folder, pictures_folder, tmp_path / place))
    assert len(trained.events) == 1
    assert isinstance(trained.last.error, OutputNotWritable)
    assert "Choose another output folder" in trained.last.error.advice
    assert live_models == []


def test_the_home_of_no_user_is_a_folder_that_is_not_there(tiny_folder, tmp_path):
    trained = train(tiny_run(tiny_folder, Path("~nobody-here/pictures"), tmp_path))
    assert isinstance(trained.last.error, FolderMissing)


def test_a_lock_that_cannot_be_taken_gets_a_sentence(tmp_path):
    (tmp_path / ".lock").mkdir()
    with pytest.raises(OutputNotWritable), RunFolder(tmp_path).locked():
        pass


def test_system_folders_that_refuse_are_said_to_refuse(tiny_folder, pictures_folder):
    trained = train(tiny_run(tiny_folder, pictures_folder, Path("/proc/imprint")))
    assert isinstance(trained.last.error, OutputNotWritable)


def step(number: int) -> StepFinished:
    return StepFinished(step=number, loss=0.1 + 0.2, learning_rate=1e-4, seconds=1, memory_bytes=1)


def started(first_step: int) -> RunStarted:
    return RunStarted(folder="f", steps=9, first_step=first_step, device="cpu", trainable=1)


def test_the_record_is_the_stream_and_a_resumed_run_tells_each_step_once(tmp_path):
    storage.own_folder(tmp_path, "run")
    folder = RunFolder(tmp_path)
    sample = SampleReady(step=3, prompt="ü", seed=1, path="p")
    first = [started(0), step(1), step(2), step(3), sample]
    assert list(record(folder, iter(first))) == first
    with folder.metrics.open("a") as file:
        file.write('{"event": "StepFin')  # torn by a kill
    done = RunFinished(steps=3, stopped_early=False, exports=())
    list(record(folder, iter([started(2), step(3), sample, done])))
    lines = read_metrics(folder.metrics)
    assert [(line["event"], line.get("step")) for line in lines] == [
        ("RunStarted", None), ("StepFinished", 1), ("StepFinished", 2),
        ("RunStarted", None), ("StepFinished", 3), ("SampleReady", 3), ("RunFinished", None),
    ]  # fmt: skip
    assert lines[1]["loss"] == 0.1 + 0.2
    assert len(folder.metrics.read_text("utf-8").splitlines()) == 7


def test_a_failure_before_the_first_step_is_recorded_even_behind_a_torn_line(tmp_path):
    folder = RunFolder(tmp_path)
    folder.metrics.write_text('{"event": "StepFin')
    done = RunFinished(steps=0, stopped_early=True, exports=())
    list(record(folder, iter([done])))
    assert read_metrics(folder.metrics)[-1]["event"] == "RunFinished"


def test_a_draft_comes_back_and_a_damaged_one_is_empty(tmp_path):
    project = Project(tmp_path / "my dog")
    assert project.load_draft() == {}
    project.save_draft({"dataset": {"folder": "ü"}})
    runs = str(project.folder / "runs")
    assert project.load_draft() == {"dataset": {"folder": "ü"}, "runs_folder": runs}
    for damaged in ("", "[]", '{"draft": 5}', '{"draft": {"a"'):
        project.file.write_text(damaged)
        assert project.load_draft() == {}


def test_a_place_with_settings_or_with_the_pictures_of_somebody_else_is_taken(tmp_path):
    project = Project(tmp_path / "my-cat")
    assert not project.is_taken()
    project.images.mkdir(parents=True)
    assert not project.is_taken()
    (project.images / "cat.png").write_bytes(b"left by a guide that was killed")
    assert project.is_taken()
    assert not project.is_taken(own=project.images)
    project.save_draft({"name": "my-cat"})
    assert project.is_taken(own=project.images)


def test_a_project_whose_folders_cannot_be_listed_has_no_runs_and_its_name_is_taken(
    tmp_path, monkeypatch
):
    project = Project(tmp_path / "toy")
    project.images.mkdir(parents=True)
    project.runs.mkdir()

    def refuse(*_: object) -> list[str]:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "listdir", refuse)
    assert project.list_runs() == []
    assert project.is_taken()


def test_a_draft_is_saved_though_nobody_can_see_what_is_there_already(tmp_path, monkeypatch):
    project = Project(tmp_path / "toy")

    def refuse(self: Path) -> bool:  # as they do without rights to the folder
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_file", refuse)
    monkeypatch.setattr(Path, "exists", refuse)
    project.save_draft({"name": "toy"})
    monkeypatch.undo()
    assert project.load_draft()["name"] == "toy"


def test_a_run_that_is_being_made_is_not_listed_and_an_abandoned_one_goes(tmp_path):
    project = Project(tmp_path / "toy")
    data = {"dataset": {"folder": "x"}, "name": "toy", "runs_folder": str(project.runs)}
    first = create_run(require(data))
    half = project.runs / f".tmp-{first.path.name}-2-1234-0123abcd"
    half.mkdir()
    (half / "config.json").write_text("{}")
    assert project.list_runs() == [first]
    os.utime(half, (0, 0))
    create_run(require(data))
    assert not half.exists()
    assert len(project.list_runs()) == 2


def test_settings_with_half_a_character_are_saved_and_are_the_same_again(tmp_path):
    project = Project(tmp_path / "toy")
    draft = {"name": "toy\ud83d", "later": {"\udce9": ["\ude00"]}}
    project.save_draft(draft)
    loaded = project.load_draft()
    assert {key: loaded[key] for key in draft} == draft
