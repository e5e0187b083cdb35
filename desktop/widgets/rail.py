"""The rail at the left: the pages in the order in which they are used, with live state."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.language import LANGUAGES
from desktop.theme import Theme, ThemedIcon, icon_button
from desktop.widgets.labels import label

PAGES = ("home", "images", "method", "training", "gallery", "models")


class Rail(QFrame):
    """One button a page; Ctrl+1 to Ctrl+6."""

    page_requested = Signal(str)
    theme_toggled = Signal()
    settings_requested = Signal()
    help_requested = Signal()
    language_chosen = Signal(str)  # a code of desktop.language.LANGUAGES

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setFixedWidth(188)
        self._theme = theme
        self.buttons: dict[str, QPushButton] = {}
        self._theme_button = icon_button(theme, "theme", self.tr("Light or dark"))
        self._theme_button.setShortcut("Ctrl+Shift+L")
        self._theme_button.clicked.connect(self.theme_toggled)
        # In both languages: whoever looks for it cannot read the other one.
        self._language_button = icon_button(theme, "language", "Language · 语言")
        self._settings_button = icon_button(theme, "settings", self.tr("Settings (Ctrl+,)"))
        self._help_button = icon_button(theme, "help", self.tr("Help (F1)"))
        self._help_button.clicked.connect(self.help_requested)
        self._settings_button.clicked.connect(self.settings_requested)
        self._add_languages()
        self._lay_out()

    def show_page(self, name: str) -> None:
        self.buttons[name].setChecked(True)

    def show_state(self, name: str, state: str) -> None:
        """Put a count or a percentage behind the name of a page; empty takes it away."""
        self.buttons[name].setText(f"{self._names[name]}  {state}".rstrip())

    @Slot()
    def _tell(self) -> None:
        for name, button in self.buttons.items():
            if button is self.sender():
                self.page_requested.emit(name)

    @Slot(QAction)
    def _choose_language(self, action: QAction) -> None:
        self.language_chosen.emit(action.data())

    def _add_languages(self) -> None:
        menu = QMenu(self._language_button)
        for code, language in LANGUAGES.items():
            menu.addAction(language.name).setData(code)
        menu.triggered.connect(self._choose_language)
        self._language_button.setMenu(menu)
        self._language_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def _lay_out(self) -> None:
        self._names = {
            "home": self.tr("Home"),
            "images": self.tr("Images"),
            "method": self.tr("Method"),
            "training": self.tr("Training"),
            "gallery": self.tr("Gallery"),
            "models": self.tr("Models"),
        }
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 16, 10, 12)
        column.setSpacing(4)
        column.addWidget(label("Imprint", "title"))
        column.addSpacing(12)
        for number, name in enumerate(PAGES, start=1):
            button = QPushButton(self._names[name])
            ThemedIcon(self._theme, button, name, "text2")
            button.setProperty("role", "nav")
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.clicked.connect(self._tell)
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            shortcut.activated.connect(button.click)
            self.buttons[name] = button
            column.addWidget(button)
        column.addStretch(1)
        row = QHBoxLayout()
        row.addWidget(self._theme_button)
        row.addWidget(self._language_button)
        row.addWidget(self._settings_button)
        row.addWidget(self._help_button)
        row.addStretch(1)
        column.addLayout(row)
