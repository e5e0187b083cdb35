"""Images: what the program learns from, with a caption beside each picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeySequence,
    QShortcut,
)
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.choosing import choose_files, choose_folder
from desktop.draft import Draft
from desktop.dropped import Dropped, TakesDrops, dropped
from desktop.picture_rows import PictureRow
from desktop.picture_set import PictureSet
from desktop.picture_taker import PictureTaker, Taking
from desktop.sum_check import SumCheck
from desktop.theme import Theme
from desktop.widgets.buttons import icon_button, text_button
from desktop.widgets.drop_area import DropArea
from desktop.widgets.inspector import Change, Inspector
from desktop.widgets.labels import Page, scrolling
from desktop.widgets.message_strip import MessageStrip
from desktop.widgets.picture_browser import PictureBrowser
from desktop.widgets.subject_words import SubjectWords
from engine.data import captions
from engine.data.caption_edits import known_tags
from engine.data.edits import NO_EDIT
from engine.dataset_notices import EditsWithoutPictures
from engine.drop_errors import CopyingGoesOn
from engine.errors import Notice, UserError
from engine.project_notices import ProjectGone

MOST_TAG_ROWS = 2_000  # captions that are searched for tags to offer
KEEP_TYPED_MS = 1_000  # after the last key: a kill takes no more than that


class DatasetPanel(TakesDrops, Page):
    """Drop pictures, see what is wrong with them, say what is in them."""

    pictures_changed = Signal(int)
    captions_wanted = Signal()  # by a model

    def __init__(self, draft: Draft, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Images"), parent)
        self._draft = draft
        self.pictures = PictureSet(draft, self)
        self.setAcceptDrops(True)
        self._add_files = text_button(theme, "add", self.tr("Add pictures…"))
        self._add_folder = text_button(theme, "folder", self.tr("Choose a folder…"))
        self._write = text_button(theme, "edit", self.tr("Have captions written…"))
        self._undo = icon_button(theme, "undo", self.tr("Undo"))
        self._redo = icon_button(theme, "redo", self.tr("Redo"))
        self.strip = MessageStrip(theme)
        self._drop = DropArea(theme, self.tr("No pictures yet. Drop them here."))
        self.browser = PictureBrowser(self.pictures, theme, self._drop)
        self.inspector = Inspector(theme)
        self.words = SubjectWords(draft)
        self._early: dict[Path, str] = {}  # captions of pictures that were not read yet
        self._taking = PictureTaker(self)
        self._sums = SumCheck(self)
        self._taken_into: str | None = None  # the folder that the last drop has set
        self._typing = QTimer(self, singleShot=True, interval=KEEP_TYPED_MS)
        self._connect()
        self._lay_out(theme)
        self.reload()

    @property
    def num_pictures(self) -> int:
        return self.pictures.num_usable

    @Slot()
    def reload(self) -> None:
        """Read the folder anew."""
        self.keep_caption()
        self.pictures.reload()

    def flush(self) -> None:
        """Captions are on disk when this returns; a run reads them there."""
        self.keep_caption()
        self.pictures.write_unread(self._early)
        self.pictures.writer.flush()

    def when_written(self, action: Callable[[], object]) -> None:
        """Call it once the captions are on disk: at once where none waits."""
        self.keep_caption()
        self.pictures.write_unread(self._early)
        self.pictures.writer.when_written(action)

    def when_certain(self, action: Callable[[], object], strip: MessageStrip) -> None:
        """Call it once captions are on disk and the files hold what is shown; where they do not,
        the strip says so, and they are read again. A project that is gone is told too."""
        if not self._draft.look_again():
            strip.show_message(ProjectGone(folder=str(self._draft.project.folder)), "error")
            return
        self.when_written(partial(self._compare, action, strip))

    def _compare(self, action: Callable[[], object], strip: MessageStrip) -> None:
        own = {
            row.path: row.key
            for row in self.pictures.rows
            if row.is_usable
            and (row.key in self.pictures.lost.captioned or self.pictures.edit_of(row) != NO_EDIT)
        }
        self._sums.ask(own, partial(self._on_compared, action, strip))

    def _on_compared(
        self, action: Callable[[], object], strip: MessageStrip, others: list[Path]
    ) -> None:
        if not others:
            action()
            return
        strip.show_message(EditsWithoutPictures(count=len(others)), "warn")
        self.reload()

    def close_threads(self) -> None:
        """Everything is on disk, and nothing runs any more."""
        self._sums.close()
        self._taking.close()
        self.keep_caption()
        self.pictures.write_unread(self._early)
        self.pictures.close()

    @Slot()
    def choose_folder(self) -> None:
        if folder := choose_folder(self, self.tr("Folder of pictures"), "pictures"):
            self._begin_taking([folder])

    def use_folder(self, folder: Path) -> None:
        """Learn from a folder where it lies; nothing in it is changed."""
        self.keep_caption()
        self._draft.set("dataset.folder", str(folder))
        self._draft.unset("evaluation.references")  # they showed what the pictures before showed

    @Slot()
    def _choose_files(self) -> None:
        if files := choose_files(self, self.tr("Pictures"), "pictures"):
            self._begin_taking(files)

    @Slot()
    def paste(self) -> None:
        """Take pictures, or files of pictures, from the clipboard."""
        self.take_or_refuse(dropped(QGuiApplication.clipboard().mimeData()))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        super().dragEnterEvent(event)
        self._drop.set_over(event.isAccepted())

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802
        self._drop.set_over(False)
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self._drop.set_over(False)
        super().dropEvent(event)

    def take_dropped(self, found: Dropped) -> None:
        """A folder of pictures is used in place; single ones are copied into the project."""
        self._begin_taking(found.files, found.image)

    def _begin_taking(self, paths: list[Path], image: QImage | None = None) -> None:
        self._draft.make_folder()
        self._taking.start(
            Taking(paths, image, self._draft.project, self._draft.get("dataset.folder"))
        )
        self._show_count()

    @Slot()
    def go_on_copying(self) -> None:
        """What was dropped before the window closed, into the project that is open."""
        count = self._taking.go_on(self._draft.project)
        if count:
            self.strip.show_message(CopyingGoesOn(count=count), "info")
            self._show_count()

    @Slot(object, object)
    def _on_taken(self, taking: Taking, folder: Path) -> None:
        """Unless another project or folder was chosen while the pictures were copied. What was
        dropped meanwhile is no choice: it comes in its turn."""
        now = self._draft.get("dataset.folder")
        if taking.project == self._draft.project:
            if now == str(folder):
                self.reload()
            elif now in (taking.current, self._taken_into):
                self.use_folder(folder)
                self._taken_into = str(folder)

    @Slot(object)
    def _on_not_taken(self, error: UserError) -> None:
        self.strip.show_message(error, "error")

    # ---- what the set says ----------------------------------------------------------------

    @Slot(int, int)
    def _show_progress(self, read: int, total: int) -> None:
        if read < total:
            self.state.setText(self.tr("Reading pictures… {0} of {1}").format(read, total))
        else:
            self._show_count()

    @Slot()
    def _show_count(self) -> None:
        count = self.num_pictures
        text = self.tr("%n picture(s)", "", count)
        out = sum(row.reading is not None for row in self.pictures.rows) - count
        if out > 0:
            text += self.tr(", %n left out", "", out)
        if self._taking.is_busy:
            self.state.setText(self.tr("Copying pictures into the project…"))
        elif not self.pictures.is_reading:
            self.state.setText(text)
        self._write.setEnabled(count > 0)
        self.pictures_changed.emit(count)

    @Slot()
    def _offer_tags(self) -> None:
        rows = self.pictures.rows[:MOST_TAG_ROWS]
        self.inspector.caption.set_known_tags(known_tags(row.caption for row in rows))

    @Slot(object)
    def show_notice(self, notice: Notice) -> None:
        """Something about the project that is open."""
        self.strip.show_message(notice, "warn")

    @Slot(object)
    def _show_error(self, error: UserError) -> None:
        self.strip.show_message(error, "error")
        self.browser.show_problem()
        self.state.setText("")

    # ---- the chosen pictures ----------------------------------------------------------------

    @Slot()
    def _show_inspector(self) -> None:
        """Another picture, or the same one changed; what was typed is kept first."""
        row, shown = self.browser.row, self.inspector.row
        is_other = row is None or shown is None or row.path != shown.path
        if shown is not None and (is_other or shown.reading is None):
            self.keep_caption()
        elif shown is not None and row is not None and row.key != shown.key:
            self._carry_on(shown, row)
        edit = self.pictures.edit_of(row) if row else NO_EDIT
        self.inspector.show_row(row, edit, self._draft.buckets() if row else ())
        if row is not None and row.path in self._early:
            self.inspector.caption.set_caption(self._early[row.path])
        self._show_spoken()

    def _carry_on(self, shown: PictureRow, row: PictureRow) -> None:
        """Another program wrote the picture while its caption was typed: the words are for it."""
        typed = self.inspector.caption.caption
        if row.is_usable and typed != shown.caption:
            self._write_caption(row, typed)

    @Slot(object, str)
    def _edit(self, change: Change, name: str) -> None:
        self.pictures.edit(self.browser.selected_keys, change, name)

    @Slot()
    def keep_caption(self) -> None:
        """Take what was typed; the folder of pictures is left alone."""
        self._keep_caption(self.inspector.caption.caption)

    @Slot(str)
    def _keep_caption(self, text: str) -> None:
        row = self.inspector.row
        if row is None:
            return
        if row.reading is None:  # captions go by what is in the file: it waits until that is known
            self._early.pop(row.path, None)
            if text:
                self._early[row.path] = text
        elif row.is_usable and text not in (row.caption, self.inspector.typed_from):
            self._write_caption(row, text, self.inspector.typed_from)

    @Slot(object)
    def _write_early(self, rows: set[int]) -> None:
        """What was typed before its picture was read."""
        for row in [self.pictures.rows[number] for number in rows] if self._early else ():
            if row.reading is not None and row.path in self._early:
                text = self._early.pop(row.path)
                if row.is_usable:
                    self._write_caption(row, text)

    def _write_caption(self, row: PictureRow, text: str, seen: str | None = None) -> None:
        name = self.tr("caption of {0}").format(row.path.name)
        self.pictures.write_captions({row.key: text}, name, seen)

    @Slot()
    def _show_spoken(self) -> None:
        text = captions.compose(
            self.inspector.caption.caption,
            self._draft.get("dataset.template", "a photo of {subject}"),
            self._draft.get("dataset.trigger", ""),
            self._draft.get("dataset.class_word", ""),
        )
        self.inspector.show_spoken(text)

    @Slot()
    def _leave_project(self) -> None:
        self.keep_caption()
        self.strip.hide()

    @Slot(str)
    def _on_draft_changed(self, key: str) -> None:
        if key == "":  # another project has captions of its own
            self._early.clear()
            self._taken_into = None
        if key.startswith("dataset.") and key != "dataset.edits":
            self._show_spoken()

    @Slot(str)
    def _name_undo(self, text: str) -> None:
        tip = self.tr("Undo: {0} (Ctrl+Z)").format(text) if text else self.tr("Undo")
        self._undo.setToolTip(tip)

    def hideEvent(self, event) -> None:  # noqa: N802, ANN001 (Qt's name)
        self.keep_caption()
        super().hideEvent(event)

    def _connect(self) -> None:
        self._write.clicked.connect(self.captions_wanted)
        self._add_files.clicked.connect(self._choose_files)
        self._add_folder.clicked.connect(self.choose_folder)
        self._drop.clicked.connect(self.choose_folder)
        stack = self.pictures.stack
        self._undo.clicked.connect(stack.undo)
        self._redo.clicked.connect(stack.redo)
        stack.canUndoChanged.connect(self._undo.setEnabled)
        stack.canRedoChanged.connect(self._redo.setEnabled)
        stack.undoTextChanged.connect(self._name_undo)
        self.browser.chosen.connect(self._show_inspector)
        self.browser.crop_wanted.connect(self.inspector.begin_crop)
        self.browser.more_wanted.connect(self._choose_files)
        self.inspector.edit_wanted.connect(self._edit)
        self.inspector.caption_edited.connect(self._keep_caption)
        self.inspector.caption.changed.connect(self._show_spoken)
        self.inspector.caption.changed.connect(self._typing.start)
        self._typing.timeout.connect(self.keep_caption)
        self.inspector.step_wanted.connect(self.browser.step)
        self.browser.batch.apply.pressed.connect(self.keep_caption)  # before it is clicked
        self._taking.taken.connect(self._on_taken)
        self._taking.failed.connect(self._on_not_taken)
        self._taking.ended.connect(self._show_count)
        self.pictures.rewritten.connect(self.inspector.forget)
        self.pictures.rows_changed.connect(self._write_early)
        self.pictures.rows_changed.connect(self._show_count)
        self.pictures.progressed.connect(self._show_progress)
        self.pictures.finished.connect(self._show_count)
        self.pictures.failed.connect(self._show_error)
        self.pictures.findings_changed.connect(self._offer_tags)
        self._draft.leaving.connect(self._leave_project)
        self._draft.changed.connect(self._on_draft_changed)

    def _lay_out(self, theme: Theme) -> None:
        for button in (self._undo, self._redo, self._write, self._add_files, self._add_folder):
            self.buttons.addWidget(button)
        self._undo.setShortcut(QKeySequence(QKeySequence.StandardKey.Undo))
        self._redo.setShortcut(QKeySequence("Ctrl+Shift+Z"))
        self._undo.setEnabled(False)
        self._redo.setEnabled(False)
        # Text fields take the key first, for words. A page that is not shown gets none.
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.activated.connect(self.paste)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.browser.begin_filter)
        side = QVBoxLayout()
        side.setSpacing(16)
        side.setContentsMargins(0, 0, 0, 0)
        side.addWidget(self.words)
        side.addWidget(self.inspector, 1)
        inside = QWidget()
        inside.setLayout(side)
        holder = scrolling(inside)
        holder.setFixedWidth(theme.scaled(372))
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.browser, 1)
        row.addWidget(holder)
        self.content.addWidget(self.strip)
        self.content.addLayout(row, 1)
