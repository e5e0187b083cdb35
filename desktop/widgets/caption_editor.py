"""A caption beside its picture: words, tokens counted while one types, tags to click away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QStringListModel, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent, QShowEvent, QTextCursor
from PySide6.QtWidgets import (
    QCompleter,
    QHBoxLayout,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.theme import Theme
from desktop.widgets.buttons import ThemedIcon
from desktop.widgets.flow import Flow
from desktop.widgets.labels import label, set_kind
from desktop.widgets.limited_text import LimitedText
from engine.data.caption_edits import as_caption, tags_of, tidy
from engine.data.tokens import LIMIT, count_tokens

MOST_CHIPS = 24
FEWEST_TAGS = 2  # a sentence has no tags


class CaptionEditor(QWidget):
    """Tells `edited` when the user has finished: focus moved on, Enter with Ctrl, a chip."""

    edited = Signal()
    changed = Signal()  # with each key
    step_wanted = Signal(int)  # -1 or 1: the picture before or after

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.text = _TagText(self)
        self._tokens = label("", "note")
        self._chips = Flow()
        self.text.textChanged.connect(self._on_changed)
        self.text.left.connect(self.edited)
        self.text.step_wanted.connect(self.step_wanted)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._tokens)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.text)
        column.addLayout(row)
        column.addWidget(self._chips)

    @property
    def caption(self) -> str:
        return tidy(self.text.toPlainText())

    def set_caption(self, caption: str) -> None:
        if caption != self.caption:
            self.text.setPlainText(caption)
        self._show_chips()

    def set_known_tags(self, tags: list[str]) -> None:
        """What is offered while one types: tags of the same set."""
        self.text.set_known_tags(tags)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self._count()

    @Slot()
    def _on_changed(self) -> None:
        if self.isVisible():  # the vocabulary takes a tenth of a second to load
            self._count()
        self.changed.emit()

    def _count(self) -> None:
        count = count_tokens(self.caption)
        self._tokens.setText(self.tr("{0} / {1} tokens").format(count, LIMIT))
        set_kind(self._tokens, "kind", "warn" if count > LIMIT else "note")

    @Slot()
    def _remove_tag(self) -> None:
        chip = self.sender()
        assert isinstance(chip, QPushButton)
        gone = chip.property("tag")
        self.text.setPlainText(as_caption(tag for tag in tags_of(self.caption) if tag != gone))
        self._show_chips()
        self.edited.emit()

    def _show_chips(self) -> None:
        self._chips.clear()
        tags = tags_of(self.caption)
        self._chips.setVisible(len(tags) >= FEWEST_TAGS)
        for tag in tags[:MOST_CHIPS] if len(tags) >= FEWEST_TAGS else ():
            chip = QPushButton(_short(tag))
            ThemedIcon(self._theme, chip, "close", "text3")
            chip.setProperty("role", "chip")
            chip.setProperty("tag", tag)
            chip.setAccessibleName(self.tr("Remove the tag {0}").format(tag))
            chip.setToolTip(tag)
            chip.clicked.connect(self._remove_tag)
            self._chips.add(chip)


def _short(tag: str) -> str:
    return tag if len(tag) <= 24 else f"{tag[:23]}…"


class _TagText(LimitedText):
    """A field that completes the tag under the cursor."""

    left = Signal()
    step_wanted = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._tags = QStringListModel(self)
        self._completer = QCompleter(self._tags, self)
        self._list = QListView()
        self._completer.setPopup(self._list)
        self._completer.setWidget(self)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self._completer.activated.connect(self._complete)
        self.setAccessibleName(self.tr("Caption of the picture"))
        self.setPlaceholderText(self.tr("Say what changes from picture to picture."))
        self.setTabChangesFocus(True)
        self.setFixedHeight(84)

    def set_known_tags(self, tags: list[str]) -> None:
        self._tags.setStringList(tags)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        super().focusInEvent(event)
        sheet = self.window().styleSheet()  # QCompleter takes the list's parent away
        if self._list.styleSheet() != sheet:
            self._list.setStyleSheet(sheet)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take_first()
        elif self._list.isVisible() and event.key() in (
            Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Escape
        ):  # fmt: skip
            event.ignore()  # the list of tags takes it
        elif control and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.step_wanted.emit(-1 if event.key() == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)
            if event.text().strip() or event.key() == Qt.Key.Key_Backspace:
                self._offer()

    def event(self, event: QEvent) -> bool:
        # Undo belongs to the set: the field's own would bring back another picture's words.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
            if control and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
                event.accept()
                return True
        return super().event(event)

    def _offer(self) -> None:
        begun = self._begun()
        if len(begun) < 2:
            self._list.hide()
            return
        self._completer.setCompletionPrefix(begun)
        matches = self._completer.completionCount()
        first = self._completer.currentCompletion()
        if not matches or (matches == 1 and first.lower() == begun.lower()):
            self._list.hide()
            return
        place = self.cursorRect()
        place.setWidth(220)
        self._completer.complete(place)

    def _take_first(self) -> None:
        self._completer.setCompletionPrefix(self._begun())
        if self._begun() and self._completer.completionCount():
            self._complete(self._completer.currentCompletion())

    @Slot(str)
    def _complete(self, tag: str) -> None:
        self._list.hide()
        cursor = self.textCursor()
        left, letters = QTextCursor.MoveOperation.Left, len(self._begun())
        cursor.movePosition(left, QTextCursor.MoveMode.KeepAnchor, letters)
        cursor.insertText(tag)
        self.setTextCursor(cursor)

    def _begun(self) -> str:
        """The tag that is being typed, up to the cursor."""
        before = self.toPlainText()[: self.textCursor().position()]
        return before.rpartition(",")[2].lstrip()
