"""Icons that follow the theme, alone and on buttons."""

from __future__ import annotations

import qtawesome
from PySide6.QtCore import QDynamicPropertyChangeEvent, QEvent, QObject, QSize, Slot
from PySide6.QtWidgets import QAbstractButton, QLabel, QPushButton, QToolButton, QWidget

from desktop.theme import ICONS, Theme


class ThemedIcon(QObject):
    """Keeps the icon of a button in the colours of the theme and of the button's role."""

    def __init__(self, theme: Theme, button: QAbstractButton, meaning: str, token: str) -> None:
        super().__init__(button)  # lives as long as the button
        self._theme, self._button, self._token = theme, button, token
        self._meaning = meaning
        button.setIconSize(QSize(18, 18))
        button.installEventFilter(self)
        theme.changed.connect(self._draw)
        self._draw()

    def set_meaning(self, meaning: str) -> None:
        self._meaning = meaning
        self._draw()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if isinstance(event, QDynamicPropertyChangeEvent) and event.propertyName() == b"role":
            self._draw()
        return super().eventFilter(watched, event)

    @Slot()
    def _draw(self) -> None:
        role = self._button.property("role")
        if role != "primary":
            token = "error" if role == "danger" else self._token
            self._button.setIcon(self._theme.icon(self._meaning, token))
            return
        grey = self._theme.tokens.text3
        name = ICONS[self._meaning]
        self._button.setIcon(qtawesome.icon(name, color="white", color_disabled=grey))


class Sign(QLabel):
    """An icon beside words: a warning, an error. It says nothing that the words do not."""

    def __init__(self, theme: Theme, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._side = theme, side
        self._shown = ("", "")
        theme.changed.connect(self._draw)

    def show_icon(self, meaning: str, token: str) -> Sign:
        """`meaning` of desktop.theme.ICONS in the colour `token`; returns itself."""
        self._shown = (meaning, token)
        self._draw()
        return self

    @Slot()
    def _draw(self) -> None:
        if self._shown[0]:
            self.setPixmap(self._theme.icon(*self._shown).pixmap(self._side, self._side))


def icon_button(theme: Theme, meaning: str, name: str) -> QToolButton:
    """A button of an icon alone. A screen reader needs the name; a tooltip is not enough."""
    button = QToolButton()
    ThemedIcon(theme, button, meaning, "text2")
    button.setAccessibleName(name)
    button.setToolTip(name)
    return button


def text_button(theme: Theme, meaning: str, text: str, role: str = "") -> QPushButton:
    """A button of an icon and words; `role` is "", "primary" or "danger"."""
    button = QPushButton(text)
    button.setProperty("role", role)
    ThemedIcon(theme, button, meaning, "text2")
    return button
