"""Every page and dialog in each of its states, as a person would find them, without the engine.

Looked at as files (`make screens`) and by the checks of test_scenes.py: words that are cut off,
controls without a name, an order of the keyboard that skips something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QWidget

from desktop.main_window import MainWindow
from desktop.wizard.wizard import FirstTraining
from engine.project import RunFolder
from tests.desktop.first_training import pause, wait_until
from tests.desktop.scenes.facts import make_runs


@dataclass
class Staged:
    """The window that plays, and a folder of its own."""

    window: MainWindow
    folder: Path

    @property
    def run(self) -> RunFolder:
        return self.window.draft.project.list_runs()[0]


Player = Callable[[Staged], QWidget | None]  # the dialog to look at; None for the window
SCENES: dict[str, Player] = {}


def scene(name: str) -> Callable[[Player], Player]:
    def keep(player: Player) -> Player:
        SCENES[name] = player
        return player

    return keep


@contextmanager
def playing(folder: Path, text_percent: int) -> Iterator[Staged]:
    """A window of the size it is designed for, with a project that has pictures and runs.

    Its engine does not start: the scenes say what it would say.
    """
    window = MainWindow()
    window.preferences.text_percent = text_percent
    window.close()
    window = MainWindow()
    window.engine.start = lambda: None  # type: ignore[method-assign]
    window.resize(1280, 800)
    window.show()
    stage = Staged(window, folder)
    make_runs(window.draft.project)
    wait_until(lambda: window.images.num_pictures == 6, "the pictures")
    wait_until(lambda: bool(window.models.rows), "the models")
    pause(0.4)
    yield stage
    window.leaving.may_stop = lambda: True
    window.close()


def play(stage: Staged, name: str) -> QWidget:
    """The scene, settled; returns what is to be looked at."""
    shown = SCENES[name](stage) or stage.window
    settle(shown)
    stage.window.monitor.chart.draw_now()
    settle(shown)
    return shown


def settle(shown: QWidget) -> None:
    """Wait until no layout moves anything any more, however busy the machine is."""
    places: list[tuple[int, ...]] = []
    while places != (
        now := [widget.geometry().getRect() for widget in shown.findChildren(QWidget)]
    ):
        places = now
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        pause(0.02)


def leave(stage: Staged, shown: QWidget) -> None:
    """A dialog goes; the window stays for the next scene."""
    if shown is not stage.window:
        if isinstance(shown, FirstTraining):
            shown._confirm = lambda: True  # type: ignore[method-assign]
        shown.close()
        shown.deleteLater()
        pause(0.02)
