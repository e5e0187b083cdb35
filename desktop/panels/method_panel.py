"""Method: how it learns. Cards in plain language, then the settings that matter."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from desktop.choosing import choose_file
from desktop.draft import Draft
from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.labels import Card, Page, label, scrolling
from desktop.widgets.message_strip import MessageStrip
from desktop.widgets.method_card import MethodCard
from desktop.widgets.preset_menu import PresetMenu
from desktop.widgets.run_check import RunCheck
from desktop.widgets.settings_form import SettingsForm
from desktop.words import remedy_of, summary_of
from engine.config import STARTER
from engine.config_file import Problem, merge, rows_of
from engine.errors import UserError
from engine.events import MethodFits
from engine.methods.catalog import METHODS
from engine.models.catalog import locate
from engine.presets import keys_of_presets, starting_point
from engine.settings import Row

# The folder, the words and the base model have places of their own on the pages.
ELSEWHERE = {"dataset.folder", "dataset.trigger", "dataset.class_word", "base_model"}


class MethodPanel(Page):
    """The four methods, the base model, and a form built from the settings' own classes."""

    advanced_changed = Signal(bool)
    base_changed = Signal()

    def __init__(
        self, draft: Draft, theme: Theme, advanced: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(self.tr("Method"), parent)
        self._draft = draft
        self.cards = {kind: MethodCard(entry) for kind, entry in METHODS.items()}
        self._base = label("", wrap=True)
        self._base_note = label("", "quiet", wrap=True)
        self._use_starter = text_button(theme, "home", self.tr("Use the starter model"))
        self._use_file = text_button(theme, "folder", self.tr("Choose a model file…"))
        self._advanced = QCheckBox(self.tr("Show all settings"))
        self._advanced.setChecked(advanced)
        self.search = QLineEdit()
        self._none_found = label(self.tr("No setting has these words."), "quiet", wrap=True)
        self.presets = PresetMenu(draft, theme)
        self.strip = MessageStrip(theme)
        self._is_wrong = False  # the strip tells of a setting
        self.check = RunCheck(theme)
        self.form = SettingsForm(draft, theme, _form_rows(draft.method))
        self._connect()
        self._lay_out()
        self.form.show_advanced(advanced)
        self._show_draft("")

    def show_problems(self, problems: list[Problem]) -> None:
        """Mark what a check found wrong."""
        self.form.show_problems(problems)
        self._is_wrong = bool(problems)

    def focus_setting(self, key: str) -> bool:
        """Bring the keyboard and the page to a setting; False where there is no such row."""
        self.search.clear()
        found = self.form.focus_setting(key)
        editor = self.form.focusWidget()
        if found and editor is not None:
            self._column.activate()  # a row that was hidden gets its place first
            self._scroll.ensureWidgetVisible(editor)
        return found

    def use_model(self, base_model: str) -> None:
        """Take a base model and the settings that suit it; a wrong file is told in words."""
        try:
            source = locate(base_model)
        except UserError as error:
            self._base_note.setText(f"{summary_of(error)} {remedy_of(error)}")
            return
        self._draft.set("base_model", base_model)
        self._take_preset(self._draft.method)
        if not source.is_starter:
            self._draft.set("dataset.template", "a photo of {subject}")

    @Slot()
    def _choose_model(self) -> None:
        kinds = self.tr("Models (*.safetensors *.ckpt);;All files (*)")
        if file := choose_file(self, self.tr("Base model"), "models", kinds):
            self.use_model(str(file))

    @Slot()
    def _choose_starter(self) -> None:
        self.use_model(STARTER)

    @Slot(str)
    def _choose_method(self, kind: str) -> None:
        """Another method has other settings; those of the one before do not count for it."""
        if kind == self._draft.method:
            return
        self._draft.put("method", {"kind": kind})
        self._take_preset(kind)

    def _take_preset(self, kind: str) -> None:
        """What only the preset of another method had spoken of goes back to its default."""
        for key in keys_of_presets():
            self._draft.unset(key)
        base = self._draft.get("base_model", STARTER)
        for section, values in starting_point(kind, base, 8).items():
            for key, value in values.items():
                self._draft.set(f"{section}.{key}", value)

    @Slot(bool)
    def _toggle_advanced(self, advanced: bool) -> None:
        self.form.show_advanced(advanced)
        self.advanced_changed.emit(advanced)

    @Slot(str)
    def _search(self, words: str) -> None:
        self._none_found.setVisible(not self.form.show_only(words))

    @Slot()
    def _begin_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def drafts_by_method(self) -> dict[str, dict[str, Any]]:
        """Settings of each method as its preset has them, on the base model that is chosen."""
        base = self._draft.get("base_model", STARTER)
        data = {key: value for key, value in self._draft.data.items() if key == "dataset"}
        data["base_model"] = base
        return {kind: merge(starting_point(kind, base, 8), data) for kind in METHODS}

    def show_fits(self, events: Iterable[MethodFits]) -> None:
        """What was measured at one moment; methods that were left out show nothing."""
        found = {event.kind: event for event in events}
        for kind, card in self.cards.items():
            card.show_fit(found.get(kind))

    @Slot(object)
    def _show_error(self, error: UserError) -> None:
        self.strip.show_message(error, "error")

    @Slot(str)
    def _tell_preset(self, name: str) -> None:
        self.strip.show_text(self.tr("Preset taken: {0}").format(name), "", "ok")

    @Slot(object)
    def _take_switch(self, changes: dict[str, object]) -> None:
        for key, value in changes.items():
            self._draft.set(key, value)

    @Slot(str)
    def _show_draft(self, key: str) -> None:
        if not key.startswith(("name", "dataset.edits")):
            self.check.clear()
        if self._is_wrong and not self._draft.check()[1]:
            self._is_wrong = False
            self.strip.hide()  # what it tells is mended
        if key in ("", "method", "method.kind", "base_model"):
            self.form.set_recommended(self._recommended())
        if key in ("", "method"):
            chosen = self._draft.method
            self.form.set_rows(_form_rows(chosen))
            self._search(self.search.text())
            for kind, card in self.cards.items():
                card.set_chosen(kind == chosen)
            self.state.setText(METHODS[chosen].title if chosen in METHODS else "")
        if key in ("", "base_model"):
            self.base_changed.emit()
            base = self._draft.get("base_model", STARTER)
            if base == STARTER:
                self._base.setText(self.tr("Starter model (bundled)"))
                self._base_note.setText(
                    self.tr(
                        "Draws small emoji-like pictures of animals, food, faces and everyday "
                        "things on a plain background; no people, scenes or photographs. What "
                        "is taught to it fits only this model."
                    )
                )
            else:
                self._base.setText(Path(base).name)
                self._base_note.setText(self.tr("Used where it lies; nothing is copied."))

    def _recommended(self) -> dict[str, Any]:
        kind = self._draft.method
        data = starting_point(kind, self._draft.get("base_model", STARTER), 8)
        data.pop("dataset", None)  # the template belongs to the base model, and may be the user's
        found = {
            f"{section}.{key}": value
            for section, values in data.items()
            for key, value in values.items()
        }
        return {**found, "name": self._draft.get("name")}  # no name is better than another

    def _connect(self) -> None:
        self.presets.taken.connect(self._tell_preset)
        self.presets.failed.connect(self._show_error)
        self.check.switch_wanted.connect(self._take_switch)
        for card in self.cards.values():
            card.chosen.connect(self._choose_method)
        self._use_starter.clicked.connect(self._choose_starter)
        self._use_file.clicked.connect(self._choose_model)
        self._advanced.toggled.connect(self._toggle_advanced)
        self.search.textChanged.connect(self._search)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self._begin_search)
        self._draft.changed.connect(self._show_draft)

    def _lay_out(self) -> None:
        cards = QHBoxLayout()
        cards.setSpacing(12)
        for card in self.cards.values():
            cards.addWidget(card, 1)
        base = Card(self.tr("Base model"))
        base.body.addWidget(self._base)
        base.body.addWidget(self._base_note)
        buttons = QVBoxLayout()
        buttons.addWidget(self._use_starter)
        buttons.addWidget(self._use_file)
        base.body.addLayout(buttons)
        base.body.addStretch(1)
        settings = Card(self.tr("Settings"))
        settings.header.addWidget(self._advanced)
        settings.header.addWidget(self.presets)
        self.search.setPlaceholderText(self.tr("Find a setting"))
        self.search.setAccessibleName(self.tr("Find a setting"))
        self._none_found.hide()
        settings.body.addWidget(self.search)
        settings.body.addWidget(self._none_found)
        settings.body.addWidget(self.form)
        settings.body.addStretch(1)
        pair = QHBoxLayout()
        pair.setSpacing(16)
        pair.addWidget(settings, 3)
        side = QVBoxLayout()
        side.setSpacing(16)
        side.addWidget(base)
        side.addWidget(self.check)
        side.addStretch(1)
        pair.addLayout(side, 2)
        inside = QWidget()
        self._column = column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(16)
        column.addLayout(cards)
        column.addLayout(pair)
        column.addStretch(1)
        self.content.addWidget(self.strip)
        self._scroll = scrolling(inside)
        self.content.addWidget(self._scroll, 1)


def _form_rows(kind: str) -> list[Row]:
    """Basic settings first, then the advanced ones, in the order of their declaration."""
    found = [row for row in rows_of(kind) if row.key not in ELSEWHERE]
    return [row for row in found if not row.advanced] + [row for row in found if row.advanced]
