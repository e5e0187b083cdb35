"""What may not be read is not missing, not damaged and not left out unsaid."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.cli import main
from engine.config_file import require
from engine.control import Control
from engine.data.walk import walk
from engine.errors import InputNotReadable
from engine.events import RunFailed
from engine.presets import count_pictures
from engine.project import Project
from engine.run import run
from tests.conftest import draw_pictures
from tests.engine_runs import require_finished, stop_after, tiny_run, train
from tests.rights import needs_rights, without_rights

pytestmark = needs_rights


# Records that the training itself does not need, and what is said of them.
GOES_ON_WITHOUT = {
    "start.json": "start.unreadable.json",
    "metrics.jsonl": "The run's own record could not be written",
}


@pytest.fixture(scope="module")
def own_model(tiny_folder, tmp_path_factory) -> Path:
    """A copy, whose rights may be taken away."""
    return shutil.copytree(tiny_folder, tmp_path_factory.mktemp("own") / "model")


@pytest.fixture(scope="module")
def stopped(own_model, tmp_path_factory) -> Path:
    """A run that is to go on."""
    folder = tmp_path_factory.mktemp("stopped")
    pictures = draw_pictures(folder / "pictures")
    trained = train(tiny_run(own_model, pictures, folder / "runs"), stop_after(2))
    trained.folder.result.unlink()
    return require_finished(trained).folder.path


def said(capsys, *arguments: object) -> str:
    """A sentence of the command line."""
    code = main(list(map(str, arguments)))
    told = capsys.readouterr()
    assert code == 1, told.err
    assert "Traceback" not in told.err
    return told.err


def failure(data: dict) -> Exception:
    last = list(run(require(data), Control()))[-1]
    assert isinstance(last, RunFailed)
    return last.error


def test_a_mode_of_zero_forbids_reading_here(tmp_path):
    path = tmp_path / "a"
    path.write_text("a")
    with without_rights(path), pytest.raises(PermissionError):
        path.read_text()
    assert path.read_text() == "a"


@pytest.mark.parametrize("part", ["checkpoints", "metrics.jsonl", "config.json", "", "start.json"])
def test_a_resume_without_the_right_to_read_a_part_is_a_sentence(stopped, tmp_path, capsys, part):
    folder = shutil.copytree(stopped, tmp_path / "run")
    with without_rights(folder / part):
        if part in GOES_ON_WITHOUT:
            assert main(["resume", str(folder)]) == 0
            assert GOES_ON_WITHOUT[part] in "".join(capsys.readouterr())
            return
        told = said(capsys, "resume", folder)
    assert "Permission denied" in told
    for untrue in ("damaged", "is not the folder of a run", "Correct the file"):
        assert untrue not in told


@pytest.mark.parametrize("mode", [0, 0o400, 0o100], ids=oct)
def test_a_set_without_rights_is_not_empty(own_model, tmp_path, capsys, mode):
    pictures = draw_pictures(tmp_path / "pictures")
    with without_rights(pictures, mode):
        assert count_pictures(str(pictures)) == 0
        for told in (
            said(capsys, "check", "--images", pictures),
            said(
                capsys,
                "train",
                "--images",
                pictures,
                "--base",
                own_model,
                "--out",
                tmp_path / "runs",
                "--set",
                "training.resolution=32",
            ),
        ):
            assert f"{pictures} cannot be read: Permission denied" in told
            assert "Add at least one picture" not in told


def test_a_subfolder_without_rights_is_named(tmp_path):
    pictures = draw_pictures(tmp_path / "pictures")
    draw_pictures(pictures / "more")
    with without_rights(pictures / "more"):
        walked = walk(pictures)
    assert len(walked.files) == 3
    assert any("more/" in str(notice) and "denied" in str(notice) for notice in walked.notices)


@pytest.mark.parametrize("key", ["method.class_folder", "evaluation.references"])
def test_each_folder_of_the_settings_is_asked_for_before_the_start(own_model, tmp_path, key):
    pictures, other = draw_pictures(tmp_path / "pictures"), draw_pictures(tmp_path / "other")
    data = tiny_run(own_model, pictures, tmp_path / "runs")
    section, _, name = key.partition(".")
    data[section] |= {name: str(other)} | ({"prior_weight": 1.0} if section == "method" else {})
    with without_rights(other):
        assert isinstance(failure(data), InputNotReadable)
    assert not (tmp_path / "runs").exists()


def test_captions_that_may_not_be_read_are_not_taken_for_none(own_model, tmp_path):
    pictures = draw_pictures(tmp_path / "pictures")
    (tmp_path / "captions").mkdir()
    data = tiny_run(own_model, pictures, tmp_path / "runs")
    data["dataset"]["captions_folder"] = str(tmp_path / "captions")
    with without_rights(tmp_path / "captions"):
        assert isinstance(failure(data), InputNotReadable)


@pytest.mark.parametrize(
    "part",
    ["", "model_index.json", "unet", "unet/config.json", "tokenizer",
     "unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["train", "generate"])
def test_a_model_without_rights_is_not_damaged_and_not_missing(
    own_model, tmp_path, capsys, part, verb
):
    pictures = draw_pictures(tmp_path / "pictures")
    command = (
        "train",
        "--images",
        pictures,
        "--steps",
        1,
        "--base",
        own_model,
        "--set",
        "training.resolution=32",
    )
    if verb == "generate":
        command = ("generate", "--prompt", "a", "--steps", 1, "--size", 32, "--base", own_model)
    with without_rights(own_model / part):
        told = said(capsys, *command, "--out", tmp_path / "made")
    assert "cannot be read: Permission denied" in told
    for untrue in ("damaged", "ownload", "There is no model", "is missing", "not a Stable"):
        assert untrue not in told


@pytest.mark.parametrize("name", ["a.safetensors", "a.pt"])
def test_an_add_on_without_rights_is_not_missing(own_model, tmp_path, capsys, name):
    (tmp_path / "loras").mkdir()
    path = tmp_path / "loras" / name
    path.write_bytes(b"\x80\x02}." if name.endswith("pt") else b"{}")
    command = ("generate", "--prompt", "a", "--base", own_model, "--size", 32, "--lora", path)
    for place in (path, path.parent):
        with without_rights(place):
            told = said(capsys, *command, "--out", tmp_path / "made")
        assert f"{path} cannot be read: Permission denied" in told
    with without_rights(path.parent):
        told = said(capsys, *command[:-1], path.parent, "--out", tmp_path / "made")
    assert f"{path.parent} cannot be read: Permission denied" in told


def test_a_project_whose_runs_may_not_be_seen_opens(tmp_path):
    project = Project(tmp_path / "toy")
    project.runs.mkdir(parents=True)
    with without_rights(project.runs):
        assert project.list_runs() == []
