"""A monkey at the real window: random actions on everything that it shows, for as long as you wish.

    python -m tests.fuzz.monkey --seed N --actions M [--faults] [--patience SECONDS]

What it does is decided by the seed (the threads of the program are as quick as they are). A finding
is an exception that nobody caught, a crash, a critical message of Qt, a window that does not answer,
or a file of the user's that changed. The last line is JSON; findings carry the last actions.
With --faults calls that write or read under the home fail at random, by tests/faults/shim.c.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import faulthandler
import json
import os
import random
import re
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.faulty import MARK, build
from tests.fuzz.monkey_world import World, make_cheap
from tests.timing import PATIENCE

if TYPE_CHECKING:
    from desktop.main_window import MainWindow
    from desktop.windows import Windows

REMEMBERED = 25  # actions before a finding
LONGEST_SESSION = 120  # actions until the window is closed and another project comes
PAUSES_MS = (0, 0, 0, 5, 5, 30, 150)
NO_ANSWER = 97  # exit code
HARMLESS = ("QFont", "propagateSizeHints", "This plugin does not support")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EDQUOT)
ERRORS_OF_READING = (errno.EIO, errno.EACCES, errno.ESTALE)
ONCE, HALF, READS, WIDE = 1, 2, 8, 16  # modes of the shim


class Watch:
    """Gathers findings, and ends the process where the window does not answer."""

    def __init__(self, log: Path, patience: float) -> None:
        self.findings: list[dict] = []
        self.kinds: Counter[str] = Counter()
        self.slowest: list[tuple[float, str]] = []
        self.number = 0
        self._last: deque[str] = deque(maxlen=REMEMBERED)
        self._log = log.open("w", encoding="utf-8")
        self._seen_at = time.monotonic()
        self._patience = patience
        self._began = time.thread_time()

    def begin(self) -> None:
        from PySide6.QtCore import qInstallMessageHandler

        sys.excepthook = lambda *told: self.found("".join(traceback.format_exception(*told)))
        threading.excepthook = lambda told: self.found(
            "".join(traceback.format_exception(told.exc_value))
        )  # type: ignore[arg-type]
        sys.unraisablehook = lambda told: self.found(
            "".join(traceback.format_exception(told.exc_value))
        )  # type: ignore[arg-type]
        qInstallMessageHandler(self._on_qt)
        threading.Thread(target=self._look, daemon=True).start()

    def _on_qt(self, kind: object, context: object, text: str) -> None:
        from PySide6.QtCore import QtMsgType

        if "qtawesome" in "".join(traceback.format_stack(limit=4)):
            return  # an icon for a button of no size
        is_bad = kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg) or "QThread" in text
        if is_bad or (text.startswith("Q") and not text.startswith(HARMLESS)):
            self.found(f"Qt: {text}\n" + "".join(traceback.format_stack(limit=6)))

    def found(self, what: str) -> None:
        key = _kind_of(what)
        self.kinds[key] += 1
        if self.kinds[key] == 1:
            self.findings.append({"at": self.number, "what": what[-3000:], "after": [*self._last]})
            self.note(f"FOUND {what}")

    def alive(self) -> None:
        self._seen_at = time.monotonic()

    def did(self, action: str, cost: float) -> None:
        self.number += 1
        self._last.append(action)
        self.slowest = sorted([*self.slowest, (round(cost, 2), action)])[-5:]
        self.note(f"{self.number} {action}")

    def note(self, text: str) -> None:
        self._log.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
        self._log.flush()

    def _look(self) -> None:
        while time.sleep(1) is None:
            if time.monotonic() - self._seen_at > self._patience:
                print(f"no answer after {[*self._last]}".encode("utf-8", "backslashreplace").decode(), file=sys.stderr, flush=True)  # fmt: skip
                faulthandler.dump_traceback(all_threads=True)
                os._exit(NO_ANSWER)


def _kind_of(what: str) -> str:
    """The same for the same fault, whatever file it met: where it was, and which error."""
    if what.startswith("Qt: "):
        return re.sub(r"[0-9]+", "N", what.splitlines()[0])
    places = re.findall(r'File "[^"]*/((?:engine|desktop|tests)/[^"]*)", line ([0-9]+)', what)
    error = what.strip().splitlines()[-1].partition(":")[0]
    return f"{error} at {':'.join(places[-1])}" if places else error[:200]


class Disk:
    """Lets calls of this process fail, where the shim is loaded."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self._root, self._chance = str(root).encode(), chance
        self._shim = ctypes.CDLL(os.environ[MARK]) if MARK in os.environ else None
        self.faults = 0

    def perhaps(self) -> str:
        """Switch something on or off; says what."""
        if self._shim is None or self._chance.random() > 0.06:
            return ""
        if self._chance.random() < 0.5:
            return self.mend()
        mode = (
            WIDE | self._chance.choice((0, ONCE, ONCE, HALF)) | self._chance.choice((0, 0, READS))
        )
        errors = ERRORS_OF_READING if mode & READS else ERRORS
        error, at = self._chance.choice(errors), self._chance.randrange(1, 30)
        self._shim.arm(self._root, at, error, mode)
        self.faults += 1
        return f"disk: {errno.errorcode[error]} from call {at}, mode {mode}"

    @contextmanager
    def spared(self) -> Iterator[None]:
        """What is inside the block is done by somebody else, who has another disk."""
        if self._shim is not None:
            self._shim.spare(1)
        try:
            yield
        finally:
            if self._shim is not None:
                self._shim.spare(0)

    def mend(self) -> str:
        if self._shim is not None:
            self._shim.arm(b"", 0, 0, 0)
        return "disk: well"


class Monkey:
    """Session after session, each with a project of its own, until the actions are done."""

    def __init__(self, world: World, watch: Watch, seed: int, actions: int) -> None:
        from tests.fuzz.monkey_actions import Hand

        self.chance = random.Random(seed)
        self.world, self.watch, self.actions = world, watch, actions
        self.disk = Disk(world.home, self.chance)
        self.hand = Hand(self.chance, world, self.disk.spared)
        self.sessions = 0

    def play(self) -> None:
        while self.watch.number < self.actions:
            kind, file = self.world.open_some(self.chance)
            self.watch.did(f"--- session: {kind} {file}", 0)
            self._session(file, kind)
            self.sessions += 1
            for change in self.world.changed():
                self.watch.found(f"of the user's: {change}")
            shutil.rmtree(self.world.projects, ignore_errors=True)

    def _session(self, file: Path | None, kind: str) -> None:
        from PySide6.QtWidgets import QApplication

        from desktop.windows import Windows

        application = QApplication.instance()
        windows = Windows(application, [str(file)] if file else [])  # type: ignore[arg-type]
        if "pictures" in kind:
            windows.window.open_pictures(self.world.odd_pictures if "odd" in kind else self.world.pictures)  # fmt: skip
        end = min(self.actions, self.watch.number + self.chance.randrange(20, LONGEST_SESSION))
        self._act_until(windows, end)
        self.disk.mend()
        _end(windows, self.watch)

    def _act_until(self, windows: Windows, end: int) -> None:
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()

        def tick() -> None:
            """The next one is asked for before this one is done: a dialog may hold it up."""
            self.watch.alive()
            window = windows.window
            if self.watch.number >= end or not window.isVisible():
                loop.quit()
                if self.hand.depth:  # a dialog is above us
                    _close_dialogs()
                    QTimer.singleShot(5, tick)
                return
            QTimer.singleShot(self.chance.choice(PAUSES_MS), tick)
            self._act(window)

        QTimer.singleShot(0, tick)
        loop.exec()

    def _act(self, window: MainWindow) -> None:
        self.hand.depth += 1
        began = time.thread_time()
        told = self.disk.perhaps()
        if told:
            self.watch.did(told, 0)
        try:
            said = self.hand.act(window)
        except RuntimeError as error:  # a widget that went between looking and touching
            if "already deleted" not in str(error):
                raise
            said = "too late"
        finally:
            self.hand.depth -= 1
        self.watch.did(said, time.thread_time() - began)
        for dialog in _without_owner():
            self.watch.found(f"no window owns {dialog}, so it is without the style sheet")


def _without_owner() -> list[str]:
    from PySide6.QtWidgets import QApplication, QDialog, QMenu

    tops = [one for one in QApplication.topLevelWidgets() if isinstance(one, (QDialog, QMenu))]
    return [type(one).__name__ for one in tops if one.isVisible() and one.parentWidget() is None]


def _close_dialogs() -> None:
    from PySide6.QtWidgets import QApplication

    for one in (QApplication.activePopupWidget(), QApplication.activeModalWidget()):
        if one is not None:
            one.close()


def _end(windows: Windows, watch: Watch) -> None:
    """As at the end of the program, but another window comes."""
    from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer

    from desktop.collector import Collector

    windows.close_now()
    while windows.window.isVisible() or not windows.window.engine.isFinished():
        watch.alive()
        loop = QEventLoop()
        QTimer.singleShot(20, loop.quit)
        loop.exec()
        _close_dialogs()
        if not windows.window.engine.isRunning():
            break
    windows.window.deleteLater()
    windows._collector.deleteLater()
    windows.deleteLater()
    Collector.unsettle()
    for _ in range(3):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[arg-type]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--actions", type=int, default=150)
    parser.add_argument("--faults", action="store_true", help="of the disk")
    parser.add_argument(
        "--patience", type=float, default=PATIENCE, help="seconds without an answer"
    )
    parser.add_argument("--log", type=Path, help="where each action is written")
    asked = parser.parse_args()
    if asked.faults and MARK not in os.environ:
        library = str(build(Path(tempfile.mkdtemp())))
        os.environ |= {"LD_PRELOAD": library, MARK: library}
        os.execv(sys.executable, [sys.executable, "-m", "tests.fuzz.monkey", *sys.argv[1:]])
    os.environ.pop("LD_PRELOAD", None)  # what we start is not to fail
    faulthandler.enable()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        world = World(Path(folder) / "world")
        world.use_as_home()
        watch = Watch(asked.log or Path(folder) / "log.txt", asked.patience)
        world.fill()
        monkey = _at_the_window(world, watch, asked.seed, asked.actions)
        figures = {
            "seed": asked.seed, "actions": watch.number, "sessions": monkey.sessions, "faults": monkey.disk.faults,
            "slowest": watch.slowest, "kinds": watch.kinds, "findings": watch.findings,
        }  # fmt: skip
    print(json.dumps(figures))
    sys.stdout.flush()
    os._exit(0)  # every thread of ours was waited for; those of libraries are not


def _at_the_window(world: World, watch: Watch, seed: int, actions: int) -> Monkey:
    from PySide6.QtCore import QCoreApplication
    from PySide6.QtWidgets import QApplication

    from desktop.language import install_language

    application = QApplication(["imprint"])
    application.setQuitOnLastWindowClosed(False)
    QCoreApplication.setOrganizationName("Imprint")
    QCoreApplication.setApplicationName("Imprint")
    install_language(application, "en")
    make_cheap()
    watch.begin()
    monkey = Monkey(world, watch, seed, actions)
    monkey.play()
    return monkey


if __name__ == "__main__":
    main()
