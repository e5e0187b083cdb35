"""Starts the window. Nothing here imports torch: the window stands first."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop.language import install_language
from desktop.preferences import Preferences
from desktop.windows import Windows
from engine.project import PROJECT_SUFFIX

log = logging.getLogger("imprint")


def main(arguments: list[str]) -> int:
    """Open the window and run until it closes; returns the exit code."""
    application = QApplication(arguments)
    QCoreApplication.setOrganizationName("Imprint")
    QCoreApplication.setApplicationName("Imprint")
    sys.excepthook = _show_crash
    install_language(application, Preferences().language)
    opened = [Path(text) for text in arguments[1:] if text.endswith(PROJECT_SUFFIX)]
    windows = Windows(application, opened[0].parent if opened else None)
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
