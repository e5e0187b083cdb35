"""One picture of the set in detail: large, with the tools that change it and its caption."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from desktop.image_loader import ImageLoader, Wish
from desktop.picture_rows import PictureRow
from desktop.theme import Theme
from desktop.widgets.buttons import icon_button, text_button
from desktop.widgets.caption_editor import CaptionEditor
from desktop.widgets.labels import Card, label, spin_box
from desktop.widgets.picture_view import PictureView
from desktop.words import said
from engine.data import edits
from engine.data.buckets import Bucket, choose_bucket
from engine.data.edits import NO_EDIT, Box, PictureEdit

LARGE = 1024
MOST_BYTES = 128 << 20  # of large pictures in memory: 32 of the largest
VIEW_HEIGHT = 260
Change = Callable[[PictureEdit], PictureEdit]


class Inspector(Card):
    """Shows one row; what the user wants to change comes out as signals."""

    edit_wanted = Signal(object, str)  # a Change, name of the step for undo
    caption_edited = Signal(str)
    step_wanted = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._row: PictureRow | None = None
        self._edit = NO_EDIT
        self._buckets: tuple[Bucket, ...] = ()
        self._is_crop_wanted = False  # as soon as the picture is there
        self.typed_from = ""  # the caption that was shown when the user began to type
        self._loader = ImageLoader(self, MOST_BYTES)
        self.view = PictureView(theme, self.tr("The chosen picture"))
        self.turn_left = icon_button(theme, "turn_left", self.tr("Turn left (Ctrl+L)"))
        self.turn_right = icon_button(theme, "turn_right", self.tr("Turn right (Ctrl+R)"))
        self.mirror = icon_button(theme, "mirror", self.tr("Mirror"))
        self.crop = icon_button(theme, "crop", self.tr("Crop (C)"))
        self.undo_edits = icon_button(theme, "reset", self.tr("As the file is"))
        self.leave_out = icon_button(theme, "leave_out", self.tr("Leave out of the training"))
        self._apply_crop = text_button(theme, "ok", self.tr("Crop"), "primary")
        self._leave_crop = text_button(theme, "close", self.tr("Cancel"))
        self._name = label("", "quiet", wrap=True)
        self._problem = label("", "warn", wrap=True)
        self.repeats = spin_box(1, 100)
        self.caption = CaptionEditor(theme)
        self.spoken = label("", "note", wrap=True)
        self._connect()
        self._lay_out()

    @property
    def row(self) -> PictureRow | None:
        return self._row

    def show_row(
        self, row: PictureRow | None, edit: PictureEdit, buckets: tuple[Bucket, ...]
    ) -> None:
        """Show a picture with its edit; None shows nothing."""
        same = _is_same(row, self._row)
        undisturbed = same and self.view.is_cropping and edit == self._edit
        self._row, self._edit, self._buckets = row, edit, buckets
        self.setEnabled(row is not None)
        self._show_words(row, edit)
        caption = row.caption if row else ""
        # A caption that is being typed is not taken away by a change elsewhere.
        is_typed = self.caption.caption not in (self.typed_from, caption)
        if not (same and is_typed and self.caption.text.hasFocus()):
            self.caption.set_caption(caption)
            self.typed_from = caption
        self.repeats.blockSignals(True)
        self.repeats.setValue(edit.repeats)
        self.repeats.blockSignals(False)
        self.leave_out.setChecked(edit.left_out)
        if row is None:
            self._loader.forget_all()
        self._is_crop_wanted = self._is_crop_wanted and same
        if not undisturbed:  # a frame that is being drawn stays while the folder is read anew
            self._show_picture(keep_zoom=same)

    def forget(self, path: str) -> None:
        """The file changed."""
        self._loader.forget(path)

    def show_spoken(self, text: str) -> None:
        """What the training really reads."""
        self.spoken.setText(self.tr("Trained as: {0}").format(text))

    def begin_crop(self) -> None:
        """A frame in the shape that the training cuts this picture to."""
        if self._row is None or self._row.reading is None or self.view.is_empty:
            return
        if self.view.is_cropping:
            return
        self._is_crop_wanted = not self._show_picture(uncropped=True)
        if self._is_crop_wanted:  # the whole picture is being read
            return
        bucket = self._bucket()
        self.view.begin_crop(bucket.width / bucket.height if bucket else 1.0)
        self._show_crop_buttons()

    def _show_words(self, row: PictureRow | None, edit: PictureEdit) -> None:
        self._problem.hide()
        if row is None or row.reading is None:
            self._name.setText(row.path.name if row else "")
            return
        width, height = edits.size_after(row.reading.width, row.reading.height, edit)
        self._name.setText(f"{row.path.name} · {width} × {height}" if width else row.path.name)
        told = [
            row.reading.refusal, row.caption_problem, *row.reading.remarks, *row.caption_remarks
        ]  # fmt: skip
        lines = [str(said(phrase)) for phrase in told if phrase is not None]
        self._problem.setText("\n".join(lines))
        self._problem.setVisible(bool(lines))

    def _show_picture(self, *, keep_zoom: bool = True, uncropped: bool = False) -> bool:
        """False while it is being read; what was shown before stays until then."""
        if self._row is None:
            self.view.show_picture(None)
            return True
        # First: it tells, and whoever is told shows the picture that is chosen now.
        self.view.leave_crop()
        edit = edits.cropped(self._edit, None) if uncropped else self._edit
        pixmap = self._loader.get(Wish(str(self._row.path), LARGE, edit))
        if pixmap is None:
            return False
        self.view.show_picture(pixmap, keep_zoom=keep_zoom)
        bucket = self._bucket()
        if bucket is not None and not uncropped:
            self.view.show_kept(bucket.width, bucket.height)
        return True

    def _bucket(self) -> Bucket | None:
        if self._row is None or self._row.reading is None or not self._buckets:
            return None
        reading = self._row.reading
        width, height = edits.size_after(reading.width, reading.height, self._edit)
        return choose_bucket(width, height, self._buckets) if height else None

    @Slot(str)
    def _on_ready(self, path: str) -> None:
        if self._row is None or path != str(self._row.path) or self.view.is_cropping:
            return
        if self._is_crop_wanted:
            self.begin_crop()
        else:
            self._show_picture(keep_zoom=False)

    @Slot(object)
    def _take_crop(self, box: Box) -> None:
        self.edit_wanted.emit(lambda edit: edits.cropped(edit, box), self.tr("crop"))

    @Slot()
    def _show_crop_buttons(self) -> None:
        cropping = self.view.is_cropping
        self._crop_buttons.setVisible(cropping)
        self._tools.setVisible(not cropping)

    @Slot()
    def _after_crop(self) -> None:
        self._show_crop_buttons()
        self._show_picture(keep_zoom=False)

    @Slot()
    def _turn_left(self) -> None:
        self.edit_wanted.emit(lambda edit: edits.turned(edit, 3), self.tr("turn left"))

    @Slot()
    def _turn_right(self) -> None:
        self.edit_wanted.emit(lambda edit: edits.turned(edit, 1), self.tr("turn right"))

    @Slot()
    def _mirror(self) -> None:
        self.edit_wanted.emit(edits.mirrored, self.tr("mirror"))

    @Slot()
    def _reset(self) -> None:
        self.edit_wanted.emit(edits.shown_as_it_is, self.tr("take back all edits"))

    @Slot(bool)
    def _leave_out(self, out: bool) -> None:
        name = self.tr("leave out") if out else self.tr("take in again")
        self.edit_wanted.emit(lambda edit: edits.left_out(edit, out), name)

    @Slot(int)
    def _repeat(self, count: int) -> None:
        self.edit_wanted.emit(lambda edit: edits.repeated(edit, count), self.tr("repeats"))

    @Slot()
    def _on_caption(self) -> None:
        if self._row is not None:
            self.caption_edited.emit(self.caption.caption)

    def _connect(self) -> None:
        self._loader.ready.connect(self._on_ready)
        self.view.cropped.connect(self._take_crop)
        self.view.crop_left.connect(self._after_crop)
        self.turn_left.clicked.connect(self._turn_left)
        self.turn_right.clicked.connect(self._turn_right)
        self.mirror.clicked.connect(self._mirror)
        self.crop.clicked.connect(self.begin_crop)
        self.undo_edits.clicked.connect(self._reset)
        self.leave_out.setCheckable(True)
        self.leave_out.clicked.connect(self._leave_out)
        self._apply_crop.clicked.connect(self.view.apply_crop)
        self._leave_crop.clicked.connect(self.view.leave_crop)
        self.repeats.valueChanged.connect(self._repeat)
        self.caption.edited.connect(self._on_caption)
        self.caption.step_wanted.connect(self.step_wanted)

    def _lay_out(self) -> None:
        self.turn_left.setShortcut("Ctrl+L")
        self.turn_right.setShortcut("Ctrl+R")
        self.view.setFixedHeight(VIEW_HEIGHT)
        self._tools = QWidget()
        tools = QHBoxLayout(self._tools)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(4)
        buttons: tuple[QToolButton, ...] = (
            self.turn_left, self.turn_right, self.mirror, self.crop, self.undo_edits, self.leave_out
        )  # fmt: skip
        for button in buttons:
            tools.addWidget(button)
        tools.addStretch(1)
        name = label("×", "quiet")
        name.setBuddy(self.repeats)
        self.repeats.setAccessibleName(self.tr("How often this picture counts"))
        self.repeats.setToolTip(self.tr("How often this picture counts"))
        self.repeats.setFixedWidth(56)
        tools.addWidget(name)
        tools.addWidget(self.repeats)
        self._crop_buttons = QWidget()
        crop = QHBoxLayout(self._crop_buttons)
        crop.setContentsMargins(0, 0, 0, 0)
        crop.addStretch(1)
        crop.addWidget(self._leave_crop)
        crop.addWidget(self._apply_crop)
        self._crop_buttons.hide()
        for widget in (
            self.view, self._tools, self._crop_buttons, self._name, self._problem, self.caption,
            self.spoken,
        ):  # fmt: skip
            self.body.addWidget(widget)
        self.body.addStretch(1)
        self.view.show_picture(QPixmap())


def _is_same(row: PictureRow | None, shown: PictureRow | None) -> bool:
    """The same picture, though it may have been read meanwhile."""
    if row is None or shown is None:
        return False
    return row.key == shown.key or (shown.reading is None and row.path == shown.path)
