"""A file of the user's that an install set aside is never left under a name that nobody shows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine import install as installing
from engine import replaced_files
from engine.errors import OutputNotWritable
from engine.install import EarlierElsewhere, install
from engine.replaced_files import SUFFIX, bring_back, finish, list_file, set_aside, settle
from tests.conftest import ROOT
from tests.engine.test_install import a1111, lora

__all__ = ["a1111", "lora"]  # fixtures

SET_ASIDE = (
    "import os, signal, sys; from pathlib import Path; from engine.replaced_files import set_aside;"
    "set_aside(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
)


@pytest.fixture
def there(tmp_path) -> Path:
    path = tmp_path / "Lora/cat.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"the user's own")
    return path


@pytest.fixture
def bin_of_the_system(monkeypatch) -> list[Path]:
    thrown: list[Path] = []

    def throw(path: Path) -> None:
        thrown.append(path)
        path.unlink()

    monkeypatch.setattr(replaced_files.storage, "to_bin", throw)
    return thrown


def killed(there: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SET_ASIDE, str(there)], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert not there.exists()


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_kill_before_the_new_file_is_there_brings_the_earlier_one_back(there):
    killed(there)
    finish()
    assert there.read_bytes() == b"the user's own"
    assert replaced_files._known() == []


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_kill_after_the_new_file_is_there_takes_the_earlier_one_to_the_bin(
    there, bin_of_the_system
):
    killed(there)
    there.write_bytes(b"installed")
    finish()
    assert [path.name for path in bin_of_the_system] == [f"cat.safetensors{SUFFIX}"]
    assert there.read_bytes() == b"installed"
    assert replaced_files._known() == []


def test_what_a_living_process_set_aside_is_left_to_it(there):
    replaced = set_aside(there)
    assert replaced is not None
    finish()
    assert replaced.earlier.exists()
    assert bring_back(replaced) == there
    assert replaced_files._known() == []


def test_where_the_system_has_no_bin_the_earlier_file_is_shown_again(there, monkeypatch):
    def refuse(path: Path) -> None:
        raise OutputNotWritable(folder=str(path.parent), reason="no bin")

    replaced = set_aside(there)
    assert replaced is not None
    there.write_bytes(b"installed")
    monkeypatch.setattr(replaced_files.storage, "to_bin", refuse)
    settle(replaced)
    assert there.with_name("cat-2.safetensors").read_bytes() == b"the user's own"


def test_a_name_that_another_program_takes_in_between_does_not_hide_the_earlier_file(
    lora, a1111, monkeypatch
):
    there = a1111.folder / "models/Lora/my-cat.safetensors"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"the user's own")
    real = installing._bring

    def bring(path, target, wanted, *, link):
        target.write_bytes(b"of a browser")
        real(path, target, wanted, link=link)

    monkeypatch.setattr(installing, "_bring", bring)
    with pytest.raises(EarlierElsewhere) as told:
        install(lora, a1111, replace=True)
    assert there.read_bytes() == b"of a browser"
    assert Path(str(told.value.facts["earlier"])).read_bytes() == b"the user's own"
    assert not list(there.parent.glob(f"*{SUFFIX}"))


@pytest.mark.parametrize("text", ["", "[]", '{"files": 5}', '{"files": [{"earlier": 1}]}'])
def test_a_list_that_cannot_be_read_stops_no_install(there, text):
    list_file().parent.mkdir(parents=True, exist_ok=True)
    list_file().write_text(text)
    finish()
    replaced = set_aside(there)
    assert replaced is not None
    assert bring_back(replaced) == there


def test_a_file_that_took_the_other_name_meanwhile_is_never_taken_for_the_users_earlier_one(
    there, monkeypatch
):
    """What is written down is only what was really set aside."""
    planned = there.with_name(there.name + SUFFIX)
    real = replaced_files.storage.move_to_free

    def move(path, target):
        planned.write_bytes(b"of another program")
        return real(path, target)

    monkeypatch.setattr(replaced_files.storage, "move_to_free", move)
    replaced = set_aside(there)
    assert replaced is not None
    assert replaced.earlier != planned
    assert [known.earlier for known in replaced_files._known()] == [str(replaced.earlier)]


def test_a_file_that_cannot_be_set_aside_is_not_written_down(there, monkeypatch):
    def refuse(path, target):
        raise OutputNotWritable(folder=str(path.parent), reason="no right")

    monkeypatch.setattr(replaced_files.storage, "move_to_free", refuse)
    with pytest.raises(OutputNotWritable):
        set_aside(there)
    assert replaced_files._known() == []
