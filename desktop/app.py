"""Starts the window. Nothing here imports torch: the window stands first."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QCoreApplication, QEvent, QMetaObject, Qt, Signal
from PySide6.QtGui import QFileOpenEvent, QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop.crash_reports import CrashReports
from desktop.language import install_language
from desktop.last_session import interrupted_run, notice_of
from desktop.preferences import Preferences
from desktop.single_instance import Doorkeeper, Show, hand_over
from desktop.windows import Windows
from engine.notices import Updated
from engine.torchrun import forget_place
from engine.version import VERSION
from engine.watched import window_command

ICON = Path(__file__).parents[1] / "resources/icons/imprint.svg"
DESKTOP_FILE = "imprint"  # by this name the desktop finds the window's entry in its menu
WINDOWS_ID = "Imprint.Imprint"  # as in the installer: the task bar and messages go by it


class Application(QApplication):
    """macOS tells of a double click by an event, not by an argument."""

    opened = Signal(list)  # of str

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            self.opened.emit([event.file()])
            return True
        return super().event(event)


def main(arguments: list[str]) -> int:
    """Open the window and run until it closes; returns the exit code."""
    _name_for_windows()
    forget_place()
    application = Application(arguments[:1])  # Qt dies of a path that is no text
    QCoreApplication.setOrganizationName("Imprint")
    QCoreApplication.setApplicationName("Imprint")
    QCoreApplication.setApplicationVersion(VERSION)
    application.setWindowIcon(QIcon(str(ICON)))
    application.setDesktopFileName(DESKTOP_FILE)
    paths = [str(Path(text).absolute()) for text in arguments[1:] if text]
    if hand_over(paths):
        return 0
    door = Doorkeeper(application)  # at once: whoever comes now waits at it until we can answer
    reports = CrashReports()
    reports.begin()
    sys.excepthook = _shown_by(reports)
    preferences = Preferences()
    install_language(application, preferences.language)
    windows = Windows(application, paths, reports.note_error)
    application.opened.connect(windows.open_paths)
    application.commitDataRequest.connect(windows.leave_now)
    door.attend(_showing(windows))
    _close_when_terminated(windows)
    _greet(windows, preferences, reports)
    code = application.exec()
    door.close()  # nobody can show a window any more
    for number in (signal.SIGTERM, signal.SIGINT):  # there is no window to close any more
        signal.signal(number, signal.SIG_DFL)
    starts_anew = windows.starts_anew
    del windows
    preferences.end_start()
    reports.end()
    if starts_anew:
        subprocess.Popen(window_command(), start_new_session=True)
    return code


def _showing(windows: Windows) -> Show:
    def show(paths: list[str]) -> bool:
        """What a later start was to open; whether a window is to be seen then."""
        windows.open_paths(paths)
        return windows.window.isVisible()

    return show


def _close_when_terminated(windows: Windows) -> None:
    """`kill`, and Ctrl-C in the terminal, close the window as a log-off does. Python gets to it
    within a second, when a timer of the window next calls into it.

    The window closes from the event loop: one that closed before `exec` would leave a program
    without a window, which waits forever.
    """

    def close(*_: object) -> None:
        QMetaObject.invokeMethod(windows, "close_now", Qt.ConnectionType.QueuedConnection)  # type: ignore[call-overload]

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, close)
    if hasattr(signal, "SIGHUP"):  # the terminal that it was started from is gone: it goes on
        signal.signal(signal.SIGHUP, lambda *_: None)  # other programs get it as it was


def _greet(windows: Windows, preferences: Preferences, reports: CrashReports) -> None:
    """How the last session ended, or that this one is of another version."""
    before, preferences.last_version = preferences.last_version, VERSION
    run = interrupted_run(preferences)
    notice = notice_of(reports, run)
    if windows.notice is not None:
        windows.tell(windows.notice)
    elif notice is not None:
        windows.tell(notice, run.folder if run else None)
    elif before not in ("", VERSION):
        windows.tell(Updated(version=VERSION))


def _name_for_windows() -> None:
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID(WINDOWS_ID)


def _shown_by(reports: CrashReports):  # noqa: ANN202 (the type of sys.excepthook)
    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """A fault of ours: say so, keep running, keep the details."""
        text = reports.note_error(kind, error, trace)
        if threading.current_thread() is not threading.main_thread():
            return  # a dialog in another thread would end the program
        box = QMessageBox(QApplication.activeWindow())
        box.setIcon(QMessageBox.Icon.Critical)
        box.setText(QCoreApplication.translate("app", "Imprint made a mistake. Your work is safe."))
        box.setDetailedText(text)
        box.exec()

    return show
