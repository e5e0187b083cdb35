"""The rail at the left: the pages in the order in which they are used, with live state."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.language import LANGUAGES
from desktop.theme import Theme
from desktop.widgets.buttons import ThemedIcon, icon_button
from desktop.widgets.labels import label

WIDE = 1120  # pixels of a window that has room for words beside the icons
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
        self._theme = theme
        self._states: dict[str, str] = {}
        self._is_narrow = False
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
        self._show_width()
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """On a small window the icons alone leave the room to the page."""
        if event.type() is QEvent.Type.Resize and isinstance(watched, QWidget):
            narrow = watched.width() < self._theme.scaled(WIDE)
            if narrow != self._is_narrow:
                self._is_narrow = narrow
                self._show_width()
        return super().eventFilter(watched, event)

    def show_page(self, name: str) -> None:
        self.buttons[name].setChecked(True)

    def show_state(self, name: str, state: str) -> None:
        """Put a count or a percentage behind the name of a page; empty takes it away."""
        self._states[name] = state
        self._show_words(name)

    @Slot(int)
    def show_percent(self, percent: int) -> None:
        self.show_state("training", f"{percent} %")

    @Slot(int)
    def show_num_pictures(self, count: int) -> None:
        self.show_state("images", str(count) if count else "")

    def _show_width(self) -> None:
        self.setFixedWidth(64 if self._is_narrow else self._theme.scaled(188))
        self._title.setVisible(not self._is_narrow)
        for name in PAGES:
            self._show_words(name)
        directions = QBoxLayout.Direction
        self._tools.setDirection(
            directions.TopToBottom if self._is_narrow else directions.LeftToRight
        )

    def _show_words(self, name: str) -> None:
        """A screen reader hears them where only the icon is shown, too."""
        words = f"{self._names[name]}  {self._states.get(name, '')}".rstrip()
        button = self.buttons[name]
        button.setText("" if self._is_narrow else words)
        button.setAccessibleName(words)
        button.setToolTip(words if self._is_narrow else "")

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
        self._title = label("Imprint", "title")
        column.addWidget(self._title)
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
        self._tools = QHBoxLayout()
        for tool in (
            self._theme_button, self._language_button, self._settings_button, self._help_button
        ):  # fmt: skip
            self._tools.addWidget(tool)
        self._tools.addStretch(1)
        column.addLayout(self._tools)
