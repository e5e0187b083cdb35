"""A person who changes captions, edits and settings at random, until the program is killed.

python -m tests.desktop.restless_editor PROJECT NUM_PICTURES SEED EDITS KILLED_AFTER SECONDS_LATER

Before each change there is a line that says so, and after it one that tells when it was made and
what all of it should be on the disk. The kill comes from a thread of the program itself.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication

from desktop.language import install_language
from desktop.main_window import MainWindow
from engine.data.edits import mirrored
from engine.project import Project
from tests.desktop.first_training import pause, wait_until

SETTINGS = ("steps", "seed", "batch_size")
WORDS = "a red blue old new toy cat on table chair green with hat".split()


def state_on_disk(project: Project, keys: list[str]) -> dict:
    """In a form to compare."""
    draft = project.load_draft()
    files = {key: project.captions / f"{key}.txt" for key in keys}
    return {
        "settings": {key: draft.get("training", {}).get(key) for key in SETTINGS},
        "edits": draft.get("dataset", {}).get("edits", {}),
        "captions": {
            key: file.read_text("utf-8").strip() if file.exists() else ""
            for key, file in files.items()
        },
    }


def state_in_window(window: MainWindow) -> dict:
    """What should be on the disk soon."""
    return {
        "settings": {key: window.draft.get(f"training.{key}") for key in SETTINGS},
        "edits": window.draft.get("dataset.edits", {}),
        "captions": {row.key: row.caption for row in window.images.pictures.rows},
    }


def edit_once(window: MainWindow, chance: random.Random) -> None:
    pictures = window.images.pictures
    keys = [row.key for row in pictures.rows]
    chosen = chance.sample(keys, chance.randint(1, 3))
    match chance.randrange(6):
        case 0 | 1:
            text = " ".join(chance.choices(WORDS, k=chance.randint(1, 8)))
            pictures.write_captions(dict.fromkeys(chosen, text), "captions")
        case 2:
            pictures.edit(chosen, mirrored, "mirror")
        case 3:
            pictures.leave_out(chosen, "out", out=chance.random() < 0.5)
        case 4:
            pictures.stack.undo()
        case _:
            window.draft.set(f"training.{chance.choice(SETTINGS)}", chance.randint(1, 900))


def num_read(window: MainWindow) -> int:
    return sum(row.reading is not None for row in window.images.pictures.rows)


def main(project: Path, pictures: int, seed: int, edits: int, last: int, later: float) -> int:
    application = QApplication([])
    install_language(application, "en")
    window = MainWindow(Project(project))
    window.show()
    wait_until(lambda: num_read(window) == pictures, "the pictures")
    chance = random.Random(seed)
    killing = threading.Thread(target=_kill, args=(later,))
    for number in range(1, edits + 1):
        print(json.dumps([time.monotonic(), None]), flush=True)
        edit_once(window, chance)
        print(json.dumps([time.monotonic(), state_in_window(window)]), flush=True)
        if number == last:
            killing.start()
        pause(chance.choice((0.0, 0.02, 0.3)))
    killing.join()
    return 1


def _kill(later: float) -> None:
    time.sleep(later)
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *map(int, sys.argv[2:6]), float(sys.argv[6])))
