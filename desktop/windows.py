"""The one window, and another in its place when the language or the size of the text changes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from desktop.collector import Collector
from desktop.language import install_language
from desktop.main_window import MainWindow
from desktop.preferences import Preferences

SETTLE_MS = 150  # after the first paint, before the engine is imported


class Windows(QObject):
    """Widgets keep the words they were made with, so new words mean new widgets."""

    def __init__(self, application: QApplication, project: Path | None) -> None:
        super().__init__(application)
        self._application = application
        self._collector = Collector(application)
        self.window = self._open(project)

    @Slot()
    def renew(self) -> None:
        """The same project and page in a new window; the old one closes when it stands.

        Asked for only while nothing trains.
        """
        old = self.window
        old.images.flush()
        old.draft.flush()
        install_language(self._application, Preferences().language)
        self.window = self._open(old.draft.project.folder)
        self.window.show_page(old.page)
        old.close()
        old.theme.deleteLater()
        old.deleteLater()

    def _open(self, project: Path | None) -> MainWindow:
        window = MainWindow(project)
        window.warmed_up.connect(self._collector.settle)
        window.renewal_wanted.connect(self.renew)
        window.show()
        QTimer.singleShot(SETTLE_MS, self._collector.settle)
        return window
