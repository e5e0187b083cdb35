"""Captions that a model writes: they are seen, and changed, before any of them is taken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.choosing import choose_folder
from desktop.dialogs.growing_dialog import GrowingDialog
from desktop.job_rules import JobSignals
from desktop.picture_set import PictureSet
from desktop.pool import Pool
from desktop.theme import Theme
from desktop.widgets.buttons import icon_button, text_button
from desktop.widgets.labels import label, set_kind
from desktop.widgets.message_strip import MessageStrip
from engine.caption_models import CaptionModel, look_at
from engine.data.caption_edits import put_before
from engine.errors import UserError
from engine.events import (
    CaptionMade,
    Event,
    Noticed,
    RunCrashed,
    RunFailed,
    RunFinished,
    Stage,
    StageProgress,
)

NAME, CAPTION = range(2)  # columns
NAME_WIDTH = 160


class _Answers(JobSignals):
    looked = Signal(object, object)  # folder, CaptionModel or UserError


class CaptionDialog(GrowingDialog):
    """`selected`: keys of the pictures that are selected on the page."""

    wanted = Signal(object, object)  # folder of the model, keys of the pictures
    stop_wanted = Signal()
    model_chosen = Signal(str)

    def __init__(
        self,
        pictures: PictureSet,
        selected: Sequence[str],
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Have captions written"))
        self._pictures, self._subject = pictures, pictures.subject
        self._folder: Path | None = None
        self._is_looking = self._is_writing = self._is_eager = False
        self._pool = Pool(1, "caption-model", self)
        self._answers = _Answers(self)
        self.strip = MessageStrip(theme)
        self.model = label("", wrap=True)
        self.choose = text_button(theme, "folder", self.tr("Choose its folder…"))
        self.which = QComboBox()
        for name, keys in self._choices(selected):
            self.which.addItem(name, keys)
        self.in_front = QCheckBox(self.tr("Put “{0}” in front of each").format(self._subject))
        self.progress = QProgressBar()
        self.table = QTableWidget(0, 2)
        self._below = QWidget()  # takes the room that nothing else wants
        self.write = text_button(theme, "edit", self.tr("Write"), "primary")
        self.stop = icon_button(theme, "stop", self.tr("Stop"))
        self.take = text_button(theme, "ok", self.tr("Use these captions"), "primary")
        self._close = QPushButton(self.tr("Close"))
        self._connect()
        self._lay_out(theme)
        self._show_state()

    def use_model(self, folder: Path) -> None:
        """Look, in a thread, whether there is a model that writes captions."""
        self._folder, self._is_looking = None, True
        self._show_state()
        self._pool.start(_look, folder, self._answers)

    @Slot(object, object)
    def _use(self, folder: Path, found: CaptionModel | UserError) -> None:
        self._is_looking = False
        if isinstance(found, UserError):
            self._is_eager = False
            self._show_state()
            self.strip.show_message(found, "error")
            return
        self._folder = folder
        self._show_state()
        self.model.setText(found.title)
        self.strip.hide()
        self.model_chosen.emit(str(folder))
        if self._is_eager:
            self.begin()

    @property
    def captions(self) -> dict[str, str]:
        """What was written, as it was changed, by key."""
        edit = put_before(self._subject if self.in_front.isChecked() else "")
        made = {}
        for row in range(self.table.rowCount()):
            name, caption = self.table.item(row, NAME), self.table.item(row, CAPTION)
            if name is not None and caption is not None and caption.text().strip():
                made[str(name.data(Qt.ItemDataRole.UserRole))] = edit(caption.text().strip())
        return made

    @Slot()
    def begin(self) -> None:
        """Have the chosen pictures described, as soon as the model is known."""
        self._is_eager = self._is_looking
        if self._folder is None or self._is_writing:
            return
        self.table.setRowCount(0)
        self.strip.hide()
        self._is_writing = True
        self.progress.setRange(0, 0)
        self._show_state()
        self.wanted.emit(self._folder, self.which.currentData())

    def show_event(self, event: Event) -> None:
        match event:
            case CaptionMade():
                self._add(event)
            case StageProgress(stage=Stage.CAPTION):
                self.progress.setRange(0, event.total)
                self.progress.setValue(event.done)
            case Noticed():
                self.strip.show_message(event.notice, "warn")
            case RunFailed():
                self.strip.show_message(event.error, "error")
                self._end()
            case RunCrashed():
                crashed = self.tr("The model broke down. This is a fault of ours, not of yours.")
                self.strip.show_text(crashed, event.traceback.strip().split("\n")[-1], "error")
                self._end()
            case RunFinished():
                self._end()

    def reject(self) -> None:
        self.stop_wanted.emit()
        super().reject()

    def _choices(self, selected: Sequence[str]) -> list[tuple[str, list[str]]]:
        rows = [row for row in self._pictures.rows if row.is_usable]
        usable = {row.key for row in rows}
        bare = [row.key for row in rows if not row.caption]
        chosen = [key for key in selected if key in usable]
        found = []
        if bare:
            found.append((self.tr("%n picture(s) without a caption", "", len(bare)), bare))
        if len(chosen) > 1:
            found.append((self.tr("%n selected picture(s)", "", len(chosen)), chosen))
        every = [row.key for row in rows]
        return [*found, (self.tr("All %n picture(s), anew", "", len(every)), every)]

    def _add(self, made: CaptionMade) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        name = QTableWidgetItem(Path(made.path).name)
        name.setData(Qt.ItemDataRole.UserRole, made.key)
        name.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        self.table.setItem(row, NAME, name)
        self.table.setItem(row, CAPTION, QTableWidgetItem(made.text))
        self.table.scrollToBottom()
        self._show_state()

    def _end(self) -> None:
        self._is_writing = False
        self._show_state()
        if self.table.rowCount():
            self.take.setFocus()

    def _show_state(self) -> None:
        if self._is_looking:
            self.model.setText(self.tr("Looking at the model…"))
        elif self._folder is None:
            self.model.setText(self.tr("No model is chosen yet."))
        has_pictures = bool(self.which.currentData())
        self.write.setEnabled(self._folder is not None and has_pictures and not self._is_writing)
        self.progress.setVisible(self._is_writing)
        self.stop.setVisible(self._is_writing)
        self.choose.setEnabled(not self._is_writing and not self._is_looking)
        self.which.setEnabled(not self._is_writing)
        has_captions = self.table.rowCount() > 0
        self.table.setVisible(has_captions)
        self._below.setVisible(not has_captions)
        set_kind(self.write, "role", "" if has_captions else "primary")  # one at a time
        self.take.setEnabled(has_captions and not self._is_writing)

    @Slot()
    def _choose(self) -> None:
        if folder := choose_folder(self, self.tr("Folder of a caption model"), "models"):
            self.use_model(folder)

    @Slot()
    def _take(self) -> None:
        self._pictures.write_captions(self.captions, self.tr("captions by a model"))
        self.accept()

    def _connect(self) -> None:
        self._answers.looked.connect(self._use)
        self.choose.clicked.connect(self._choose)
        self.write.clicked.connect(self.begin)
        self.stop.clicked.connect(self.stop_wanted)
        self.take.clicked.connect(self._take)
        self._close.clicked.connect(self.reject)

    def _lay_out(self, theme: Theme) -> None:
        self.which.setAccessibleName(self.tr("Pictures to describe"))
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(self.tr("Pictures described"))
        self.table.setHorizontalHeaderLabels([self.tr("Picture"), self.tr("Caption")])
        self.table.setAccessibleName(self.tr("Captions, to be changed"))
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setColumnWidth(NAME, theme.scaled(NAME_WIDTH))
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.setTabKeyNavigation(False)  # Tab leads out of it, as everywhere
        self.in_front.setChecked(bool(self._subject))
        self.in_front.setVisible(bool(self._subject))
        hint = label(
            self.tr(
                "A model of the kinds BLIP, GIT or ViT-GPT2 that you have as a folder. Nothing "
                "leaves this computer; the captions are only used when you say so."
            ),
            "quiet",
            wrap=True,
        )
        top = QHBoxLayout()
        top.addWidget(self.model, 1)
        top.addWidget(self.choose)
        going = QHBoxLayout()
        going.addWidget(self.progress, 1)
        going.addWidget(self.stop)
        ends = QHBoxLayout()
        ends.addWidget(self.write)
        ends.addStretch(1)
        ends.addWidget(self.take)
        ends.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addWidget(hint)
        column.addWidget(self.strip)
        column.addLayout(top)
        column.addWidget(self.which)
        column.addWidget(self.in_front)
        column.addLayout(going)
        column.addWidget(self.table, 1)
        column.addWidget(self._below, 1)
        column.addLayout(ends)
        self.resize(620, 360)


def _look(folder: Path, answers: _Answers) -> None:
    """In a thread of the pool."""
    try:
        found: CaptionModel | UserError = look_at(folder)
    except UserError as error:
        found = error
    answers.looked.emit(folder, found)
