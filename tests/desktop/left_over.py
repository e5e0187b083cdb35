"""What a closed window leaves behind, and which widgets end in a wrong thread.

`tests/desktop/conftest.py` looks after every test. A widget that is only found by the next
collection of garbage is not left over: the check comes after it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from weakref import WeakSet

import shiboken6
from PySide6.QtCore import QAbstractAnimation, QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QWidget

from desktop.pool import Pool

MOST_NAMED = 10


class LeftOver:
    """Names each leftover once, in the test that made it."""

    def __init__(self) -> None:
        self._named: WeakSet[QObject] = WeakSet()
        self._named_threads: WeakSet[threading.Thread] = WeakSet()
        self._ended_elsewhere: list[str] = []

    def watch_widgets(self) -> None:
        """From now on the Python part of each widget tells in which thread it ends.

        Only of classes written in Python, which all of ours are. Where Python owns the widget,
        Qt's part ends in the same thread.
        """
        ended_elsewhere = self._ended_elsewhere

        def __del__(self: QWidget) -> None:  # noqa: N807 (Python's name)
            thread = threading.current_thread()
            if thread is not threading.main_thread():
                ended_elsewhere.append(f"{type(self).__name__} was destroyed in {thread.name}")

        QWidget.__del__ = __del__  # type: ignore[attr-defined]

    def problems(self) -> list[str]:
        """Everything that was left over since the last call."""
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[arg-type]
        found = [f"{type(one).__name__} is alive" for one in self._objects()]
        found += [f"the thread {thread.name} is alive" for thread in self._threads()]
        found += self._ended_elsewhere
        self._ended_elsewhere.clear()
        more = len(found) - MOST_NAMED
        return found if more <= 0 else [*found[:MOST_NAMED], f"and {more} more"]

    def _objects(self) -> Iterator[QObject]:
        for one in shiboken6.getAllValidWrappers():
            if _is_busy(one) and one not in self._named and not _belongs_to_the_program(one):
                self._named.add(one)
                yield one

    def _threads(self) -> Iterator[threading.Thread]:
        for thread in threading.enumerate():
            if thread.name.startswith("imprint-") and thread not in self._named_threads:
                self._named_threads.add(thread)
                yield thread


def _is_busy(one: object) -> bool:
    """A timer, a thread or an animation that rests does nothing; it is plain data."""
    if isinstance(one, QThread):
        return one.isRunning() and one is not QThread.currentThread()
    if isinstance(one, QTimer):
        return one.isActive()
    if isinstance(one, QAbstractAnimation):
        return one.state() is QAbstractAnimation.State.Running
    return isinstance(one, QWidget | Pool)


def _belongs_to_the_program(one: object) -> bool:
    """As the collector of garbage does: it lives as long as the application."""
    assert isinstance(one, QObject)
    parent: QObject | None = one
    while parent is not None:
        if parent is QCoreApplication.instance():
            return True
        parent = parent.parent()
    return False
