"""Names and paths on a Windows that is pretended: what would fail there is told before a run."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import pytest

from engine import long_paths
from engine.config_file import require
from engine.events import RunFailed
from engine.install import suggested_name
from engine.long_paths import INSIDE_A_RUN, WINDOWS_LONGEST, PathTooLong, require_short_enough
from engine.project import create_run, safe_name
from tests.engine_runs import EACH_METHOD, require_finished, tiny_run, train

NAME = "the-longest-name-that-a-run-can-have-of-sixty-letters-all-in"
opened: set[str] = set()


def _listen(event: str, facts: tuple) -> None:
    if event in ("open", "os.mkdir", "os.rename"):
        opened.update(str(fact) for fact in facts if isinstance(fact, str | Path))


def registry(monkeypatch, value: int | None) -> None:
    """A Windows, with its switch for long paths on, off, or not there."""

    class Key:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    def ask(key, name):
        assert name == "LongPathsEnabled"
        if value is None:
            raise FileNotFoundError
        return value, 4

    winreg = types.SimpleNamespace(
        HKEY_LOCAL_MACHINE=0, OpenKey=lambda root, place: Key(), QueryValueEx=ask
    )
    monkeypatch.setitem(sys.modules, "winreg", winreg)
    monkeypatch.setattr(sys, "platform", "win32")


@pytest.mark.parametrize(
    ("value", "longest"), [(1, None), (0, WINDOWS_LONGEST), (None, WINDOWS_LONGEST)]
)
def test_windows_is_asked_whether_long_paths_are_allowed(monkeypatch, value, longest):
    registry(monkeypatch, value)
    assert long_paths.longest_path() == longest


def test_other_systems_have_no_such_limit(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert long_paths.longest_path() is None


def test_a_folder_that_is_too_deep_is_told_before_anything_is_loaded(
    tiny_folder, image_folder, tmp_path, monkeypatch, live_models
):
    monkeypatch.setattr(long_paths, "longest_path", lambda: WINDOWS_LONGEST)
    deep = tmp_path / ("d" * 100) / "runs"
    last = train(tiny_run(tiny_folder, image_folder, deep)).last
    assert isinstance(last, RunFailed)
    assert isinstance(last.error, PathTooLong)
    assert "259" in str(last.error)
    assert live_models == []
    assert list(deep.iterdir()) == []


def test_a_run_under_documents_has_room(monkeypatch):
    """With a user's name of twelve letters and a name of the project of as many."""
    monkeypatch.setattr(long_paths, "longest_path", lambda: WINDOWS_LONGEST)
    runs = Path("C:\\Users\\twelve-chars\\Documents\\Imprint\\twelve-chars\\runs")
    folder = Path(f"{runs}\\2026-11-28_2000_twelve-chars_textual_inversion-2")
    monkeypatch.setattr(type(folder), "absolute", lambda self: self)
    require_short_enough(folder, "twelve-chars")


@pytest.mark.parametrize("method", EACH_METHOD)
def test_no_path_in_a_run_is_longer_than_what_is_reckoned_with(
    tiny_folder, image_folder, tmp_path, method
):
    assert safe_name(NAME) == NAME
    assert len(NAME) == 60
    opened.clear()
    data = tiny_run(
        tiny_folder, image_folder, tmp_path / "runs", name=NAME, method=EACH_METHOD[method],
        sampling={"every_steps": 2}, optimizer={"ema_decay": 0.9},
        dataset={"folder": str(image_folder), "trigger": NAME, "class_word": "toy"},
    )  # fmt: skip
    sys.addaudithook(_listen)
    folder = require_finished(train(data)).folder.path
    inside = [path for path in opened if path.startswith(str(folder))]
    longest = max(inside, key=len)
    letters = len(longest) + 2 * (7 - len(str(os.getpid())))  # some systems have longer ones
    assert letters - len(str(folder)) <= len(NAME) + INSIDE_A_RUN, longest


def test_runs_whose_names_differ_only_in_case_get_folders_of_their_own(tmp_path):
    """Windows and macOS take `Cat` and `cat` for one."""
    data = {"dataset": {"folder": "x"}, "runs_folder": str(tmp_path)}
    names = [create_run(require(data | {"name": name})).path.name for name in ("Cat", "cat", "CAT")]
    assert len({name.casefold() for name in names}) == 3


@pytest.mark.parametrize(
    ("stem", "expected"),
    [("con猫", "con-1"), ("猫", "trained"), ("My Cat", "my-cat"), ("aux.猫", "aux-1")],
)
def test_what_is_left_of_a_name_in_plain_letters_is_a_name_that_windows_takes(stem, expected):
    file = types.SimpleNamespace(kind="lora", path=Path(f"{stem}.safetensors"))
    assert suggested_name(file) == expected
