"""A picture that was drawn is never written over: not by another, not by one that comes back."""

from __future__ import annotations

import errno
import multiprocessing
import os
import re
import shutil
import sys

import filelock
import pytest

from engine.drawn_pictures import BIN, Bin, bring_back, keep


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_names_count_up_over_what_is_there_and_over_the_bin(tmp_path):
    first = keep(tmp_path, 7, b"first")
    assert first.name == "00001_seed7.png"
    Bin(tmp_path).throw_away(first)
    assert keep(tmp_path, 7, b"second").name == "00002_seed7.png"


def test_what_is_taken_back_takes_no_name_from_a_picture(tmp_path):
    bin_ = Bin(tmp_path)
    first = keep(tmp_path, 7, b"first")
    bin_.throw_away(first)
    first.write_bytes(b"made meanwhile by another program")
    bin_.take_back()
    assert first.read_bytes() == b"made meanwhile by another program"
    assert (tmp_path / "00001_seed7-2.png").read_bytes() == b"first"


def test_two_of_one_name_in_the_bin_both_reach_the_bin_of_the_system(tmp_path, monkeypatch):
    gone = []
    monkeypatch.setattr("engine.storage.to_bin", lambda path: gone.append(path.read_bytes()))
    bin_ = Bin(tmp_path)
    for data in (b"first", b"second"):
        path = tmp_path / "00001_seed7.png"
        path.write_bytes(data)
        bin_.throw_away(path)
    bin_.empty()
    assert gone == [b"first", b"second"]


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use has one name there")
@pytest.mark.parametrize("way", ["empty", "take_back"])
def test_a_folder_that_is_renamed_keeps_its_bin(tmp_path, monkeypatch, way):
    """And one that another program put in its place is not ours."""
    gone = []
    monkeypatch.setattr("engine.storage.to_bin", lambda path: gone.append(path.read_bytes()))
    folder, moved = tmp_path / "generated", tmp_path / "moved"
    folder.mkdir()
    bin_ = Bin(folder)
    first, second = keep(folder, 7, b"first"), keep(folder, 7, b"second")
    bin_.throw_away(first)
    folder.rename(moved)
    (folder / BIN).mkdir(parents=True)
    (folder / BIN / first.name).write_bytes(b"another")
    bin_.throw_away(second)
    assert names(moved) == []
    getattr(bin_, way)()
    if way == "empty":
        assert gone == [b"first", b"second"]
    else:
        assert names(moved) == [first.name, second.name]
    assert (folder / BIN / first.name).read_bytes() == b"another"


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use has one name there")
def test_the_bin_of_a_folder_that_is_gone_throws_nothing_away(tmp_path, monkeypatch):
    gone = []
    monkeypatch.setattr("engine.storage.to_bin", lambda path: gone.append(path.read_bytes()))
    folder = tmp_path / "generated"
    folder.mkdir()
    bin_ = Bin(folder)
    first = keep(folder, 7, b"first")
    bin_.throw_away(first)
    shutil.rmtree(folder)
    (folder / BIN).mkdir(parents=True)
    (folder / BIN / first.name).write_bytes(b"another")
    bin_.empty()
    assert gone == []


def test_more_than_ninety_nine_thousand_pictures_have_names_too(tmp_path):
    (tmp_path / "99999_seed1.png").write_bytes(b"old")
    assert keep(tmp_path, 1, b"a").name == "100000_seed1.png"
    assert keep(tmp_path, 1, b"b").name == "100001_seed1.png"
    assert keep(tmp_path, 1, b"c").name == "100002_seed1.png"


def draw_many(folder, mark) -> None:
    for number in range(40):
        keep(folder, 7, f"{mark}-{number}".encode())


def test_two_processes_that_draw_into_one_folder_lose_nothing(tmp_path):
    start = multiprocessing.get_context("spawn").Process
    both = [start(target=draw_many, args=(tmp_path, mark)) for mark in "ab"]
    for one in both:
        one.start()
    for one in both:
        one.join()
        assert one.exitcode == 0
    drawn = {path.read_bytes() for path in tmp_path.glob("*.png")}
    assert drawn == {f"{mark}-{number}".encode() for mark in "ab" for number in range(40)}


def test_only_what_was_drawn_comes_back_after_a_crash(tmp_path):
    (tmp_path / BIN).mkdir()
    for name in ("00001_seed7.png", "00002_seed-1.png", "letter.txt", ".hidden"):
        (tmp_path / BIN / name).write_text(name)
    (tmp_path / BIN / "00003_seed1.png").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "00001_seed7.png").write_text("another")
    bring_back(tmp_path)
    assert names(tmp_path) == ["00001_seed7-2.png", "00001_seed7.png", "00002_seed-1.png"]
    assert (tmp_path / "00001_seed7.png").read_text() == "another"


def test_a_bin_that_is_a_link_brings_nothing_back(tmp_path):
    documents = tmp_path / "Documents"
    documents.mkdir()
    (documents / "00001_seed7.png").write_text("mine")
    (documents / "letter.txt").write_text("mine")
    generated = tmp_path / "toy/generated"
    generated.mkdir(parents=True)
    (generated / BIN).symlink_to(documents)
    bring_back(generated)
    assert names(documents) == ["00001_seed7.png", "letter.txt"]
    assert names(generated) == []


def test_what_another_window_can_still_take_back_is_left_to_it(tmp_path):
    bin_ = Bin(tmp_path)
    bin_.throw_away(keep(tmp_path, 7, b"first"))
    bring_back(tmp_path)  # a second window opens the project
    assert names(tmp_path) == []
    bin_.take_back()
    assert names(tmp_path) == ["00001_seed7.png"]


def test_a_lock_that_is_held_elsewhere_costs_nothing_but_the_bringing_back(tmp_path):
    (tmp_path / BIN).mkdir()
    with filelock.FileLock(tmp_path / BIN / ".lock"):
        bin_ = Bin(tmp_path)
        bin_.throw_away(keep(tmp_path, 7, b"first"))
        assert len(bin_) == 1
        bin_.take_back()
    assert re.fullmatch(r"00001_seed7\.png", names(tmp_path)[0])


@pytest.mark.parametrize("seed", [0, -5, 2**64 - 1])
def test_any_seed_gives_a_name_that_is_known_again(tmp_path, seed):
    first, second = keep(tmp_path, seed, b"a"), keep(tmp_path, seed, b"b")
    assert first.name.startswith("00001_")
    assert second.name.startswith("00002_")


def test_a_bin_that_nobody_can_look_at_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / BIN).mkdir()
    keep(tmp_path / BIN, 7, b"first")

    def refuse(*_: object, **__: object) -> os.stat_result:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(os, "lstat", refuse)
    monkeypatch.setattr(os, "stat", refuse)
    bring_back(tmp_path)
    monkeypatch.undo()
    assert names(tmp_path / BIN) == ["00001_seed7.png"]
