"""What belongs to the whole window: its look, its language, its settings, what keys open."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QWidget

from desktop.dialogs.help_dialog import PROBLEMS, HelpDialog, language_of_window
from desktop.dialogs.palette import Palette
from desktop.dialogs.settings_dialog import SettingsDialog
from desktop.dialogs.shortcuts import Shortcuts
from desktop.language import LANGUAGES, can_be_drawn
from desktop.preferences import Preferences
from desktop.run_desk import RunDesk
from desktop.theme import Theme


class WindowMenu(QObject):
    """Keeps what is chosen; a new language or size needs a new window."""

    renewal_wanted = Signal()
    wizard_wanted = Signal()
    said = Signal(str)

    def __init__(
        self, window: QWidget, theme: Theme, preferences: Preferences, runs: RunDesk
    ) -> None:
        super().__init__(window)
        self._window, self._theme = window, theme
        self._preferences, self._runs = preferences, runs
        self._help: HelpDialog | None = None
        for keys, slot in (
            ("Ctrl+N", self.wizard_wanted),
            ("Ctrl+K", self.open_palette),
            ("Ctrl+/", self.open_shortcuts),
            ("Ctrl+,", self.open_settings),
            ("F1", self.open_help),
        ):
            QShortcut(QKeySequence(keys), window).activated.connect(slot)

    @Slot()
    def toggle_theme(self) -> None:
        self._theme.set_dark(not self._theme.is_dark)
        self._preferences.look = "dark" if self._theme.is_dark else "light"

    @Slot(str)
    def choose_language(self, code: str) -> None:
        """At once in a new window, or at the next start where a training runs."""
        if can_be_drawn(code):
            self._preferences.language = code
            self.said.emit(LANGUAGES[code].chosen)
            self._renew()
        else:
            self.said.emit(self.tr("Chinese needs a font: install one, such as fonts-noto-cjk."))

    @Slot()
    def open_settings(self) -> None:
        dialog = SettingsDialog(self._theme, self._preferences, self._runs.is_busy, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.renewal_wanted.connect(self._renew)
        dialog.open()

    @Slot()
    def open_help(self) -> None:
        """For the page that is shown."""
        self._open_help(str(self._window.property("page")))

    @Slot(str)
    def open_help_about(self, code: str) -> None:
        """What helps against problems of the kind that a message's code names."""
        self._open_help(PROBLEMS).find_code(code)

    @Slot()
    def open_changes(self) -> None:
        """What is new in this version."""
        self._open_help(PROBLEMS).show_changes()

    def _open_help(self, page: str) -> HelpDialog:
        language = language_of_window(self._preferences.language)
        asking = QApplication.activeModalWidget()
        if asking is not None:  # it takes every click but those on what belongs to it
            help_there = HelpDialog(page, language, asking)
            help_there.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            help_there.show()
            return help_there
        if self._help is None:
            self._help = HelpDialog(page, language, self._window)
        self._help.show_page(page, language)
        self._help.show()
        return self._help

    @Slot()
    def open_palette(self) -> None:
        Palette(self._window).open()

    @Slot()
    def open_shortcuts(self) -> None:
        Shortcuts(self._window).open()

    @Slot()
    def _renew(self) -> None:
        if not self._runs.is_busy:
            self.renewal_wanted.emit()
