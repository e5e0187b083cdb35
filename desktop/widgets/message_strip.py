"""A line above the content that says what happened and what to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop.theme import Theme, icon_button
from desktop.widgets.labels import label, set_kind
from desktop.words import remedy_of, summary_of
from engine.errors import Message

ICON_OF = {"error": "error", "warn": "warning", "ok": "ok", "info": "info"}


class MessageStrip(QFrame):
    """Hidden until there is something to say; an error offers to show its setting."""

    setting_requested = Signal(str)  # dotted key

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self._theme = theme
        self._setting = ""
        self._icon = QLabel()
        self._summary = label("", wrap=True)
        self._remedy = label("", "quiet", wrap=True)
        self._show_setting = QPushButton(self.tr("Show me the setting"))
        self._close = icon_button(theme, "close", self.tr("Close this message"))
        self._show_setting.clicked.connect(self._ask_for_setting)
        self._close.clicked.connect(self.hide)
        self._lay_out()
        self.hide()

    @property
    def text(self) -> str:
        """All that is shown, for tests and screen readers."""
        return f"{self._summary.text()} {self._remedy.text()}".strip()

    def show_message(self, message: Message, kind: str) -> None:
        """Show an error or a notice of the engine, with its code."""
        self.show_text(summary_of(message), remedy_of(message), kind)
        self._remedy.setText(f"{self._remedy.text()}  [{message.code}]".strip())
        self._setting = message.setting
        self._show_setting.setVisible(bool(message.setting))

    def show_text(self, summary: str, remedy: str = "", kind: str = "info") -> None:
        self._setting = ""
        self._show_setting.hide()
        self._summary.setText(summary)
        self._remedy.setText(remedy)
        self._remedy.setVisible(bool(remedy))
        token = {"error": "error", "warn": "warn", "ok": "ok"}.get(kind, "text2")
        self._icon.setPixmap(self._theme.icon(ICON_OF[kind], token).pixmap(20, 20))
        set_kind(self, "kind", kind)
        self.setAccessibleName(self.text)
        self.show()

    @Slot()
    def _ask_for_setting(self) -> None:
        self.setting_requested.emit(self._setting)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._summary)
        words.addWidget(self._remedy)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self._show_setting)
        row.addWidget(self._close)
