"""No state of the terminal ends a command: closed, full, without a reader, or never there."""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tqdm import tqdm

from engine import cli
from engine.project import RunFolder
from engine.terminal import GuardedStream
from tests.conftest import ROOT
from tests.engine_runs import tiny_run
from tests.timing import PATIENCE, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")


@pytest.fixture
def config(tiny_folder, pictures_folder, tmp_path) -> Path:
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", training={"steps": 3})
    (tmp_path / "config.json").write_text(json.dumps(data), "utf-8")
    return tmp_path / "config.json"


def outcome(tmp_path: Path) -> str:
    """Of the only run."""
    (folder,) = (tmp_path / "runs").iterdir()
    return json.loads(RunFolder(folder).result.read_text("utf-8"))["outcome"]


def full():
    return Path("/dev/full").open("w", encoding="utf-8")


def without_reader():
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w", encoding="utf-8")


def hung_up():
    master, slave = os.openpty()
    os.close(master)
    return os.fdopen(slave, "w", encoding="utf-8")


def closed():
    with Path(os.devnull).open("w", encoding="utf-8") as stream:
        pass
    return stream


def none():
    return None


UNHEARD = [full, without_reader, hung_up, closed, none]


@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize("make", UNHEARD)
def test_a_stream_that_cannot_be_written_does_not_end_a_training(
    config, tmp_path, monkeypatch, name, make
):
    monkeypatch.setattr(sys, name, make())
    assert cli.main(["train", str(config)]) == 0
    assert outcome(tmp_path) == "finished"


@pytest.mark.parametrize("make", UNHEARD)
def test_libraries_that_write_to_a_stream_nobody_reads_raise_nothing(monkeypatch, make):
    monkeypatch.setattr(sys, "stderr", GuardedStream(make()))
    print("x" * 100_000, file=sys.stderr, flush=True)
    handler = logging.StreamHandler()
    handler.handle(logging.makeLogRecord({"msg": "an error"}))
    handler.flush()
    assert list(tqdm(range(3), file=sys.stderr)) == [0, 1, 2]
    assert not sys.stderr.isatty()
    sys.stderr.end()


def test_what_was_lost_on_a_full_disk_does_not_silence_what_comes_later(tmp_path):
    class Disk:
        """Full at the first write."""

        def __init__(self):
            self.said = []
            self.is_full = True

        def write(self, text):
            if self.is_full:
                raise OSError(errno.ENOSPC, "full")
            self.said.append(text)

    disk = Disk()
    stream = GuardedStream(disk)
    stream.write("lost")
    disk.is_full = False
    stream.write("heard")
    assert disk.said == ["heard"]


def shell(line: str, **more: object) -> subprocess.CompletedProcess:
    """`imprint` in the line is this program."""
    program = f"'{sys.executable}' '{ROOT / 'main.py'}'"
    return subprocess.run(
        ["bash", "-c", line.replace("imprint ", f"{program} ")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("away", ["> /dev/full", "2> /dev/full", "> /dev/full 2>&1", ">&- 2>&-"])
def test_the_exit_code_tells_the_result_where_nothing_can_be_written(image_folder, tmp_path, away):
    sound = shell(f"imprint check --images '{image_folder}' {away}")
    assert (sound.returncode, sound.stderr) == (0, "")
    nothing = shell(f"imprint check --images '{tmp_path}/nowhere' {away}")
    assert nothing.returncode == 1
    assert "Traceback" not in nothing.stderr


@pytest.mark.slow
@pytest.mark.parametrize("away", ["> /dev/full 2>&1", "2>&1 | head -1"])
def test_a_training_that_nobody_hears_reaches_its_end(config, tmp_path, away):
    done = shell(f"imprint train '{config}' {away}; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == 0
    assert "Traceback" not in done.stdout + done.stderr
    assert outcome(tmp_path) == "finished"


def test_a_file_gets_no_number_of_a_standard_stream_that_was_closed():
    """Or a library that prints would write into it."""
    line = "from engine.terminal import guard_streams as g; g(); import os; print(os.dup(0) > 2)"
    for away in ("<&-", "<&- 2>&-"):
        done = shell(f"'{sys.executable}' -c '{line}' {away}")
        assert done.stdout == "True\n"


def test_a_python_without_docstrings_is_refused_in_a_sentence():
    done = shell("PYTHONOPTIMIZE=2 imprint doctor")
    assert done.returncode == 1
    assert done.stderr.startswith("Imprint does not run with python -OO.")


LOGGED_IN = """
import os, signal, sys

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
terminal = os.open(sys.argv[1], os.O_RDWR)  # the first that a new session opens is its terminal
for number in range(3):
    os.dup2(terminal, number)
os.close(terminal)
print("up", flush=True)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def in_terminal(*arguments: str | Path) -> tuple[subprocess.Popen, int]:
    """The program in a terminal of its own, and the other end of that."""
    master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", LOGGED_IN, os.ttyname(slave), *map(str, arguments)],
        cwd=ROOT,
        start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    read_until(master, b"up")
    os.close(slave)
    return process, master


def read_until(master: int, text: bytes) -> bytes:
    """What the terminal shows up to the text. Raises OSError where the program ended before."""
    shown = b""
    while text not in shown:
        shown += os.read(master, 4096)
    return shown


@pytest.mark.slow
def test_a_training_goes_on_when_its_terminal_closes(config, tmp_path):
    """The kernel sends SIGHUP then, and every write fails."""
    process, master = in_terminal(ROOT / "main.py", "train", config, "--set", "training.steps=40")
    read_until(master, b"Run folder: ")
    os.close(master)
    assert process.wait(PATIENCE) == 0
    assert outcome(tmp_path) == "finished"


HANGING = """
import sys
from engine import cli

def hang(parsed, control):
    print("hangs", flush=True)
    while True:
        with open(sys.argv[1]):  # a pipe that nobody writes
            pass

cli._VERBS = dict.fromkeys(cli._VERBS, hang)
sys.exit(cli.main(sys.argv[2:]))
"""
COMMANDS = {
    "train": [],
    "train for a few steps": ["--dry-run"],
    "resume": ["run"],
    "generate": ["--prompt", "x"],
    "check": ["--images", "x"],
    "caption": ["--images", "x", "--model", "x"],
    "export": ["run", "--format", "kohya", "--out", "x"],
    "compare": [],
    "doctor": [],
}


@pytest.fixture
def hanging(tmp_path):
    """Call it with a command: one that hangs, in a terminal; its process and its other end."""
    os.mkfifo(tmp_path / "pipe")
    started = []

    def start(command: str) -> tuple[subprocess.Popen, int]:
        arguments = [command.split(" ", maxsplit=1)[0], *COMMANDS[command]]
        started.append(in_terminal("-c", HANGING, tmp_path / "pipe", *arguments))
        read_until(started[-1][1], b"hangs")
        return started[-1]

    yield start
    for process, _ in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_second_ctrl_c_ends_each_command_at_once(hanging, command):
    process, master = hanging(command)
    os.write(master, b"\x03")
    read_until(master, b"Press Ctrl-C again to end at once.")
    os.write(master, b"\x03")
    assert process.wait(PATIENCE) == -signal.SIGINT  # a shell calls it 130
    os.close(master)


@pytest.mark.parametrize("command", ["check", "train for a few steps"])
def test_a_short_command_ends_with_its_terminal(hanging, command):
    process, master = hanging(command)
    os.close(master)
    assert process.wait(PATIENCE) == -signal.SIGHUP


def test_a_second_kill_ends_a_command_at_once(hanging):
    process, master = hanging("check")

    def has_ended() -> bool:
        process.send_signal(signal.SIGTERM)  # one that comes before the last is taken is lost
        return process.poll() is not None

    wait_for(has_ended, "the end")
    assert process.returncode == -signal.SIGTERM
    os.close(master)


def test_a_call_of_a_library_that_lasts_for_ever_is_ended_by_the_second_ctrl_c():
    """Python itself would call no handler before the call returns."""
    script = (
        "import hashlib, os, signal, threading, time\n"
        "from engine.control import Control\n"
        "from engine.stop_signals import obeying_signals\n"
        "def ask():\n"
        "    for _ in range(2):\n"
        "        time.sleep(0.5)\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "with obeying_signals(Control(), outlives_terminal=False):\n"
        "    threading.Thread(target=ask, daemon=True).start()\n"
        "    while True:\n"
        "        hashlib.pbkdf2_hmac('sha512', b'', b'', 2**31 - 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=PATIENCE, check=False)
    assert done.returncode == 128 + signal.SIGINT


@pytest.mark.skipif(os.name == "nt", reason="Windows deletes no folder that is somebody's own")
@pytest.mark.parametrize("command", [["check", "--images", "."], ["doctor"], ["resume", "x"]])
def test_a_working_folder_that_is_gone_is_a_sentence(tmp_path, command):
    script = 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"'
    main = [sys.executable, str(ROOT / "main.py"), *command]
    done = subprocess.run(
        ["sh", "-c", script, str(tmp_path / "gone"), *main], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "The folder that you are in is not there any more. Change to another one."
    )
