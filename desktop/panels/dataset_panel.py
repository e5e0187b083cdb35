"""Images: what the program learns from, with a caption beside each picture."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.draft import Draft
from desktop.picture_scan import PictureScan
from desktop.theme import Theme, text_button
from desktop.widgets.drop_area import DropArea, take_pictures
from desktop.widgets.image_grid import GridItem, ImageGrid, read_image
from desktop.widgets.labels import Card, Page, label
from desktop.widgets.message_strip import MessageStrip
from desktop.words import summary_of
from engine import storage
from engine.data import captions
from engine.data.scan import ImageItem, Scan
from engine.errors import UserError
from engine.notices import PictureRemark

VIEW = 300


class DatasetPanel(Page):
    """Drop pictures, see what is wrong with them, say what is in them."""

    pictures_changed = Signal(int)

    def __init__(self, draft: Draft, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Images"), parent)
        self._draft = draft
        self._scan: Scan | None = None
        self._shown: ImageItem | None = None
        self.setAcceptDrops(True)
        self._add_files = text_button(theme, "add", self.tr("Add pictures…"))
        self._add_folder = text_button(theme, "folder", self.tr("Choose a folder…"))
        self.strip = MessageStrip(theme)
        self.grid = ImageGrid(theme, self.tr("Pictures"))
        self._drop = DropArea(theme, self.tr("No pictures yet. Drop them here."))
        self._view = QLabel()
        self._name = label("", "quiet", wrap=True)
        self.caption = QPlainTextEdit()
        self._spoken = label("", "note", wrap=True)
        self._problems = label("", "quiet", wrap=True)
        self.trigger = QLineEdit()
        self.class_word = QLineEdit()
        self._reader = PictureScan(self)
        self._connect()
        self._lay_out()
        self._fill_words()
        self.reload()

    @property
    def num_pictures(self) -> int:
        return len(self._scan.items) if self._scan else 0

    @property
    def problem_text(self) -> str:
        return self._problems.text()

    @Slot()
    def reload(self) -> None:
        """Read the folder anew."""
        self.keep_caption()
        folder = self._draft.get("dataset.folder", "")
        if not folder:
            self._show_scan(Scan(Path(), (), (), 0))
            return
        self.state.setText(self.tr("Reading pictures…"))
        self._reader.start(Path(folder), self._draft.project.captions)

    @Slot()
    def choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of pictures"))
        if folder:
            self.use_folder(Path(folder))

    def use_folder(self, folder: Path) -> None:
        """Learn from a folder where it lies; nothing in it is changed."""
        self.keep_caption()
        self._draft.set("dataset.folder", str(folder))
        self._draft.unset("evaluation.references")  # they showed what the pictures before showed

    @Slot()
    def _choose_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Pictures"))
        self._take([Path(name) for name in names])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if event.mimeData().hasUrls():
            self._drop.set_over(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802
        self._drop.set_over(False)
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self._drop.set_over(False)
        urls = event.mimeData().urls()
        self._take([Path(url.toLocalFile()) for url in urls if url.isLocalFile()])
        event.acceptProposedAction()

    def _take(self, paths: list[Path]) -> None:
        """A folder is used in place; single pictures are copied into the project."""
        if not paths:
            return
        try:
            folder = take_pictures(paths, self._draft.project, self._draft.get("dataset.folder"))
        except UserError as error:
            self.strip.show_message(error, "error")
            return
        if str(folder) == self._draft.get("dataset.folder"):
            self.reload()
        else:
            self.use_folder(folder)

    @Slot(object)
    def _show_scan(self, scan: Scan) -> None:
        self._scan = scan
        self._shown = None
        self.grid.grid_model.set_items([self._grid_item(item) for item in scan.items])
        self._stack.setCurrentIndex(1 if scan.items else 0)
        bad = [notice for notice in scan.notices if not isinstance(notice, PictureRemark)]
        self.state.setText(
            self.tr("%n picture(s)", "", len(scan.items))
            + (self.tr(", %n with a problem", "", len(bad)) if bad else "")
        )
        lines = [summary_of(notice) for notice in scan.notices]
        without = sum(1 for item in scan.items if not item.caption)
        if without:
            lines.append(self.tr("%n without a caption: the standard one is used", "", without))
        self._problems.setText("\n".join(f"• {line}" for line in lines))
        self._problem_card.setVisible(bool(lines))
        if scan.items:
            self.grid.setCurrentIndex(self.grid.grid_model.index(0))
        self.pictures_changed.emit(len(scan.items))

    @Slot(object)
    def _show_error(self, error: UserError) -> None:
        self._show_scan(Scan(Path(), (), (), 0))
        self.strip.show_message(error, "error")

    @Slot(int)
    def _show_picture(self, row: int) -> None:
        self.keep_caption()
        if self._scan is None or not 0 <= row < len(self._scan.items):
            return
        item = self._scan.items[row]
        self._shown = item
        pixmap = QPixmap.fromImage(read_image(str(item.path)))
        self._view.clear()
        mode = Qt.TransformationMode.SmoothTransformation
        if not pixmap.isNull():
            self._view.setPixmap(
                pixmap.scaled(VIEW, VIEW, Qt.AspectRatioMode.KeepAspectRatio, mode)
            )
        self._name.setText(f"{item.path.name} · {item.width} × {item.height}")
        self._caption_of_shown = item.caption
        self.caption.setPlainText(item.caption)
        self._show_spoken()

    @Slot()
    def keep_caption(self) -> None:
        """Write what was typed to the project; the folder of pictures is left alone."""
        item, text = self._shown, " ".join(self.caption.toPlainText().split())
        if item is None or self._scan is None or text == self._caption_of_shown:
            return
        path = self._draft.project.captions / f"{item.content_hash}.txt"
        try:
            storage.write_text(path, text)
        except UserError as error:
            self.strip.show_message(error, "error")
            return
        self._draft.set("dataset.captions_folder", str(self._draft.project.captions))
        self._caption_of_shown = text
        row = self._scan.items.index(item)
        changed = ImageItem(item.path, item.content_hash, item.width, item.height, text)
        items = (*self._scan.items[:row], changed, *self._scan.items[row + 1 :])
        self._scan = Scan(self._scan.folder, items, self._scan.notices, self._scan.num_files)
        self._shown = changed
        self.grid.grid_model.update_item(row, self._grid_item(changed))

    @Slot()
    def _show_spoken(self) -> None:
        """What the training really reads."""
        text = captions.compose(
            " ".join(self.caption.toPlainText().split()),
            self._draft.get("dataset.template", "a photo of {subject}"),
            self._draft.get("dataset.trigger", ""),
            self._draft.get("dataset.class_word", ""),
        )
        self._spoken.setText(self.tr("Trained as: {0}").format(text))

    @Slot(str)
    def _on_draft_changed(self, key: str) -> None:
        if key in ("", "dataset.folder"):
            self._fill_words()
            self.reload()
        elif key.startswith("dataset."):
            self._show_spoken()

    def _fill_words(self) -> None:
        self.trigger.setText(self._draft.get("dataset.trigger", ""))
        self.class_word.setText(self._draft.get("dataset.class_word", ""))

    def _grid_item(self, item: ImageItem) -> GridItem:
        spoken = item.caption or self.tr("caption missing")
        badge = "" if item.caption else self.tr("no caption")
        return GridItem(str(item.path), item.path.name, f"{item.path.name}, {spoken}", badge)

    @Slot(str)
    def _set_trigger(self, text: str) -> None:
        self._draft.set("dataset.trigger", text.strip())

    @Slot(str)
    def _set_class_word(self, text: str) -> None:
        self._draft.set("dataset.class_word", text.strip())

    def _connect(self) -> None:
        self._caption_of_shown = ""
        self._add_files.clicked.connect(self._choose_files)
        self._add_folder.clicked.connect(self.choose_folder)
        self._drop.clicked.connect(self.choose_folder)
        self.grid.chosen.connect(self._show_picture)
        self.caption.textChanged.connect(self._show_spoken)
        self.trigger.textEdited.connect(self._set_trigger)
        self.class_word.textEdited.connect(self._set_class_word)
        self._reader.finished.connect(self._show_scan)
        self._reader.failed.connect(self._show_error)
        self._draft.changed.connect(self._on_draft_changed)

    def hideEvent(self, event) -> None:  # noqa: N802, ANN001 (Qt's name)
        self.keep_caption()
        super().hideEvent(event)

    def _lay_out(self) -> None:
        self.buttons.addWidget(self._add_files)
        self.buttons.addWidget(self._add_folder)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._drop)
        self._stack.addWidget(self.grid)
        self.caption.setAccessibleName(self.tr("Caption of the picture"))
        self.caption.setPlaceholderText(self.tr("Say what changes from picture to picture."))
        self.caption.setMaximumHeight(84)
        self.caption.setTabChangesFocus(True)
        self._view.setFixedHeight(VIEW)
        self._view.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._view.setAccessibleName(self.tr("The chosen picture"))
        words = Card(self.tr("What is it called?"))
        for editor, name, hint in (
            (self.trigger, self.tr("Trigger word"), self.tr("A rare word, such as mycxt")),
            (self.class_word, self.tr("What is it?"), self.tr("One common word: cat, toy, style")),
        ):
            title = label(name, "quiet")
            title.setBuddy(editor)
            editor.setAccessibleName(name)
            editor.setPlaceholderText(hint)
            words.body.addWidget(title)
            words.body.addWidget(editor)
        inspector = Card(self.tr("Picture"))
        for widget in (self._view, self._name, self.caption, self._spoken):
            inspector.body.addWidget(widget)
        inspector.body.addStretch(1)
        self._problem_card = Card(self.tr("Worth knowing"))
        self._problem_card.body.addWidget(self._problems)
        self._problem_card.hide()
        side = QVBoxLayout()
        side.setSpacing(16)
        side.addWidget(words)
        side.addWidget(inspector, 1)
        left = QVBoxLayout()
        left.setSpacing(16)
        left.addWidget(self._stack, 1)
        left.addWidget(self._problem_card)
        holder = QWidget()
        holder.setFixedWidth(360)
        holder.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(left, 1)
        row.addWidget(holder)
        self.content.addWidget(self.strip)
        self.content.addLayout(row, 1)
