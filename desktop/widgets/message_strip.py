"""A line above the content that says what happened and what to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.theme import Theme
from desktop.widgets.buttons import Sign, icon_button
from desktop.widgets.flow import Flow
from desktop.widgets.labels import label, set_kind
from desktop.widgets.limited_text import MOST, LimitedText
from desktop.words import remedy_of, summary_of
from engine.errors import Message
from engine.remedies import Action

ICON_OF = {"error": "error", "warn": "warning", "ok": "ok", "info": "info"}


class MessageStrip(QFrame):
    """Hidden until there is something to say. Beside a sentence of the engine stand the buttons
    that it offers; desktop.remedies knows what they do."""

    action_requested = Signal(object, object)  # Action, Message

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.message: Message | None = None
        self._passing = ""  # the last sentence of show_while
        self._icon = Sign(theme, 20)
        self._summary = label("", wrap=True)
        self._remedy = label("", "quiet", wrap=True)
        self.buttons = {
            Action.CONTINUE: QPushButton(self.tr("Continue the run")),
            Action.USE_LAST_STATE: QPushButton(self.tr("Use the last good state")),
            Action.ADD_PICTURES: QPushButton(self.tr("Add pictures")),
            Action.CHOOSE_MODEL: QPushButton(self.tr("Choose a model")),
            Action.USE_STARTER: QPushButton(self.tr("Use the starter model")),
            Action.CHECK_RUN: QPushButton(self.tr("Check this run")),
            Action.START_ANYWAY: QPushButton(self.tr("Start anyway")),
            Action.SHOW_SETTING: QPushButton(self.tr("Show me the setting")),
            Action.MAKE_ROOM: QPushButton(self.tr("Show what takes room")),
            Action.SHOW_FOLDER: QPushButton(self.tr("Show the folder")),
            Action.SET_ASIDE: QPushButton(self.tr("Set the file aside")),
            Action.COOL_DOWN: QPushButton(self.tr("Pause until it has cooled")),
            Action.SHOW_CHANGES: QPushButton(self.tr("What is new")),
            Action.HELP: QPushButton(self.tr("What helps?")),
        }
        self._copy = icon_button(theme, "copy", self.tr("Copy this message"))
        self._close = icon_button(theme, "close", self.tr("Close this message"))
        self._copy.clicked.connect(self._take_copy)
        self._close.clicked.connect(self.hide)
        for button in self.buttons.values():
            button.clicked.connect(self._ask)
        self._lay_out()
        self.hide()

    @property
    def text(self) -> str:
        """All that is shown, for tests and screen readers."""
        return f"{self._summary.text()} {self._remedy.text()}".strip()

    def show_message(self, message: Message, kind: str) -> None:
        """Show an error or a notice of the engine, with its code and what it offers."""
        self.show_text(summary_of(message), remedy_of(message), kind)
        self._remedy.setText(f"{self._remedy.text()}  [{message.code}]".strip())
        self._remedy.show()
        self.message = message
        self._show_buttons(message.offered)

    def show_text(self, summary: str, remedy: str = "", kind: str = "info") -> None:
        self.message = None
        self._show_buttons(())
        self._summary.setText(summary)
        self._remedy.setText(remedy)
        self._remedy.setVisible(bool(remedy))
        token = {"error": "error", "warn": "warn", "ok": "ok"}.get(kind, "text2")
        self._icon.show_icon(ICON_OF[kind], token)
        set_kind(self, "kind", kind)
        self.setAccessibleName(self.text)
        self.show()

    def show_while(self, summary: str) -> None:
        """Show a sentence as long as it is true; "" hides it, unless another came meanwhile."""
        if summary:
            self.show_text(summary)
        elif self._summary.text() == self._passing:
            self.hide()
        self._passing = summary

    def bound_fields(self) -> None:
        """Bound what can be put into each field beside the strip, and tell of what was cut."""
        place = self.parentWidget() or self
        for text in place.findChildren(LimitedText):
            text.was_cut.connect(self._tell_cut)
        for line in place.findChildren(QLineEdit):
            line.setMaxLength(min(line.maxLength(), MOST))
            line.inputRejected.connect(self._tell_cut)

    @Slot()
    def _tell_cut(self) -> None:
        said = self.tr("A field holds at most {0} characters; the rest was left out.")
        self.show_text(said.format(f"{MOST:,}"))

    def _show_buttons(self, offered: tuple[Action, ...]) -> None:
        for action, button in self.buttons.items():
            button.setVisible(action in offered)
        self._row.setVisible(bool(offered))
        self._copy.setVisible(bool(offered))

    @Slot()
    def _ask(self) -> None:
        for action, button in self.buttons.items():
            if button is self.sender() and self.message is not None:
                self.action_requested.emit(action, self.message)

    @Slot()
    def _take_copy(self) -> None:
        """For a search, or for whoever is asked for help."""
        QGuiApplication.clipboard().setText(self.text)

    def _lay_out(self) -> None:
        for button in self.buttons.values():
            button.setProperty("role", "small")
        self._row = Flow(*self.buttons.values())
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self._summary)
        words.addWidget(self._remedy)
        words.addWidget(self._row)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        for button in (self._copy, self._close):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
