"""Starts the window. Nothing here imports torch: the window stands first."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop.language import install_language
from desktop.preferences import Preferences
from desktop.single_instance import Doorkeeper, hand_over
from desktop.windows import Windows

ICON = Path(__file__).parents[1] / "resources/icons/imprint.svg"
DESKTOP_FILE = "imprint"  # by this name the desktop finds the window's entry in its menu

log = logging.getLogger("imprint")


def main(arguments: list[str]) -> int:
    """Open the window and run until it closes; returns the exit code."""
    application = QApplication(arguments)
    QCoreApplication.setOrganizationName("Imprint")
    QCoreApplication.setApplicationName("Imprint")
    sys.excepthook = _show_crash
    application.setWindowIcon(QIcon(str(ICON)))
    application.setDesktopFileName(DESKTOP_FILE)
    paths = [str(Path(text).absolute()) for text in arguments[1:]]
    if hand_over(paths):
        return 0
    install_language(application, Preferences().language)
    windows = Windows(application, paths)
    door = Doorkeeper(application)
    door.called.connect(windows.open_paths)
    code = application.exec()
    del windows
    return code


def _show_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """A fault of ours: say so, keep running, keep the details."""
    text = "".join(traceback.format_exception(kind, error, trace))
    log.error(text)
    sys.stderr.write(text)
    box = QMessageBox()
    box.setIcon(QMessageBox.Icon.Critical)
    box.setText(QCoreApplication.translate("app", "Imprint made a mistake. Your work is safe."))
    box.setDetailedText(text)
    box.exec()
