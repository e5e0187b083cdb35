"""Does each action again and again, with one more of its writing calls failing each time.

Runs as a program under the shim, and tells in JSON lines what came of each try. The parent
imports torch once; every try is a fork.

    python tests/faults/faulty.py FOLDER ACTION... --errors ENOSPC EIO --modes sticky once half kill
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import json
import os
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
MODES = {"sticky": 0, "once": 1, "half": 2, "kill": 4 | 1}
MOST_CALLS = 500
MARK = "IMPRINT_SHIM"


def build(folder: Path) -> Path:
    """Compile the shim. Raises CalledProcessError, FileNotFoundError without a compiler."""
    library = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return library


def run(folder: Path, actions: list[str], errors: list[str], modes: list[str]) -> list[dict]:
    """What each try came to; see `_told`."""
    library = build(folder)
    command = [sys.executable, __file__, str(folder), *actions, "--errors", *errors, "--modes"]
    environment = {**os.environ, "LD_PRELOAD": str(library), MARK: str(library)}
    done = subprocess.run(
        [*command, *modes], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("actions", nargs="+")
    parser.add_argument("--errors", nargs="+", required=True)
    parser.add_argument("--modes", nargs="+", choices=MODES, required=True)
    parsed = parser.parse_args()
    shim = ctypes.CDLL(os.environ[MARK])
    for action in parsed.actions:
        for mode in parsed.modes:
            for name in parsed.errors if mode != "kill" else ["SIGKILL"]:
                number = getattr(errno, name, 0)
                for at in range(1, MOST_CALLS):
                    told = _attempt(shim, parsed.folder / "work", action, at, number, MODES[mode])
                    row = {"action": action, "mode": mode, "error": name, "at": at, **told}
                    print(json.dumps(row), flush=True)
                    if not told["fired"]:
                        break


def _attempt(shim: ctypes.CDLL, folder: Path, action: str, at: int, code: int, mode: int) -> dict:
    """One try in a fork, and a look at what it left."""
    from engine import storage
    from tests.faults.actions import ACTIONS, strays, sums

    shutil.rmtree(folder, ignore_errors=True)
    inside = folder / ("checkpoints" if action == "checkpoint" else "x")
    storage.own_folder(inside, "run")
    ACTIONS[action].before(inside)
    old = sums(inside)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        shim.arm(str(inside).encode(), at, code, mode)
        said = _said(lambda: ACTIONS[action].act(inside))
        count = shim.calls()
        shim.arm(b"", 0, 0, 0)
        os.write(writing, json.dumps({"said": said, "calls": count}).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    told = json.loads(answer) if answer else {"said": "killed", "calls": at}
    told["fired"] = told["said"] == "killed" or told["calls"] >= at
    told["killed"] = os.WIFSIGNALED(status)
    told["unchanged"] = sums(inside) == old
    told["strays"] = strays(inside)
    if told["killed"]:
        storage.sweep(inside)
    told["strays_after_sweep"] = strays(inside)
    told["broken"] = _said(lambda: ACTIONS[action].check(inside))
    return told


def _said(act) -> str:
    """The code of one of our own errors; empty where all went well; else a traceback."""
    from engine.errors import UserError

    try:
        act()
    except UserError as error:
        return error.code
    except BaseException:  # noqa: BLE001 (whatever it is, the parent hears of it)
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    main()
