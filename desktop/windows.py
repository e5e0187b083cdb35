"""The one window, and another in its place when the language or the size of the text changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QSessionManager
from PySide6.QtWidgets import QApplication

from desktop.collector import Collector
from desktop.first_project import first_project, without
from desktop.language import install_language
from desktop.main_window import MainWindow
from desktop.pool import GATE
from desktop.preferences import Preferences
from engine.errors import Message, UserError
from engine.notices import Updated
from engine.project import PROJECT_SUFFIX, Project, RunFolder

log = logging.getLogger("imprint")


NoteError = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def _unnoted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.error("a project could not be opened", exc_info=(kind, error, trace))


def is_project(path: str) -> bool:
    return path.lower().endswith(PROJECT_SUFFIX)


class Windows(QObject):
    """Widgets keep the words they were made with, so new words mean new widgets."""

    def __init__(
        self,
        application: QApplication,
        paths: Sequence[str] = (),
        note_error: NoteError = _unnoted,
    ) -> None:
        """`paths`: what a double click or the command line asked to open."""
        super().__init__(application)
        self._application = application
        self._going: dict[int, MainWindow] = {}
        self.starts_anew = False  # once this program has ended
        self._collector = Collector(application)
        self._preferences = Preferences()
        self._note_error = note_error
        first = first_project(
            self._preferences, next((Path(path) for path in paths if is_project(path)), None)
        )
        self.notice = first.notice  # why another project was opened than was wanted
        self.window = self._first(first.project)
        self._take_in([path for path in paths if not is_project(path)])

    @Slot(list)
    def open_paths(self, paths: list[str]) -> None:
        """A later start handed these over: the window comes to the front with them."""
        for path in paths:
            if is_project(path):
                self.window.open_project(path)
        self._take_in([path for path in paths if not is_project(path)])
        self.window.attendant.call_back()

    def tell(self, notice: Message, run: RunFolder | None = None) -> None:
        """On the page that is shown first. `run`: the one that the notice offers to continue."""
        kind = "info" if isinstance(notice, Updated) else "warn"
        kind = "error" if isinstance(notice, UserError) else kind
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
        self.window = self._open(old.draft.project)
        self.window.gallery.prompt.setPlainText(old.gallery.prompt.toPlainText())
        self.window.show_page(old.page)
        # It goes when its engine has: at once, unless that is loading or draws. Python would delete
        # a window that nothing holds, with its thread still running, which ends the program.
        self._going[id(old)] = old
        old.destroyed.connect(partial(self._going.pop, id(old)))
        old.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
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
        while (dialog := self._application.activeModalWidget()) is not None:
            if dialog is self.window.guide.wizard:
                self.window.guide.close()  # it would ask
            elif not dialog.close():
                break
        self.window.leaving.has_begun = True
        self.window.close()

    @Slot()
    def _start_anew(self) -> None:
        """A training that runs is asked for first, as at any close."""
        self.starts_anew = self.window.close()

    def _first(self, project: Project) -> MainWindow:
        """Whatever lies in the project, there is a window."""
        self._preferences.begin_start(str(project.file))
        try:
            return self._open(project)
        except Exception as error:  # noqa: BLE001 (whatever it is: there must be a window)
            self._note_error(type(error), error, error.__traceback__)
            other = without(project)
            self.notice = other.notice
            return self._open(other.project)

    def _open(self, project: Project) -> MainWindow:
        GATE.shut()
        try:
            window = MainWindow(project)
        except BaseException:
            GATE.open()  # for the window that stands
            raise
        window.warmed_up.connect(self._collector.settle)
        window.warmed_up.connect(self._preferences.end_start)
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
