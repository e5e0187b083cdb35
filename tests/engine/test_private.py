"""S-05, S-06: nothing secret in what leaves the computer, and nothing on the line at all."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.project import RunFolder
from engine.run_records import write_diagnostics
from tests.engine_runs import require_finished, tiny_run, train

TAKES_LONG = True  # for few tests: see tests/conftest.py

ROOT = Path(__file__).parents[2]
TOKEN = "hf_" + "aB3" * 12
SECRET_NAME = "annemarie-of-nowhere"


@pytest.fixture(scope="module")
def trained(tiny_folder, tmp_path_factory):
    """A run in the home of somebody whose name is told to nobody, with a token at hand."""
    from tests.conftest import draw_pictures

    home = tmp_path_factory.mktemp("home") / SECRET_NAME
    pictures = draw_pictures(home / "pictures")
    base = shutil.copytree(tiny_folder, home / "models/base")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("HF_TOKEN", TOKEN)
        data = tiny_run(base, pictures, home / "runs", sampling={"every_steps": 2})
        yield require_finished(train(data)).folder


@pytest.mark.parametrize("what", ["exports", "samples"])
def test_files_that_people_give_away_name_no_place_and_no_person(trained: RunFolder, what):
    files = [path for path in (trained.path / what).rglob("*") if path.is_file()]
    assert files
    for path in files:
        data = path.read_bytes()
        assert SECRET_NAME.encode() not in data, path
        assert TOKEN.encode() not in data, path
        assert str(trained.path.parent).encode() not in data, path


def test_a_report_of_a_bug_names_no_place_and_no_person(trained: RunFolder, tmp_path):
    import zipfile

    with zipfile.ZipFile(write_diagnostics(trained, tmp_path / "report.zip")) as zip_:
        for name in zip_.namelist():
            text = zip_.read(name).decode()
            assert SECRET_NAME not in text, name
            assert TOKEN not in text, name


def test_no_file_of_a_run_holds_a_token(trained: RunFolder):
    for path in trained.path.parents[1].rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not there")
def test_a_training_connects_to_nobody(tiny_folder, pictures_folder, tmp_path):
    """Seen from outside of the program: every connect() of it and of its children."""
    log = tmp_path / "connects"
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    sets = {
        "training.steps": 2, "training.resolution": 32, "sampling.every_steps": 2,
        "sampling.num_inference_steps": 2, "evaluation.enabled": "false",
    }  # fmt: skip
    command = [
        "strace", "-f", "-qq", "-e", "trace=connect,sendto", "-o", str(log),
        sys.executable, "main.py", "train", "--images", str(pictures_folder),
        "--base", str(tiny_folder), "--out", str(tmp_path / "runs"),
        *(f"--set={key}={value}" for key, value in sets.items()),
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-1000:]
    outside = re.findall(r".*AF_INET.*", log.read_text("utf-8", "replace"))
    assert not outside, outside[:3]
