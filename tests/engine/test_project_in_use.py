"""Who has a project open: told to others, never in anybody's way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from engine import project_in_use, storage
from engine.project import Project
from engine.project_in_use import ABANDONED_SECONDS, announce, new_token, others, withdraw


@pytest.fixture
def folder(tmp_path):
    project = Project(tmp_path / "toy")
    project.save_draft({"name": "toy"})
    return project.folder


@pytest.fixture
def elsewhere(folder, monkeypatch):
    """Another computer has it open; returns its token."""
    token = new_token()
    with monkeypatch.context() as patch:
        patch.setattr("engine.project_in_use.platform.node", lambda: "attic")
        announce(folder, token, 1_000.0)
    return token


def records(folder):
    return sorted(folder.glob(".open-*"))


def of_this_computer(folder, process: int, **changes) -> None:
    """As another program here would have written it."""
    token = new_token()
    announce(folder, token, time.time())
    file = folder / f".open-{token}.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "process": process, **changes}))


def test_another_computer_is_told_with_the_time_since_when(folder, elsewhere):
    (found,) = others(folder, new_token())
    assert (found.computer, found.since, found.token) == ("attic", 1_000.0, elsewhere)


def test_a_record_holds_nothing_of_its_user(folder, elsewhere):
    (file,) = records(folder)
    assert json.loads(file.read_text()).keys() == {"computer", "process", "place", "since"}


def test_what_was_withdrawn_is_told_no_more(folder, elsewhere):
    withdraw(folder, elsewhere)
    assert others(folder, new_token()) == []
    assert records(folder) == []


def test_a_record_that_nobody_renewed_is_abandoned_and_cleared_away(folder, elsewhere):
    (file,) = records(folder)
    old = time.time() - ABANDONED_SECONDS - 60
    os.utime(file, (old, old))
    assert others(folder, new_token()) == []
    assert records(folder) == []


def test_a_clock_that_is_wrong_makes_nobody_abandoned(folder, elsewhere, monkeypatch):
    """Both files get their times from one clock; that of this computer does not count."""
    own = new_token()
    announce(folder, own, 0.0)
    monkeypatch.setattr("engine.project_in_use.time.time", lambda: time.monotonic() + 10**9)
    assert len(others(folder, own)) == 1


def test_renewing_keeps_a_record_alive(folder, elsewhere, monkeypatch):
    (file,) = records(folder)
    old = time.time() - ABANDONED_SECONDS - 60
    os.utime(file, (old, old))
    announce(folder, elsewhere, 1_000.0)
    assert len(others(folder, new_token())) == 1


def test_another_process_of_this_computer_counts_while_it_lives(folder):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        of_this_computer(folder, other.pid)
        assert len(others(folder, new_token())) == 1
        other.kill()
    assert others(folder, new_token()) == []
    assert records(folder) == []


def test_windows_of_this_program_are_not_told_of_each_other(folder):
    announce(folder, new_token(), 0.0)
    assert others(folder, new_token()) == []


def test_a_copy_of_a_project_is_not_open_where_the_project_is(folder):
    of_this_computer(folder, os.getppid(), place=7)
    assert others(folder, new_token()) == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"computer": 1}', '{"computer":"a","process":-1,"place":0,"since":0}',
     '{"computer":"a","process":1,"place":0,"since":1e999}'],
)  # fmt: skip
def test_a_record_that_holds_anything_else_is_left_alone(folder, text):
    (folder / f".open-{new_token()}.json").write_text(text)
    assert others(folder, new_token()) == []
    assert len(records(folder)) == 1


def test_the_name_of_a_computer_is_cut_and_printable(folder, monkeypatch):
    monkeypatch.setattr("engine.project_in_use.platform.node", lambda: "a\x1b[2J\n" + "b" * 2000)
    announce(folder, new_token(), 0.0)
    monkeypatch.undo()
    (found,) = others(folder, new_token())
    assert found.computer == "a[2J" + "b" * 56


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links")
def test_a_link_in_the_place_of_a_record_is_not_followed(folder, elsewhere, tmp_path):
    (file,) = records(folder)
    file.rename(tmp_path / "theirs.json")
    file.symlink_to(tmp_path / "theirs.json")
    assert others(folder, new_token()) == []
    assert (tmp_path / "theirs.json").exists()


def test_a_folder_that_is_gone_is_not_made_anew(folder, tmp_path):
    folder.rename(tmp_path / "moved")
    announce(folder, new_token(), 0.0)
    withdraw(folder, new_token())
    assert others(folder, new_token()) == []
    assert not folder.exists()


def test_where_nothing_can_be_written_nothing_is_said(folder, elsewhere, monkeypatch):
    def refuse(*_):
        raise OSError(30, "Read-only file system")

    for name in ("write_json", "touch", "remove_file"):
        monkeypatch.setattr(storage, name, refuse)
    own = new_token()
    announce(folder, own, 0.0)
    withdraw(folder, own)
    assert [one.token for one in others(folder, own)] == [elsewhere]


def test_a_folder_without_the_mark_gets_no_record(tmp_path):
    announce(tmp_path, new_token(), 0.0)
    assert list(tmp_path.iterdir()) == []


def test_a_record_makes_no_difference_to_the_project(folder, elsewhere):
    assert project_in_use.others(folder, "x")
    assert Project.at(folder).load_draft() == Project(folder).load_draft()
    Project.at(folder).require_project()
