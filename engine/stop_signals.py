"""Ctrl-C, `kill` and a terminal that closes, for the command line."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator

from engine.control import Control

GRACE_SECONDS = 0.5  # the main thread dies of the second signal by then, unless a call holds it
_HINT = b"\nStopping. Press Ctrl-C again to end at once.\n"


@contextlib.contextmanager
def obeying_signals(
    control: Control, *, outlives_terminal: bool, is_rank: bool = False
) -> Iterator[None]:
    """The first Ctrl-C or `kill` asks the command to end in good order, the second ends it.

    `outlives_terminal`: the command goes on when its terminal closes. `is_rank`: it is a process
    of torchrun, which dies of `kill`: it may be waiting for one that is gone.
    """
    numbers = [signal.SIGINT] if is_rank else [signal.SIGINT, signal.SIGTERM]

    def stop(number: int, _: object) -> None:
        control.stop()
        for one in numbers:  # by the system, whatever this thread is doing by then
            signal.signal(one, signal.SIG_DFL)
        if number == signal.SIGINT and sys.stderr.isatty():
            with contextlib.suppress(OSError):
                os.write(2, _HINT)  # a stream may be in the middle of a write

    for number in numbers:
        signal.signal(number, stop)
    if outlives_terminal and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with _watching(set(numbers)):
        yield


@contextlib.contextmanager
def _watching(numbers: set[signal.Signals]) -> Iterator[None]:
    """Python calls a handler between two instructions of the main thread. A thread of its own
    hears of the signals that come while a long call of a library holds that one."""
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    before = signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(ours, numbers), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        pythons.close()  # which ends the thread
        watcher.join()
        ours.close()


def _watch(ours: socket.socket, numbers: set[signal.Signals]) -> None:
    asked = 0
    while heard := ours.recv(64):
        for number in heard:
            asked += number in numbers
            if asked > 1:
                time.sleep(GRACE_SECONDS)
                os._exit(128 + number)
