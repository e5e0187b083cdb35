"""A second start hands over to the first, and to nobody else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket

from desktop import meeting_place, single_instance
from desktop.meeting_place import address, is_same_user, new_address
from desktop.single_instance import LONGEST, Doorkeeper, hand_over
from tests.timing import wait_for

ROOT = Path(__file__).parents[2]
CALL = (
    "import sys; from PySide6.QtCore import QCoreApplication; a = QCoreApplication([]);"
    "from desktop import single_instance;"
    "single_instance.ANSWER_MS = int(sys.argv[1]);"
    "sys.exit(0 if single_instance.hand_over(sys.argv[3:], sys.argv[2]) else 3)"
)
LISTEN_AND_DIE = (
    "import os; from PySide6.QtCore import QCoreApplication; a = QCoreApplication([]);"
    "from desktop.single_instance import Doorkeeper; import sys;"
    "k = Doorkeeper(name=sys.argv[1]); assert k.listens; os._exit(9)"
)
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has pipes, which lie in no folder")


@pytest.fixture
def keeper(qtbot, tmp_path):
    made = Doorkeeper(name=f"imprint-test-{tmp_path.name}")
    assert made.listens
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def call(qtbot, tmp_path):
    """Start a second program with these paths; returns its exit code once it ended."""

    def start(*paths: str, wait_ms: int = single_instance.ANSWER_MS) -> int:
        name = f"imprint-test-{tmp_path.name}"
        arguments = [sys.executable, "-c", CALL, str(wait_ms), name, *paths]
        second = subprocess.Popen(arguments, cwd=ROOT)
        qtbot.waitUntil(lambda: second.poll() is not None)
        return second.returncode

    return start


def test_a_second_start_hands_over_and_ends(keeper, call):
    told = []

    def show(paths: list[str]) -> bool:
        told.append(paths)
        return True

    keeper.attend(show)
    assert call("/a.imprint", "猫") == 0
    assert told == [["/a.imprint", "猫"]]


def test_a_second_start_opens_its_own_window_where_the_first_shows_none(keeper, call):
    keeper.attend(lambda paths: False)
    assert call("/a.imprint") == 3


def test_a_start_that_comes_before_the_window_waits_for_it(keeper, qtbot, tmp_path):
    name, told = f"imprint-test-{tmp_path.name}", []
    second = subprocess.Popen([sys.executable, "-c", CALL, "20000", name, "/a.imprint"], cwd=ROOT)
    qtbot.waitUntil(lambda: len(keeper._waiting) == 1)
    assert second.poll() is None
    keeper.attend(lambda paths: not told.append(paths))
    qtbot.waitUntil(lambda: second.poll() is not None)
    assert second.returncode == 0
    assert told == [["/a.imprint"]]


def test_who_answers_something_else_is_not_believed(call, qtbot, tmp_path, monkeypatch):
    """Another program at the same place: the second start must not end for it."""
    monkeypatch.setattr(single_instance, "SHOWN", b"here\n")
    other = Doorkeeper(name=f"imprint-test-{tmp_path.name}")
    told = []
    other.attend(lambda paths: not told.append(paths))
    assert call("/a.imprint", wait_ms=500) == 3
    assert told == [["/a.imprint"]]  # it did answer
    other.close()
    other.deleteLater()


def test_another_users_program_is_told_nothing_and_listened_to_by_nobody(
    keeper, qtbot, tmp_path, monkeypatch
):
    monkeypatch.setattr(single_instance, "is_same_user", lambda descriptor: False)
    name, told = f"imprint-test-{tmp_path.name}", []
    keeper.attend(lambda paths: not told.append(paths))
    assert not hand_over(["/private.imprint"], name)
    stranger = QLocalSocket()
    stranger.connectToServer(name)
    stranger.write(b'["/evil.imprint"]\n')
    qtbot.waitUntil(lambda: stranger.state() == QLocalSocket.LocalSocketState.UnconnectedState)
    assert told == []


@posix
def test_the_other_ends_user_is_the_one_that_the_system_names(monkeypatch):
    import socket

    ours, other = socket.socketpair()
    with ours, other:
        assert is_same_user(ours.fileno())
        if hasattr(socket, "SO_PEERCRED"):
            monkeypatch.setattr(os, "geteuid", lambda: 54321)
            assert not is_same_user(ours.fileno())
    assert not hasattr(socket, "SO_PEERCRED") or not is_same_user(10**6)  # no socket


@pytest.mark.parametrize(
    "sent",
    [
        b"\n", b"5\n", b'{"a": 1}\n', b"[1, 2]\n", b"[" * 20_000 + b"\n", b"\xff\xfe\n",
        b"x" * (LONGEST + 1), b'["/a"\n',
    ],
)  # fmt: skip
def test_what_is_no_list_of_paths_is_hung_up_on(keeper, qtbot, tmp_path, sent):
    told = []
    keeper.attend(lambda paths: not told.append(paths))
    stranger = QLocalSocket()
    stranger.connectToServer(f"imprint-test-{tmp_path.name}")
    stranger.write(sent)
    qtbot.waitUntil(lambda: stranger.state() == QLocalSocket.LocalSocketState.UnconnectedState)
    assert told == []


def test_where_nobody_answers_the_program_starts(qapp, tmp_path):
    assert not hand_over([], f"imprint-nobody-{tmp_path.name}")


def test_a_door_that_is_closed_lets_the_next_start_be_the_first(keeper, tmp_path):
    keeper.close()
    assert not hand_over([], f"imprint-test-{tmp_path.name}")


def test_a_socket_that_a_crash_left_is_no_hindrance(qtbot, tmp_path):
    name = f"imprint-crash-{tmp_path.name}"
    assert subprocess.run([sys.executable, "-c", LISTEN_AND_DIE, name], cwd=ROOT).returncode == 9
    assert not hand_over([], name)
    again = Doorkeeper(name=name)
    assert again.listens
    again.close()
    again.deleteLater()


# ---- where they meet ------------------------------------------------------------------------


@posix
def test_the_socket_lies_in_the_systems_folder_for_this_user(monkeypatch, short_folder):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
    place = address()
    assert place is not None
    assert Path(place).parent == short_folder
    assert new_address() == place


@posix
@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777])
def test_a_folder_that_others_may_enter_is_not_used(monkeypatch, short_folder, mode):
    short_folder.chmod(mode)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
    place = new_address()
    assert place is not None
    assert Path(place).parent != short_folder
    assert Path(place).parent.stat().st_mode & 0o077 == 0


@posix
def test_a_folder_that_is_a_link_or_somebody_elses_is_not_used(monkeypatch, short_folder):
    real = short_folder / "real"
    real.mkdir(mode=0o700)
    (short_folder / "link").symlink_to(real)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder / "link"))
    place = new_address()
    assert place is None or Path(place).parent not in (real, short_folder / "link")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(real))
    monkeypatch.setattr(meeting_place.os, "geteuid", lambda: os.getuid() + 1)
    assert not meeting_place._is_private(real)


@posix
def test_a_long_path_leads_to_a_short_one_that_the_next_start_finds(monkeypatch, tmp_path):
    deep = tmp_path / ("long" * 20)
    deep.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    assert address() is None  # nobody listens yet
    place = new_address()
    assert place is not None
    assert len(os.fsencode(place)) <= meeting_place.LONGEST
    assert address() == place
    Path(place).parent.chmod(0o777)  # whoever may enter it could listen there
    assert address() is None
    Path(place).parent.rmdir()
    assert address() is None


@pytest.fixture
def short_folder():
    """With a path that a socket may have; pytest's own are too long for that."""
    from engine import storage

    with storage.temporary_folder() as folder:
        folder.chmod(0o700)
        yield folder


@posix
@pytest.mark.parametrize("name", [b"caf\xe9.imprint", b"\xff.safetensors"])
def test_a_start_with_a_path_that_is_no_text_opens_the_window(name, tmp_path):
    """As a double click in a file manager gives it."""
    path = os.fsencode(tmp_path) + b"/" + name
    first = subprocess.Popen([sys.executable, str(ROOT / "main.py"), path], env=dict(os.environ))
    try:
        wait_for(lambda: hand_over([]) or first.poll() is not None, "its window")
        assert first.poll() is None
    finally:
        first.kill()
        first.wait()
