"""Settings that the user keeps under a name: take up, keep, give away as a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QMenu, QPushButton, QWidget

from desktop.choosing import choose_file, choose_where_to_save
from desktop.draft import Draft
from desktop.theme import Theme
from desktop.widgets.buttons import ThemedIcon
from engine import user_presets
from engine.errors import UserError
from engine.user_presets import SUFFIX


class PresetMenu(QPushButton):
    """Opens a menu; what it does to the draft is told by `taken`."""

    taken = Signal(str)  # name of the preset
    failed = Signal(object)  # UserError

    def __init__(self, draft: Draft, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(self.tr("Presets"))
        self._draft = draft
        self._icon = ThemedIcon(theme, self, "save", "text2")
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self._menu.triggered.connect(self._choose)
        self.setMenu(self._menu)

    @Slot()
    def _fill(self) -> None:
        self._menu.clear()
        for path in user_presets.known_presets():
            self._menu.addAction(user_presets.name_of(path)).setData(str(path))
        if self._menu.actions():
            self._menu.addSeparator()
        for name, text in (
            ("save", self.tr("Save as preset…")),
            ("open", self.tr("Open a preset file…")),
            ("share", self.tr("Save to a file…")),
        ):
            self._menu.addAction(text).setData(name)

    @Slot(QAction)
    def _choose(self, action: QAction) -> None:
        match action.data():
            case "save":
                name, accepted = QInputDialog.getText(
                    self, self.tr("Save as preset"), self.tr("Name")
                )
                if accepted and name.strip():
                    self.save(name.strip(), None)
            case "open":
                if file := choose_file(self, self.tr("Preset"), "presets", self._kinds()):
                    self.take(file)
            case "share":
                file = choose_where_to_save(
                    self, self.tr("Preset"), "presets", f"preset{SUFFIX}", self._kinds()
                )
                if file:
                    self.save(file.name.removesuffix(SUFFIX), file)
            case path:
                self.take(Path(path))

    def save(self, name: str, path: Path | None) -> None:
        try:
            user_presets.save(name, self._draft.data, path)
        except UserError as error:
            self.failed.emit(error)

    def take(self, path: Path) -> None:
        """Lay a preset over the draft; pictures, words and base model stay."""
        try:
            settings = user_presets.load(path)
        except UserError as error:
            self.failed.emit(error)
            return
        for section, values in settings.items():
            kept = {
                key: value
                for key, value in (self._draft.get(section) or {}).items()
                if key in user_presets.PERSONAL.get(section, ())
            }
            self._draft.put(section, {**values, **kept})
        self.taken.emit(user_presets.name_of(path))

    def _kinds(self) -> str:
        return self.tr("Presets (*{0})").format(SUFFIX)
