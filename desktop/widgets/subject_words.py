"""The two words that a training needs: what calls it up, and what kind of thing it is."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.draft import Draft
from desktop.widgets.labels import Card, label


class SubjectWords(Card):
    """Two fields, bound to the draft."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.heading.setText(self.tr("What is it called?"))
        self.body.insertLayout(0, self.header)
        self._draft = draft
        self.trigger = QLineEdit()
        self.class_word = QLineEdit()
        for editor, name, hint in (
            (self.trigger, self.tr("Trigger word"), self.tr("A rare word, such as mycxt")),
            (self.class_word, self.tr("What is it?"), self.tr("One common word, such as cat")),
        ):
            title = label(name, "quiet")
            title.setBuddy(editor)
            editor.setAccessibleName(name)
            editor.setPlaceholderText(hint)
            self.body.addWidget(title)
            self.body.addWidget(editor)
        self.trigger.textEdited.connect(self._set_trigger)
        self.class_word.textEdited.connect(self._set_class_word)
        draft.changed.connect(self._on_draft_changed)
        self._fill()

    @Slot(str)
    def _on_draft_changed(self, key: str) -> None:
        if key in ("", "dataset", "dataset.trigger", "dataset.class_word"):
            self._fill()

    def _fill(self) -> None:
        for editor, key in ((self.trigger, "trigger"), (self.class_word, "class_word")):
            text = self._draft.get(f"dataset.{key}", "")
            if text != editor.text().strip():  # not while a space is being typed
                editor.setText(text)

    @Slot(str)
    def _set_trigger(self, text: str) -> None:
        self._draft.set("dataset.trigger", text.strip())

    @Slot(str)
    def _set_class_word(self, text: str) -> None:
        self._draft.set("dataset.class_word", text.strip())
