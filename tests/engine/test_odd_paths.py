"""Names that no file system takes, and folders with an entry that may not be looked at."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from engine.cli import main
from engine.config_file import check
from engine.data.pictures import PictureError
from engine.data.walk import walk
from engine.errors import DiskFull, InputNotReadable, OutputNotWritable
from engine.events import RunCrashed, RunFailed, failure_of
from engine.presets import count_pictures
from tests.conftest import draw_pictures
from tests.engine_runs import EACH_METHOD, tiny_run

LONG = "x" * 300
PATHS = (
    "dataset.folder", "dataset.captions_folder", "base_model", "runs_folder", "method.start_from",
    "method.class_folder", "evaluation.references", "evaluation.network",
)  # fmt: skip


def said(capsys, *arguments: object) -> str:
    """What the command line says of a sentence of ours."""
    code = main(list(map(str, arguments)))
    told = capsys.readouterr()
    assert code == 1, told.err
    assert "Traceback" not in told.err
    return told.err


@pytest.fixture
def settings(tiny_folder, image_folder, tmp_path) -> Path:
    path = tmp_path / "settings.json"
    data = tiny_run(
        tiny_folder, image_folder, tmp_path / "runs", method=EACH_METHOD["dreambooth"],
        evaluation={"enabled": True, "every_steps": 0}, training={"steps": 1},
    )  # fmt: skip
    data["evaluation"].pop("every_steps")
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize("key", PATHS)
def test_a_name_of_three_hundred_letters_is_a_sentence(settings, capsys, key):
    command = ("train", settings, "--set", f"{key}=/tmp/{LONG}")
    if key == "dataset.captions_folder":  # no caption is found there
        assert main(list(map(str, command))) == 0
        return
    assert LONG in said(capsys, *command)


@pytest.mark.parametrize("key", [*PATHS, "name", "dataset.trigger", "dataset.template"])
def test_a_nul_is_refused_before_anything_is_opened(settings, capsys, key):
    told = said(capsys, "train", settings, "--set", f'{key}="/tmp/a\\u0000b"')
    assert f"{key} holds a NUL character" in told
    assert "/tmp/a␀b" in told


def test_a_nul_in_a_list_is_refused(tiny_data):
    _, problems = check({**tiny_data, "sampling": {"prompts": ["a", "b\0"]}})
    assert [problem.field for problem in problems] == ["sampling.prompts"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--images", LONG),
        ("caption", "--images", LONG, "--model", LONG),
        ("resume", LONG),
        ("export", LONG, "--format", "kohya", "--out", "made"),
        ("train", LONG),
        ("generate", "--prompt", "a", "--base", LONG),
        ("generate", "--prompt", "a", "--out", LONG),
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_verb_says_that_a_name_is_too_long(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    assert LONG in said(capsys, *arguments)


def test_an_add_on_of_a_long_name_is_a_sentence(tiny_folder, tmp_path, capsys):
    told = said(
        capsys, "generate", "--prompt", "a", "--base", tiny_folder, "--size", 32, "--lora", LONG,
        "--out", tmp_path,
    )  # fmt: skip
    assert LONG in told


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_an_entry_that_may_not_be_looked_at_is_left_out_and_named(tmp_path, monkeypatch, capsys):
    """As the links to the folders of other users' processes in /proc."""
    pictures = draw_pictures(tmp_path / "pictures")
    (pictures / "secret").symlink_to(tmp_path / "elsewhere")
    (pictures / "secret.png").symlink_to(tmp_path / "elsewhere.png")
    (pictures / "secret.txt").symlink_to(tmp_path / "elsewhere.txt")
    readlink = os.readlink

    def refused(path, **options):
        if "secret" in os.fsdecode(path):
            raise PermissionError(13, "Permission denied", os.fsdecode(path))
        return readlink(path, **options)

    monkeypatch.setattr(os, "readlink", refused)
    assert count_pictures(str(pictures)) == 4
    assert len(walk(pictures).files) == 5
    assert main(["check", "--images", str(pictures)]) == 0
    told = capsys.readouterr().out
    lines = [line for line in told.splitlines() if "link to a place outside the folder" in line]
    named = " ".join(lines)
    assert "secret is left out" in named
    assert "secret.png is left out" in named
    assert "secret.txt" in named


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PermissionError(13, "Permission denied", "/a/b"), InputNotReadable),
        (OSError(36, "File name too long", "/a/b"), InputNotReadable),
        (OSError(5, "Input/output error"), InputNotReadable),
        (OSError(28, "No space left on device", "/a/b"), DiskFull),
        (OSError(30, "Read-only file system", "/a/b"), OutputNotWritable),
    ],
)
def test_what_the_system_refuses_is_a_sentence_wherever_it_comes_up(error, kind):
    failed = failure_of(error)
    assert isinstance(failed, RunFailed)
    assert type(failed.error) is kind


@pytest.mark.parametrize(
    "error",
    [FileNotFoundError(2, "No such file or directory", "/a/b"), OSError("odd"), PictureError("a")],
)
def test_what_may_be_a_mistake_of_ours_stays_a_crash(error):
    assert isinstance(failure_of(error), RunCrashed)
