"""The real program, started; tells the moment its window was first drawn, and ends.

python -m tests.desktop.start_time [PROJECT FILE]
"""

from __future__ import annotations

import os
import sys
import time

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QMainWindow

from desktop import app
from desktop.main_window import MainWindow


def _tell() -> None:
    print(time.monotonic(), flush=True)
    os._exit(0)  # in the midst of the warm-up, which is not what is measured


def _paint(window: MainWindow, event: QPaintEvent) -> None:
    QMainWindow.paintEvent(window, event)
    QTimer.singleShot(0, _tell)  # when the widgets in it were drawn too


if __name__ == "__main__":
    MainWindow.paintEvent = _paint  # type: ignore[method-assign]
    sys.exit(app.main(sys.argv))
