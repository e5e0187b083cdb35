"""How long a start takes until the window is on the screen: the installed program, and from source.

python packaging/linux/start_times.py PROGRAM [PROGRAM ...]      (Xvfb, xdotool)

A PROGRAM is a command line, such as 'dist/Imprint/imprint' or '.venv/bin/python main.py'. They are
started in turn, each ROUNDS times, with a home of its own that was used once before.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7
DISPLAY = ":98"
TIMEOUT_SECONDS = 60


def main(programs: list[str]) -> int:
    screen = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", "1280x800x24"])
    try:
        time.sleep(1)
        homes = {program: tempfile.mkdtemp() for program in programs}
        for program in programs:  # once unmeasured: what is read from the disk is then in memory
            seconds_to_window(program, homes[program])
        taken: dict[str, list[float]] = {program: [] for program in programs}
        for _ in range(ROUNDS):
            for program in programs:
                taken[program].append(seconds_to_window(program, homes[program]))
    finally:
        screen.terminate()
    for program, seconds in taken.items():
        row = {
            "program": program,
            "median": round(statistics.median(seconds), 2),
            "shortest": round(min(seconds), 2),
            "longest": round(max(seconds), 2),
        }
        print(json.dumps(row))
    return 0


def seconds_to_window(program: str, home: str) -> float:
    environment = {
        "HOME": home, "DISPLAY": DISPLAY, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"
    }  # fmt: skip
    started = time.monotonic()
    run = subprocess.Popen(
        shlex.split(program), env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while time.monotonic() < started + TIMEOUT_SECONDS:
            if _has_window(environment):
                return time.monotonic() - started
            time.sleep(0.02)
        raise TimeoutError(f"no window of {program}")
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def _has_window(environment: dict[str, str]) -> bool:
    search = ["xdotool", "search", "--onlyvisible", "--name", "^Imprint$"]
    found = subprocess.run(search, env=environment, capture_output=True, check=False)
    return bool(found.stdout.strip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
