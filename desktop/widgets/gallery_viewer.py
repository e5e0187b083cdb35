"""The chosen picture of the gallery, beside the base model's, with what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QButtonGroup, QComboBox, QPushButton, QWidget

from desktop.clipboard import ImageCopier
from desktop.theme import Theme
from desktop.widgets.buttons import icon_button
from desktop.widgets.compare_view import MODES, CompareView
from desktop.widgets.flow import Flow
from desktop.widgets.labels import Card, label
from engine.gallery_records import Made

USES = ("", "all", "prompt", "seed", "copy")


class GalleryViewer(Card):
    """Two pictures, and buttons whose wishes come out as signals."""

    star_wanted = Signal()
    delete_wanted = Signal()
    folder_wanted = Signal()
    use_wanted = Signal(str)  # "all", "prompt" or "seed"

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._made: Made | None = None
        self.view = CompareView(theme)
        self.copier = ImageCopier(self)
        self.facts = label("", "note", wrap=True)
        self.use = QComboBox()
        self.star = icon_button(theme, "star", self.tr("Star (S)"))
        self.copy = icon_button(theme, "copy", self.tr("Copy image"))
        self._folder = icon_button(theme, "folder", self.tr("Open folder"))
        self._delete = icon_button(theme, "delete", self.tr("To the bin (Del)"))
        self._modes = QButtonGroup(self)
        self._connect()
        self._lay_out()

    def show_made(self, made: Made | None, before: str) -> None:
        """`before`: the base model's picture of the same seed; empty where there is none."""
        self._made = made
        if made is None:
            self.view.show_pictures("")
            self.facts.setText("")
            return
        names = (self.tr("Before: base model"), self.tr("After: with the trained file"))
        self.view.show_pictures(str(made.path), before, names if before else ("", ""))
        addons = ", ".join(f"{name} {weight:g}" for name, weight in made.addons)
        facts = [made.prompt, addons, "" if made.seed is None else f"{made.seed}", made.model]
        self.facts.setText(" · ".join(fact for fact in facts if fact))

    @Slot()
    def copy_image(self) -> None:
        """The picture for programs that paste pictures, and the file for those that paste files."""
        if self._made is not None:
            self.copier.copy(self._made.path)

    @Slot(int)
    def _choose_use(self, number: int) -> None:
        self.use.setCurrentIndex(0)
        if self._made is None or not number:
            return
        if USES[number] == "copy":
            QGuiApplication.clipboard().setText(self._made.prompt)
        else:
            self.use_wanted.emit(USES[number])

    @Slot(int)
    def _set_mode(self, number: int) -> None:
        self.view.set_mode(MODES[number])

    @Slot(str)
    def _show_mode(self, mode: str) -> None:
        self._modes.button(MODES.index(mode)).setChecked(True)

    def _connect(self) -> None:
        self.star.clicked.connect(self.star_wanted)
        self._delete.clicked.connect(self.delete_wanted)
        self._folder.clicked.connect(self.folder_wanted)
        self.copy.clicked.connect(self.copy_image)
        self.use.activated.connect(self._choose_use)
        self._modes.idClicked.connect(self._set_mode)
        self.view.mode_changed.connect(self._show_mode)

    def _lay_out(self) -> None:
        self.use.addItems(
            [
                self.tr("Use of this image…"),
                self.tr("its settings"),
                self.tr("only the prompt"),
                self.tr("only the seed"),
                self.tr("copy the prompt"),
            ]
        )
        self.use.setAccessibleName(self.tr("Use of this image…"))
        modes = []
        names = (self.tr("Side by side"), self.tr("Slider"), self.tr("Hover"))
        for number, name in enumerate(names):
            button = QPushButton(name)
            button.setProperty("role", "small")
            button.setCheckable(True)
            button.setChecked(number == 0)
            self._modes.addButton(button, number)
            modes.append(button)
        tools = Flow(*modes, self.use, self.star, self.copy, self._folder, self._delete)
        self.body.addWidget(self.view, 1)
        self.body.addWidget(self.facts)
        self.body.addWidget(tools)
