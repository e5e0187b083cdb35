"""The one window, and another in its place when the language or the size of the text changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QSessionManager
from PySide6.QtWidgets import QApplication

from desktop.collector import Collector
from desktop.language import install_language
from desktop.main_window import MainWindow
from desktop.pool import GATE
from desktop.preferences import Preferences
from engine.errors import Notice
from engine.notices import Updated
from engine.project import PROJECT_SUFFIX, RunFolder


def is_project(path: str) -> bool:
    return path.lower().endswith(PROJECT_SUFFIX)


class Windows(QObject):
    """Widgets keep the words they were made with, so new words mean new widgets."""

    def __init__(self, application: QApplication, paths: Sequence[str] = ()) -> None:
        """`paths`: what a double click or the command line asked to open."""
        super().__init__(application)
        self._application = application
        self.starts_anew = False  # once this program has ended
        self._collector = Collector(application)
        project = next((Path(path).parent for path in paths if is_project(path)), None)
        self.window = self._open(project)
        self._take_in([path for path in paths if not is_project(path)])

    @Slot(list)
    def open_paths(self, paths: list[str]) -> None:
        """A later start handed these over: the window comes to the front with them."""
        for path in paths:
            if is_project(path):
                self.window.open_project(path)
        self._take_in([path for path in paths if not is_project(path)])
        self.window.attendant.call_back()

    def tell(self, notice: Notice, run: RunFolder | None = None) -> None:
        """On the page that is shown first. `run`: the one that the notice offers to continue."""
        kind = "info" if isinstance(notice, Updated) else "warn"
        if run is not None:
            self.window.runs.failures[notice] = run
        self.window.home.strip.show_message(notice, kind)

    def _take_in(self, files: list[str]) -> None:
        """Models; what is none is told on their page."""
        if files:
            self.window.models.add_paths(files)
            self.window.show_page("models")

    @Slot()
    def renew(self) -> None:
        """The same project and page in a new window; the old one closes when it stands.

        Asked for only while nothing trains.
        """
        old = self.window
        old.images.flush()
        old.draft.flush()
        install_language(self._application, Preferences().language)
        self.window = self._open(old.draft.project.file)
        self.window.gallery.prompt.setPlainText(old.gallery.prompt.toPlainText())
        self.window.show_page(old.page)
        # It goes when its engine has: at once, unless a picture is being drawn.
        old.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        old.destroyed.connect(old.theme.deleteLater)
        old.close()
        self._collector.unsettle()

    @Slot(object)
    def leave_now(self, session: QSessionManager) -> None:
        """The user logs off: no question holds that up; a training goes on at the next start."""
        del session
        self.close_now()

    @Slot()
    def close_now(self) -> None:
        """Without a question; a dialog that is open is cancelled, or it would keep the program."""
        while (dialog := self._application.activeModalWidget()) is not None and dialog.close():
            pass
        self.window.leaving.has_begun = True
        self.window.close()

    @Slot()
    def _start_anew(self) -> None:
        """A training that runs is asked for first, as at any close."""
        self.starts_anew = self.window.close()

    def _open(self, project: Path | None) -> MainWindow:
        GATE.shut()
        try:
            window = MainWindow(project)
        except BaseException:
            GATE.open()  # for the window that stands
            raise
        window.warmed_up.connect(self._collector.settle)
        window.renewal_wanted.connect(self.renew)
        window.cards.restart_wanted.connect(self._start_anew)
        window.remedies.changes_wanted.connect(window.menu.open_changes)
        window.first_paint.done.connect(self._settle)  # and only then the engine is imported
        window.destroyed.connect(GATE.open)  # one that was closed before it was drawn
        window.show()
        return window

    @Slot()
    def _settle(self) -> None:
        self._collector.settle()
        GATE.open()
