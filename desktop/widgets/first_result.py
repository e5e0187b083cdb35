"""After a training: the same picture at several moments, and the one that looks best is taken."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.labels import Card, label
from desktop.widgets.read_pictures import ReadPictures
from desktop.words import said
from engine.project import RunFolder
from engine.prompt_words import of_run
from engine.run_records import samples_of

MOMENTS = 4
SIDE = 132


class FirstResult(Card):
    """Hidden until a run has ended with samples."""

    step_chosen = Signal(int)
    gallery_wanted = Signal()
    install_wanted = Signal()
    file_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.heading.setText(self.tr("It worked. Click the moment that looks best."))
        self.body.insertLayout(0, self.header)
        self.buttons: list[QToolButton] = []
        self.pictures = ReadPictures(SIDE, self)
        self._folder: RunFolder | None = None
        self._exported = 0  # the step whose state the file holds
        self._num_asked = 0  # files that are still to be written, one after the other
        self._row = QHBoxLayout()
        self._line = label("", "quiet", wrap=True)
        self.words = label("", wrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.to_gallery = text_button(theme, "gallery", self.tr("Try it in the gallery"), "primary")
        self.install = text_button(theme, "install", self.tr("Install…"))
        self.show_file = text_button(theme, "folder", self.tr("Show the file"))
        self.to_gallery.clicked.connect(self.gallery_wanted)
        self.install.clicked.connect(self.install_wanted)
        self.show_file.clicked.connect(self.file_wanted)
        actions = QHBoxLayout()
        for button in (self.to_gallery, self.install, self.show_file):
            actions.addWidget(button)
        actions.addStretch(1)
        self._row.addStretch(1)
        self.body.addLayout(self._row)
        self.body.addWidget(self._line)
        self.body.addWidget(self.words)
        self.body.addLayout(actions)
        self.hide()

    def show_run(self, folder: RunFolder, exported_step: int) -> None:
        """The first prompt at some steps, the exported one among them."""
        self.pictures.clear()
        for button in self.buttons:
            self._row.removeWidget(button)
            button.deleteLater()
        self.buttons.clear()
        found = {step: paths[0] for step, paths in samples_of(folder).items() if step > 0}
        for step in moments(sorted(found), exported_step):
            self._add(step, found[step], step == exported_step)
        self.words.setText("\n".join(str(said(sentence)) for sentence in of_run(folder)))
        self.words.setHidden(not self.words.text())
        self._folder, self._num_asked = folder, 0
        self._settle(exported_step, "")
        self.setVisible(bool(self.buttons))

    def _add(self, step: int, path: Path, chosen: bool) -> None:
        button = QToolButton()
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.pictures.show(str(path), button)
        button.setIconSize(QSize(SIDE, SIDE))
        button.setMinimumSize(SIDE + 24, SIDE + 40)
        button.setText(self.tr("step {0}").format(step))
        button.setAccessibleName(self.tr("Take the state of step {0}").format(step))
        button.setCheckable(True)
        button.setAutoExclusive(True)
        button.setChecked(chosen)
        button.setProperty("step", step)
        button.clicked.connect(self._choose)
        self._row.insertWidget(len(self.buttons), button)
        self.buttons.append(button)

    @Slot()
    def _choose(self) -> None:
        step = int(self.sender().property("step"))
        self._num_asked += 1
        self.install.setEnabled(False)  # it would take the file as it was before
        self._line.setText(self.tr("Writing the state of step {0}…").format(step))
        self.step_chosen.emit(step)

    @Slot(object, int)
    def show_written(self, folder: RunFolder, step: int) -> None:
        """The file of a run holds the state of this step now."""
        if folder == self._folder:
            self._num_asked -= 1
            self._settle(step, "")

    @Slot(object, str)
    def show_not_written(self, folder: RunFolder, reason: str) -> None:
        """It holds what it held before."""
        if folder == self._folder:
            self._num_asked -= 1
            self._settle(self._exported, reason)

    def _settle(self, step: int, reason: str) -> None:
        """Say what the file holds, unless it is about to hold something else."""
        self._exported = step
        if self._num_asked > 0:
            return
        self._num_asked = 0  # one may have been asked for elsewhere
        for button in self.buttons:
            button.setAutoExclusive(False)  # or the one that was clicked could not be unchecked
            button.setChecked(button.property("step") == step)
            button.setAutoExclusive(True)
        self.install.setEnabled(True)
        holds = self.tr("The file holds the state of step {0}.")
        if reason:
            holds = self.tr("The file still holds the state of step {0}.")
        self._line.setText(f"{holds.format(step)} {reason}".strip())


def moments(steps: list[int], exported: int) -> list[int]:
    """Up to four steps, spread out, the first, the last and the exported one among them."""
    if len(steps) <= MOMENTS:
        return steps
    spread = {steps[round(n * (len(steps) - 1) / (MOMENTS - 1))] for n in range(MOMENTS)}
    if exported in steps and exported not in spread:
        middle = min(spread - {steps[0], steps[-1]}, key=lambda step: abs(step - exported))
        spread = (spread - {middle}) | {exported}
    return sorted(spread)
