"""A form out of any settings class: one row for each setting, written to the draft."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args, get_origin

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QWidget,
)

from desktop.draft import Draft
from desktop.theme import Theme
from desktop.widgets.buttons import icon_button
from desktop.widgets.labels import label, set_kind, spin_box
from desktop.words import engine_text, problem_words
from engine.choice_names import choice_name
from engine.config_file import Problem
from engine.json_reading import MAX_DIGITS
from engine.settings import Row

MAX_INT = 2**31 - 1


class SettingsForm(QWidget):
    """Rows of settings. Advanced rows hide until asked for; wrong ones are marked."""

    problems_shown = Signal(int)

    def __init__(
        self, draft: Draft, theme: Theme, rows: list[Row], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._draft = draft
        self._theme = theme
        self._rows: dict[str, Row] = {}
        self._advanced = True
        self._sought: list[str] = []  # words
        self._editors: dict[str, QWidget] = {}
        self._names: dict[str, QLabel] = {}
        self._resets: dict[str, QToolButton] = {}
        self._lines: dict[str, QWidget] = {}
        self._recommended: dict[str, Any] = {}
        self._problems: dict[str, Any] = {}
        self._guard = _WheelGuard(self)
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        self.set_rows(rows)
        draft.changed.connect(self._on_draft_changed)

    def set_rows(self, rows: list[Row]) -> None:
        """Show these settings instead; nothing happens where they are shown already."""
        if list(self._rows.values()) == rows:
            return
        while self._layout.rowCount():
            self._layout.removeRow(0)
        for table in (
            self._editors, self._problems, self._names, self._resets, self._lines
        ):  # fmt: skip
            table.clear()
        self._rows = {row.key: row for row in rows}
        for row in rows:
            self._add(row)
        self._show_rows()
        self.show_problems(self._draft.check()[1])

    def show_advanced(self, advanced: bool) -> None:
        self._advanced = advanced
        self._show_rows()

    def show_only(self, words: str) -> int:
        """Settings in whose name or help all these words are, advanced ones too; none: as before.
        Returns how many there are."""
        self._sought = words.casefold().split()
        return self._show_rows()

    def _show_rows(self) -> int:
        shown = [key for key in self._rows if self._is_shown(key)]
        for key in self._rows:
            self._layout.setRowVisible(self._lines[key], key in shown)
            self._problems[key].setVisible(key in shown and bool(self._problems[key].text()))
        return len(shown)

    def _is_shown(self, key: str) -> bool:
        row = self._rows[key]
        if not self._sought:
            return self._advanced or not row.advanced or bool(self._problems[key].text())
        said = (engine_text(row.label), engine_text(row.help) if row.help else "", key)
        text = " ".join(said).casefold()
        return all(word in text for word in self._sought)

    def set_recommended(self, values: dict[str, Any]) -> None:
        """What the preset of the method and the base model says; the rest has its default."""
        self._recommended = values
        for key in self._editors:
            self._show_difference(key)

    def show_problems(self, problems: list[Problem]) -> None:
        """Mark the rows that a check found wrong, each with its sentence."""
        method = self._draft.method
        wrong = {problem.field: problem_words(problem, method) for problem in problems}
        for key, editor in self._editors.items():
            sentence, shown = wrong.get(key, ""), self._problems[key]
            if sentence != shown.text():
                set_kind(editor, "wrong", "true" if sentence else "false")
                shown.setText(sentence)
            shown.setVisible(bool(sentence))
            if sentence:
                self._layout.setRowVisible(self._lines[key], True)

    def focus_setting(self, key: str) -> bool:
        """Bring the keyboard to a row; False where the form has no such row."""
        editor = self._editors.get(key)
        if editor is None:
            return False
        self._layout.setRowVisible(self._lines[key], True)
        editor.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def _add(self, row: Row) -> None:
        editor = self._make_editor(row)
        text = engine_text(row.label)
        name = label(text, "quiet")
        name.setBuddy(editor)
        editor.setAccessibleName(text)
        editor.setToolTip(engine_text(row.help) if row.help else "")
        editor.setParent(self)  # which has the style sheet
        editor.ensurePolished()  # its size depends on the font and on the theme
        editor.setMinimumWidth(max(180, editor.minimumSizeHint().width()))
        editor.installEventFilter(self._guard)
        editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        reset = icon_button(self._theme, "reset", self.tr("Back to what is recommended"))
        reset.setProperty("role", "small")
        reset.setProperty("key", row.key)
        reset.clicked.connect(self._reset)
        line = QWidget()
        line.setObjectName("clear")
        pair = QHBoxLayout(line)
        pair.setContentsMargins(0, 0, 0, 0)
        pair.addWidget(editor)
        pair.addWidget(reset)
        pair.addStretch(1)
        self._layout.addRow(name, line)
        self._names[row.key], self._resets[row.key], self._lines[row.key] = name, reset, line
        problem = label("", "error", wrap=True)
        problem.hide()
        self._layout.addRow("", problem)
        self._editors[row.key], self._problems[row.key] = editor, problem
        self._fill(row.key)

    def _make_editor(self, row: Row) -> QWidget:
        """A spin box, a list, a tick or a line, by the setting's type."""
        if row.annotation is bool:
            tick = QCheckBox()
            tick.toggled.connect(lambda on, key=row.key: self._draft.set(key, on))
            return tick
        if get_origin(row.annotation) is Literal:
            choice = QComboBox()
            for option in get_args(row.annotation):
                choice.addItem(shown_value(row, option), option)
            choice.currentIndexChanged.connect(lambda _, key=row.key: self._take_choice(key))
            return choice
        if row.annotation is int and (row.maximum or MAX_INT) <= MAX_INT:
            spin = spin_box(int(row.minimum or 0), int(row.maximum or MAX_INT))
            spin.setSuffix(f" {engine_text(row.unit)}" if row.unit else "")
            spin.valueChanged.connect(lambda value, key=row.key: self._draft.set(key, value))
            return spin
        line = QLineEdit()
        line.editingFinished.connect(lambda key=row.key: self._take_text(key))
        return line

    def _take_choice(self, key: str) -> None:
        editor = self._editors[key]
        assert isinstance(editor, QComboBox)
        self._draft.set(key, editor.currentData())

    def _take_text(self, key: str) -> None:
        """A number where it reads as one; otherwise the text, which the check then refuses.

        Qt says that editing is finished whenever the keyboard goes elsewhere: a text that is as it
        was shown changes nothing.
        """
        editor = self._editors[key]
        assert isinstance(editor, QLineEdit)
        text = editor.text().strip()
        if text == shown_value(self._rows[key], self._draft.get(key, self._rows[key].default)):
            return
        value: Any = text
        for kind in (int, float) if self._rows[key].annotation in (int, float) else ():
            try:
                number = kind(text)
            except ValueError:
                continue
            # JSON has no infinity, and a reader refuses more digits: as text it can be saved.
            value = number if abs(number) < 10**MAX_DIGITS else text
            break
        self._draft.set(key, value)

    def _on_draft_changed(self, key: str) -> None:
        for known in self._editors:
            if not key or known == key or known.startswith(f"{key}."):
                self._fill(known)
        self.show_problems(self._draft.check()[1])  # a mark goes when what it marks is mended

    def _fill(self, key: str) -> None:
        value = self._draft.get(key, self._rows[key].default)
        editor = self._editors[key]
        was_blocked = editor.blockSignals(True)
        if isinstance(editor, QCheckBox):
            editor.setChecked(bool(value))
        elif isinstance(editor, QComboBox):
            editor.setCurrentIndex(editor.findData(value))  # none where it is not possible
        elif isinstance(editor, QSpinBox):
            editor.setValue(_within(value, editor.minimum(), editor.maximum()))
        elif isinstance(editor, QLineEdit):
            editor.setText(shown_value(self._rows[key], value))
        editor.blockSignals(was_blocked)
        self._show_difference(key)

    def _show_difference(self, key: str) -> None:
        """What is not as recommended stands in bold, with a way back."""
        recommended = self._recommended.get(key, self._rows[key].default)
        value = self._draft.get(key, self._rows[key].default)
        differs = bool(self._recommended) and value != recommended
        set_kind(self._names[key], "kind", "changed" if differs else "quiet")
        self._resets[key].setVisible(differs)
        self._resets[key].setToolTip(
            self.tr("Back to what is recommended: {0}").format(
                shown_value(self._rows[key], recommended)
            )
        )

    @Slot()
    def _reset(self) -> None:
        key = self.sender().property("key")
        if key in self._recommended:
            self._draft.set(key, self._recommended[key])
        else:
            self._draft.unset(key)


def shown_value(row: Row, value: Any) -> str:
    """A choice by its name, a number with all its digits."""
    if get_origin(row.annotation) is Literal:
        return engine_text(choice_name(row.key, value))
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)


def _within(value: Any, minimum: int, maximum: int) -> int:
    """A file of settings may say anything; the check says what is wrong with it."""
    if not isinstance(value, int | float) or (isinstance(value, float) and math.isnan(value)):
        return minimum
    return int(min(max(value, minimum), maximum))


class _WheelGuard(QObject):
    """The wheel scrolls the page; it never changes a control that is not in use."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if (
            event.type() == QEvent.Type.Wheel
            and isinstance(watched, QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return False
