"""Files and folders are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

import pytest

from engine import storage
from engine.errors import DiskFull, InputNotReadable, OutputNotWritable
from engine.events import RunCrashed, RunFailed, failure_of
from engine.json_reading import parse_json
from engine.output_errors import FilesLimited, LinkInTheWay, NotOurs
from engine.storage import system_errors

resource = pytest.importorskip("resource", reason="Windows has no such limits")


@contextlib.contextmanager
def limited_files(num_bytes: int):
    """As `ulimit -f`: writes fail in the middle of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def files_no_larger_than(num_bytes: int):
    """What a full disk does, with the error of one: no other disk is at hand."""
    full = patch.object(system_errors, "_FULL", system_errors._FULL | {errno.EFBIG})
    with limited_files(num_bytes), full:
        yield


@pytest.fixture(autouse=True)
def _is_ours(tmp_path):
    """What is in it may be replaced."""
    storage.own_folder(tmp_path, "run")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {storage.MARK}


def test_a_written_file_stands_under_its_name_alone(tmp_path):
    storage.write_bytes(tmp_path / "new" / "a.bin", b"one")
    assert (tmp_path / "new" / "a.bin").read_bytes() == b"one"
    assert names(tmp_path / "new") == {"a.bin"}


def test_an_error_inside_leaves_the_old_file_whole_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.bin"
    storage.write_bytes(path, b"old")
    with pytest.raises(ZeroDivisionError):
        with storage.atomic_write(path) as file:
            file.write(b"new" * 1000)
            file.flush()
            assert path.read_bytes() == b"old"
            raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"a.bin"}


@pytest.mark.parametrize("room", [0, 1, 4096, 99_999])
def test_a_full_disk_leaves_the_old_file_whole_and_says_so(tmp_path, room):
    path = tmp_path / "a.bin"
    storage.write_bytes(path, b"old")
    with files_no_larger_than(room), pytest.raises(DiskFull) as caught:
        storage.write_bytes(path, b"x" * 100_000)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"a.bin"}
    assert f"The disk of {tmp_path} is full" in caught.value.sentence
    assert caught.value.advice == "Free some space, then try again."


def test_a_full_disk_leaves_the_old_folder_whole(tmp_path):
    folder = tmp_path / "step_000001"

    def fill(text: bytes):
        return lambda hidden: [storage.write_bytes(hidden / n, text) for n in ("a", "b")]

    storage.commit_folder(folder, fill(b"old"), is_ours=lambda _: True)
    with files_no_larger_than(1000), pytest.raises(DiskFull):
        storage.commit_folder(folder, fill(b"x" * 2000), is_ours=lambda _: True)
    assert (folder / "b").read_bytes() == b"old"
    assert names(tmp_path) == {"step_000001"}


def test_a_folder_is_not_seen_before_it_is_whole(tmp_path):
    folder = tmp_path / "step_000001"

    def fill(hidden: Path) -> None:
        storage.write_bytes(hidden / "a", b"1")
        assert not folder.exists()

    storage.commit_folder(folder, fill)
    assert names(folder) == {"a"}


def test_a_file_in_the_way_of_a_folder_gets_a_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputNotWritable, match="Nothing can be written"):
        storage.write_bytes(tmp_path / "file" / "a.bin", b"x")
    with pytest.raises(OutputNotWritable, match="Choose another output folder"):
        storage.require_writable(tmp_path / "file" / "runs")
    with pytest.raises(OutputNotWritable):
        storage.commit_folder(tmp_path / "file" / "step", lambda hidden: None)


def test_a_folder_in_the_way_of_a_file_gets_a_sentence_and_stays(tmp_path):
    (tmp_path / "a.bin").mkdir()
    (tmp_path / "a.bin" / "inner").write_text("x")
    with pytest.raises(OutputNotWritable):
        storage.write_bytes(tmp_path / "a.bin", b"x")
    assert (tmp_path / "a.bin" / "inner").read_text() == "x"
    assert names(tmp_path) == {"a.bin"}


def test_the_probe_for_writing_leaves_nothing(tmp_path):
    storage.require_writable(tmp_path / "deep" / "er")
    assert names(tmp_path / "deep" / "er") == set()
    with files_no_larger_than(0), pytest.raises(DiskFull):
        storage.require_writable(tmp_path)
    assert names(tmp_path) == {"deep"}


def test_a_symlink_at_the_name_is_neither_followed_nor_replaced(tmp_path):
    (tmp_path / "secret").write_text("mine")
    (tmp_path / "a.bin").symlink_to(tmp_path / "secret")
    with pytest.raises(LinkInTheWay, match=re.escape(str(tmp_path / "a.bin"))):
        storage.write_bytes(tmp_path / "a.bin", b"new")
    assert (tmp_path / "secret").read_text() == "mine"
    assert (tmp_path / "a.bin").is_symlink()


def test_what_a_kill_left_is_swept_and_nothing_else(tmp_path):
    for name in (".tmp-step_1-12-0123abcd", ".trash-step_1-12-0123abcd", ".tmp-mywork"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "inner").write_text("x")
    for name in (".a.bin.12.0123abcd.part", "a.part", ".precious.part", "step_000001"):
        (tmp_path / name).write_text("x")
    storage.sweep(tmp_path)
    assert names(tmp_path) == {"a.part", ".precious.part", ".tmp-mywork", "step_000001"}
    storage.sweep(tmp_path / "not there")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_beside_the_rename_leaves_the_old_or_the_new_file(tmp_path, moment):
    script = f"""
import os, signal
from pathlib import Path
from engine import storage
real = os.replace
def replace(*arguments, **facts):
    if {moment == "after"}:
        real(*arguments, **facts)
    os.kill(os.getpid(), signal.SIGKILL)
os.replace = replace
storage.write_bytes(Path("a.bin"), b"new")
"""
    (tmp_path / "a.bin").write_bytes(b"old")
    root = Path(__file__).parents[2]
    child = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(root)}
    )
    assert child.returncode == -signal.SIGKILL
    assert (tmp_path / "a.bin").read_bytes() == (b"old" if moment == "before" else b"new")
    storage.sweep(tmp_path)
    assert names(tmp_path) == {"a.bin"}


def test_a_new_file_is_no_program(tmp_path):
    storage.write_text(tmp_path / "a.txt", "é")
    assert not (tmp_path / "a.txt").stat().st_mode & stat.S_IXUSR
    assert (tmp_path / "a.txt").read_bytes() == "é".encode()


def test_a_new_folder_leaves_its_name_to_whoever_has_it(tmp_path):
    folder = tmp_path / "run"

    def fill(hidden: Path) -> None:
        (hidden / "config.json").write_text("mine")

    assert storage.commit_new_folder(folder, fill)
    (folder / "config.json").write_text("somebody else's")
    assert not storage.commit_new_folder(folder, fill)
    assert (folder / "config.json").read_text() == "somebody else's"
    (tmp_path / "file").touch()
    assert not storage.commit_new_folder(tmp_path / "file", fill)
    assert names(tmp_path) == {"run", "file"}
    with files_no_larger_than(10), pytest.raises((DiskFull, OutputNotWritable)):
        storage.commit_new_folder(tmp_path / "other", _write_much)
    assert names(tmp_path) == {"run", "file"}


def _write_much(hidden: Path) -> None:
    storage.write_bytes(hidden / "config.json", b"x" * 2000)


def test_where_no_lock_is_held_only_our_own_that_is_long_abandoned_is_swept(tmp_path):
    ours, fresh = ".tmp-run-1-1234-0123abcd", ".tmp-run-2-1234-0123abcd"
    others = [".tmp-notes-1234-0123abcd", ".tmp-run-1", ".trash-run-1-1234-0123abcd", "run-1"]
    for name in (ours, fresh, *others):
        (tmp_path / name).mkdir()
        past = time.time() - (0 if name == fresh else 7_200)
        os.utime(tmp_path / name, (past, past))
    storage.sweep_abandoned(tmp_path, re.compile(r"run-\d"), 3_600)
    assert names(tmp_path) == {fresh, *others}


def test_an_error_of_reading_is_never_said_to_be_one_of_writing(tmp_path):
    gone = tmp_path / "usb" / "model.safetensors"
    with pytest.raises(InputNotReadable, match=re.escape(f"{gone} cannot be read")):
        with storage.atomic_write(tmp_path / "a.bin") as file:
            file.write(gone.read_bytes())
    with pytest.raises(InputNotReadable, match=re.escape(f"{gone} cannot be read")):
        storage.commit_folder(tmp_path / "a", lambda hidden: gone.read_bytes())
    with pytest.raises(InputNotReadable, match="Is a directory"):
        storage.copy_file(tmp_path, tmp_path / "b.bin")
    assert names(tmp_path) == set()


def test_an_error_of_writing_in_the_midst_of_reading_is_one_of_writing(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"x" * 2_000_000)
    with files_no_larger_than(1000), pytest.raises(DiskFull):
        storage.copy_file(source, tmp_path / "out" / "a.bin")
    with files_no_larger_than(1000), pytest.raises(DiskFull):
        storage.commit_folder(
            tmp_path / "out" / "f", lambda hidden: storage.copy_file(source, hidden / "a")
        )
    with files_no_larger_than(1000), pytest.raises(DiskFull):
        storage.commit_folder(
            tmp_path / "out" / "f", lambda hidden: (hidden / "a").write_bytes(b"x" * 2000)
        )
    assert names(tmp_path / "out") == set()


def committed(folder: Path, text: bytes) -> None:
    storage.commit_folder(
        folder, lambda hidden: storage.write_bytes(hidden / "a", text), is_ours=is_committed
    )


def is_committed(folder: Path) -> bool:
    return names(folder) <= {"a"}


@pytest.mark.parametrize("failing", [1, 2])
def test_a_folder_that_cannot_be_renamed_leaves_the_old_one_in_its_place(
    tmp_path, monkeypatch, failing
):
    committed(tmp_path / "f", b"old")
    refuse_renames(monkeypatch, lambda count: count == failing)
    with pytest.raises(OutputNotWritable):
        committed(tmp_path / "f", b"new")
    assert (tmp_path / "f" / "a").read_bytes() == b"old"
    assert names(tmp_path) == {"f"}


def test_an_old_folder_that_cannot_even_be_put_back_is_put_back_at_the_next_open(
    tmp_path, monkeypatch
):
    committed(tmp_path / "f", b"old")
    with monkeypatch.context() as patch:
        refuse_renames(patch, lambda count: count >= 2)
        with pytest.raises(OutputNotWritable):
            committed(tmp_path / "f", b"new")
    assert not (tmp_path / "f").exists()
    storage.sweep(tmp_path)
    assert (tmp_path / "f" / "a").read_bytes() == b"old"
    assert names(tmp_path) == {"f"}


def refuse_renames(monkeypatch, refused) -> None:
    """Of folders; those of files go through."""
    real, done = os.replace, []

    def rename(source, target, **places):
        if not source.endswith(".part"):
            done.append(source)
            if refused(len(done)):
                raise OSError(errno.EIO, os.strerror(errno.EIO), source)
        return real(source, target, **places)

    monkeypatch.setattr(os, "replace", rename)


@pytest.mark.parametrize("failing", [1, 2])
def test_a_folder_that_cannot_take_the_place_of_an_older_one_leaves_both(
    tmp_path, monkeypatch, failing
):
    committed(tmp_path / "new", b"new")
    committed(tmp_path / "f", b"old")
    refuse_renames(monkeypatch, lambda count: count == failing)
    with pytest.raises(OutputNotWritable):
        storage.replace_folder(tmp_path / "new", tmp_path / "f", is_ours=is_committed)
    assert (tmp_path / "f" / "a").read_bytes() == b"old"
    assert (tmp_path / "new" / "a").read_bytes() == b"new"
    storage.replace_folder(tmp_path / "new", tmp_path / "f", is_ours=is_committed)
    assert (tmp_path / "f" / "a").read_bytes() == b"new"
    assert names(tmp_path) == {"f"}


def test_a_folder_that_cannot_be_listed_is_not_swept(tmp_path, monkeypatch):
    def refuse(place):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))

    monkeypatch.setattr(os, "listdir", refuse)
    storage.sweep(tmp_path)  # what is wrong is said by whoever reads the folder


KILLED_WHILE_COMMITTING = """
import os, signal, sys
from pathlib import Path
from engine import storage
real, done, at = os.replace, [], float(sys.argv[1])
def rename(source, target, **places):
    if source.endswith(".part"):
        return real(source, target, **places)
    done.append(source)
    if len(done) > at:  # before this one
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target, **places)
    if len(done) == at:  # after it
        os.kill(os.getpid(), signal.SIGKILL)
os.replace = rename
def fill(hidden):
    storage.write_bytes(hidden / "a", b"new")
storage.commit_folder(Path("f"), fill, is_ours=lambda _: True)
"""


@pytest.mark.parametrize(
    ("at", "left"), [("0", b"old"), ("1", b"old"), ("1.5", b"old"), ("2", b"new")]
)
@pytest.mark.parametrize("opened_by", ["sweep", "commit"])
def test_a_kill_beside_either_rename_loses_neither_version(tmp_path, at, left, opened_by):
    committed(tmp_path / "f", b"old")
    root = Path(__file__).parents[2]
    child = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_COMMITTING, at],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(root)},
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL
    if opened_by == "sweep":
        storage.sweep(tmp_path)
        assert (tmp_path / "f" / "a").read_bytes() == left
        assert names(tmp_path) == {"f"}
        return
    committed(tmp_path / "f", b"newer")
    storage.sweep(tmp_path)
    assert names(tmp_path) == {"f"}
    assert (tmp_path / "f" / "a").read_bytes() == b"newer"


def test_a_file_a_link_or_a_folder_with_more_in_it_is_never_replaced_by_a_folder(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").write_text("mine")
    (tmp_path / "f").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "g").write_text("a file")
    for name in ("f", "g", "elsewhere"):
        with pytest.raises((LinkInTheWay, NotOurs)):
            storage.commit_folder(
                tmp_path / name,
                lambda hidden: storage.write_bytes(hidden / "a", b"new"),
                is_ours=lambda folder: folder.is_dir() and is_committed(folder),
            )
        with pytest.raises((LinkInTheWay, NotOurs)):
            storage.remove_folder(tmp_path / name, is_ours=lambda _: False)
    assert (tmp_path / "f").is_symlink()
    assert (tmp_path / "g").read_text() == "a file"
    assert names(tmp_path) == {"elsewhere", "f", "g"}
    assert names(tmp_path / "elsewhere") == {"mine"}


def test_what_was_moved_aside_is_put_back_under_names_that_look_like_patterns(tmp_path):
    for name in ("a[1]", "a1", "step_000001"):
        committed(tmp_path / name, name.encode())
        (tmp_path / name).rename(tmp_path / f".old-{name}-7-0123abcd")
    committed(tmp_path / "a[1]", b"new")
    assert names(tmp_path) == {"a[1]", ".old-a1-7-0123abcd", ".old-step_000001-7-0123abcd"}
    storage.sweep(tmp_path)
    assert names(tmp_path) == {"a[1]", "a1", "step_000001"}
    assert (tmp_path / "a[1]" / "a").read_bytes() == b"new"


def test_files_that_may_not_grow_are_no_full_disk(tmp_path):
    path = tmp_path / "a.bin"
    with limited_files(3 << 19), pytest.raises(FilesLimited) as caught:
        storage.write_bytes(path, bytes(2 << 20))
    assert f"Files in {tmp_path} may not grow beyond 1536 KiB." in str(caught.value)
    assert caught.value.code == "IM-OUT-15"
    assert names(tmp_path) == set()


def test_a_file_system_with_small_files_is_told_as_such(tmp_path):
    error = system_errors.as_user_error(OSError(errno.EFBIG, "File too large"), tmp_path)
    assert "4 GiB on FAT32" in str(error)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EIO, InputNotReadable), (errno.EACCES, InputNotReadable),
        (errno.ENOSPC, DiskFull), (errno.EROFS, OutputNotWritable),
        (errno.ENOENT, None), (errno.EINVAL, None),
    ],
)  # fmt: skip
def test_a_job_that_the_disk_refuses_ends_in_a_sentence_and_one_that_errs_in_a_traceback(
    tmp_path, number, kind
):
    error = OSError(number, os.strerror(number), str(tmp_path / "x"))
    ended = failure_of(error)
    if kind is None:
        assert isinstance(ended, RunCrashed)
    else:
        assert isinstance(ended, RunFailed)
        assert isinstance(ended.error, kind)
        assert str(tmp_path) in ended.error.sentence


def test_an_error_that_names_no_file_is_a_traceback():
    assert isinstance(failure_of(OSError(errno.EBADF, "Bad file descriptor")), RunCrashed)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_json_has_not_is_written_as_a_text_that_can_be_read(tmp_path, number):
    data = {"draft": {"method": {"learning_rate": number, "ranks": [1, number]}, "steps": 15}}
    storage.write_json(tmp_path / "a.json", data)
    read = parse_json((tmp_path / "a.json").read_bytes())
    assert read["draft"] == {
        "method": {"learning_rate": str(number), "ranks": [1, str(number)]}, "steps": 15,
    }  # fmt: skip
