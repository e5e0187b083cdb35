"""Runs that wait for their turn, and settings that were set aside."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.theme import Theme
from desktop.widgets.buttons import icon_button, text_button
from desktop.widgets.labels import Card, label, scrolling
from desktop.widgets.reading_order import set_reading_order
from desktop.words import said
from engine.run_queue import Waiting


class QueueRow(Card):
    """One run, with what can be done about it."""

    move_wanted = Signal(object, int)  # Waiting, -1 or 1
    edit_wanted = Signal(object)
    remove_wanted = Signal(object)

    def __init__(self, waiting: Waiting, theme: Theme, *, is_aside: bool = False) -> None:
        super().__init__("")
        self.waiting = waiting
        self.body.setContentsMargins(16, 10, 12, 10)
        title = label(waiting.title, "heading")
        steps = self.tr("%n step(s)", "", waiting.steps)
        wrong = self.tr("Its settings are no longer possible.")
        if waiting.problem:
            wrong = self.tr("It cannot be shown: {0}").format(said(waiting.problem))
        elif waiting.is_homeless:
            wrong = self.tr("Its project is no longer there. Open it in its new folder.")
        line = label(steps if waiting.config else wrong, "quiet" if waiting.config else "error")
        if is_aside and not waiting.problem:
            aside = self.tr("Set aside: it is kept, but not trained until it is added again.")
            line = label(aside, "quiet", wrap=True)
        self.up = icon_button(theme, "up", self.tr("Earlier: {0}").format(waiting.title))
        self.down = icon_button(theme, "down", self.tr("Later: {0}").format(waiting.title))
        self.edit = icon_button(theme, "method", self.tr("Change it: {0}").format(waiting.title))
        self.remove = icon_button(theme, "delete", self.tr("Take out: {0}").format(waiting.title))
        self.up.clicked.connect(self._up)
        self.down.clicked.connect(self._down)
        self.edit.clicked.connect(self._edit)
        self.remove.clicked.connect(self._remove)
        words = QVBoxLayout()
        words.addWidget(title)
        words.addWidget(line)
        row = QHBoxLayout()
        row.addLayout(words, 1)
        for button in (self.up, self.down, self.edit, self.remove):
            row.addWidget(button)
        self.edit.setVisible(not (waiting.problem or waiting.is_homeless))
        if is_aside:
            self.up.hide()
            self.down.hide()
        self.body.addLayout(row)

    @Slot()
    def _up(self) -> None:
        self.move_wanted.emit(self.waiting, -1)

    @Slot()
    def _down(self) -> None:
        self.move_wanted.emit(self.waiting, 1)

    @Slot()
    def _edit(self) -> None:
        self.edit_wanted.emit(self.waiting)

    @Slot()
    def _remove(self) -> None:
        self.remove_wanted.emit(self.waiting)


class QueueList(QWidget):
    """Shows the queue and asks for changes; desktop.queue_desk makes them."""

    add_wanted = Signal()
    start_wanted = Signal()
    move_wanted = Signal(object, int)
    edit_wanted = Signal(object)
    remove_wanted = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rows: list[QueueRow] = []
        self.aside_rows: list[QueueRow] = []  # below those that wait
        self.add = text_button(theme, "add", self.tr("Add the run that is set on the pages"))
        self.start = text_button(theme, "queue", self.tr("Start the queue"))
        self._line = label("", "quiet", wrap=True)
        self.add.clicked.connect(self.add_wanted)
        self.start.clicked.connect(self.start_wanted)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add)
        buttons.addWidget(self.start)
        buttons.addStretch(1)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 8, 0)
        self._column.setAlignment(Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.addLayout(buttons)
        column.addWidget(self._line)
        column.addWidget(scrolling(inside), 1)
        self.show_queue([], is_busy=False)

    def show_queue(
        self, waiting: list[Waiting], *, is_busy: bool, set_aside: Sequence[Waiting] = ()
    ) -> None:
        for row in (*self.rows, *self.aside_rows):
            row.deleteLater()
        self.rows = [self._add_row(known) for known in waiting]
        self.aside_rows = [self._add_row(known, is_aside=True) for known in set_aside]
        if self.rows:
            self.rows[0].up.setEnabled(False)
            self.rows[-1].down.setEnabled(False)
        self.start.setVisible(bool(waiting) and not is_busy)
        self._line.setText(self._in_words(len(waiting), is_busy))
        set_reading_order(self)

    def _add_row(self, waiting: Waiting, *, is_aside: bool = False) -> QueueRow:
        row = QueueRow(waiting, self._theme, is_aside=is_aside)
        row.move_wanted.connect(self.move_wanted)
        row.edit_wanted.connect(self.edit_wanted)
        row.remove_wanted.connect(self.remove_wanted)
        self._column.addWidget(row)
        return row

    def _in_words(self, count: int, is_busy: bool) -> str:
        if not count:
            return self.tr(
                "No run waits. What is added keeps the settings of now, and begins when the run "
                "before it has ended."
            )
        if is_busy:
            return self.tr("%n run(s) will follow, one after the other.", "", count)
        return self.tr("%n run(s) wait.", "", count)
