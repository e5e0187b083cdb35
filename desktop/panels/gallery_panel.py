"""Gallery: pictures made with what was trained, beside those of the base model."""

from __future__ import annotations

import random
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from desktop.draft import Draft
from desktop.theme import Theme, icon_button, text_button
from desktop.widgets.image_grid import GridItem, ImageGrid
from desktop.widgets.labels import Card, Page, label, spin_box
from desktop.widgets.message_strip import MessageStrip
from engine.config import STARTER
from engine.errors import UserError
from engine.events import (
    Event,
    ImageGenerated,
    RunCrashed,
    RunFailed,
    RunFinished,
    Stage,
    StageProgress,
    Terminal,
)
from engine.models.catalog import locate

VIEW = 320
MAX_SEED = 2**31 - 1


class GalleryPanel(Page):
    """Asks for pictures by `generate_requested` and shows those that come."""

    generate_requested = Signal(object)  # a wish, see EngineThread.generate
    install_requested = Signal(str)  # path of a trained file

    def __init__(self, draft: Draft, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Gallery"), parent)
        self._draft = draft
        self._befores: dict[int, str] = {}  # seed -> picture of the base model alone
        self._pairs: dict[str, str] = {}  # picture -> the base model's, of the same wish
        self._items: list[GridItem] = []  # newest first
        self.prompt = QPlainTextEdit()
        self.addon = QComboBox()
        self.weight = QSlider(Qt.Orientation.Horizontal)
        self._weight_text = label("1.00")
        self.seed = spin_box(0, MAX_SEED)
        self._dice = icon_button(theme, "dice", self.tr("Another seed"))
        self.count = spin_box(1, 64)
        self.compare = QCheckBox(self.tr("Also draw it with the base model alone"))
        self.generate = text_button(theme, "gallery", self.tr("Generate"), "primary")
        self._progress = QProgressBar()
        self.strip = MessageStrip(theme)
        self.grid = ImageGrid(theme, self.tr("Generated images"))
        self._before = QLabel()
        self._after = label(self.tr("The chosen image is shown here."), "quiet", wrap=True)
        self.install = text_button(theme, "install", self.tr("Install…"))
        self._copy = text_button(theme, "copy", self.tr("Copy image"))
        self._open = text_button(theme, "folder", self.tr("Open folder"))
        self._connect()
        self._lay_out()
        self.reload()

    @Slot()
    def reload(self) -> None:
        """Read what the project holds: trained files and earlier images."""
        chosen = self.addon.currentData()
        self.addon.clear()
        self.addon.addItem(self.tr("None: the base model alone"), ("", ""))
        for run in self._draft.project.list_runs():
            for path in sorted(run.exports.glob("*")):
                if _can_be_drawn_with(path):
                    title = f"{path.stem} · {run.path.name}"
                    self.addon.addItem(title, (str(path), _base_of(run.config_path)))
        row = self.addon.findData(chosen) if chosen else -1
        self.addon.setCurrentIndex(row if row >= 0 else min(1, self.addon.count() - 1))
        folder = self._draft.project.generated
        paths = sorted(folder.glob("[0-9]*.png"), reverse=True) if folder.is_dir() else []
        self._items = [_grid_item(path) for path in paths]
        self.grid.grid_model.set_items(self._items)
        if not self.prompt.toPlainText():
            self._suggest()
        self._show_count()

    def select(self, path: str) -> None:
        """Choose a trained file, the one that has just been made, say."""
        for row in range(self.addon.count()):
            if (self.addon.itemData(row) or ("", ""))[0] == path:
                self.addon.setCurrentIndex(row)

    @Slot()
    def ask(self) -> None:
        """Ask for the pictures, first of the base model where a comparison is wished for."""
        path, base = self.addon.currentData() or ("", "")
        base = base or self._draft.get("base_model", STARTER)
        is_model = bool(path) and is_whole_model(path)  # then it takes the base model's place
        wish = {
            "prompt": " ".join(self.prompt.toPlainText().split()),
            "base_model": path if is_model else base,
            "addon": "" if is_model else path,
            "weight": self.weight.value() / 100,
            "seed": self.seed.value(),
            "count": self.count.value(),
            "folder": str(self._draft.project.generated),
            "is_base": False,
        }
        self._befores.clear()
        self.strip.hide()
        self._progress.setRange(0, 0)
        self._progress.show()
        self.generate.setEnabled(False)
        if path and self.compare.isChecked():
            hidden = str(self._draft.project.generated / "base")
            before = {**wish, "base_model": base, "addon": "", "folder": hidden, "is_base": True}
            self.generate_requested.emit(before)
        self.generate_requested.emit(wish)

    def show_base_event(self, event: Event) -> None:
        """One event of the pictures that are drawn to compare with."""
        if isinstance(event, ImageGenerated):
            self._befores[event.seed] = event.path
        elif not isinstance(event, RunFinished):
            self.show_event(event)

    def show_event(self, event: Event) -> None:
        """One event of a generation."""
        match event:
            case StageProgress(stage=Stage.SAMPLE):
                self._progress.setRange(0, event.total)
                self._progress.setValue(event.done)
            case ImageGenerated():
                self._pairs[event.path] = self._befores.get(event.seed, "")
                self._items.insert(0, _grid_item(Path(event.path)))
                self.grid.grid_model.prepend()
                self.grid.choose(0)
                self._show_picture(0)
                self._show_count()
            case RunFailed():
                self.strip.show_message(event.error, "error")
            case RunCrashed():
                self.strip.show_text(
                    self.tr("Imprint crashed while drawing."),
                    event.traceback.strip().splitlines()[-1],
                    "error",
                )
        if isinstance(event, Terminal):
            self._progress.hide()
            self.generate.setEnabled(True)

    @Slot(int)
    def _show_picture(self, row: int) -> None:
        if not 0 <= row < self.grid.grid_model.rowCount():
            return
        path = self.grid.grid_model.item(row).path
        _show(self._after, path)
        self._after_name.show()
        before = self._pairs.get(path, "")
        self._before.setVisible(bool(before))
        self._before_name.setVisible(bool(before))
        if before:
            _show(self._before, before)

    @Slot()
    def _suggest(self) -> None:
        words = [self._draft.get(f"dataset.{key}", "") for key in ("trigger", "class_word")]
        prompts = self._draft.get("sampling.prompts", ())
        subject = " ".join(word for word in words if word)
        self.prompt.setPlainText(prompts[0] if prompts else f"a photo of {subject}".strip())

    @Slot(str)
    def _on_draft_changed(self, key: str) -> None:
        if not key:
            self.prompt.clear()
            self.reload()

    @Slot()
    def _ask_to_install(self) -> None:
        path, _ = self.addon.currentData() or ("", "")
        if path:
            self.install_requested.emit(path)

    @Slot()
    def _show_installable(self) -> None:
        path, _ = self.addon.currentData() or ("", "")
        self.install.setEnabled(bool(path) and Path(path).is_file())

    @Slot(int)
    def _show_weight(self, value: int) -> None:
        self._weight_text.setText(f"{value / 100:.2f}")
        self.weight.setAccessibleName(self.tr("Strength, {0:.2f}").format(value / 100))

    @Slot()
    def _roll(self) -> None:
        self.seed.setValue(random.randrange(MAX_SEED))

    @Slot()
    def _copy_image(self) -> None:
        index = self.grid.currentIndex()
        if index.isValid():
            path = self.grid.grid_model.item(index.row()).path
            QGuiApplication.clipboard().setPixmap(QPixmap(path))

    @Slot()
    def _open_folder(self) -> None:
        folder = self._draft.project.generated
        folder.mkdir(parents=True, exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _show_count(self) -> None:
        count = self.grid.grid_model.rowCount()
        self.state.setText(
            self.tr("%n image(s)", "", count)
            if count
            else self.tr("No images yet. Type a prompt and press Generate.")
        )

    def _connect(self) -> None:
        self.generate.clicked.connect(self.ask)
        self.install.clicked.connect(self._ask_to_install)
        self.addon.currentIndexChanged.connect(self._show_installable)
        self.weight.valueChanged.connect(self._show_weight)
        self._dice.clicked.connect(self._roll)
        self.grid.chosen.connect(self._show_picture)
        self._copy.clicked.connect(self._copy_image)
        self._open.clicked.connect(self._open_folder)
        self._draft.changed.connect(self._on_draft_changed)

    def _lay_out(self) -> None:
        self.buttons.addWidget(self.install)
        self.buttons.addWidget(self._copy)
        self.buttons.addWidget(self._open)
        self.prompt.setAccessibleName(self.tr("Prompt"))
        self.prompt.setTabChangesFocus(True)
        self.prompt.setMaximumHeight(96)
        self.addon.setAccessibleName(self.tr("Trained file"))
        self.addon.setMinimumContentsLength(12)
        self.weight.setRange(0, 200)
        self.weight.setSingleStep(5)
        self.weight.setValue(100)
        self._show_weight(100)
        self.seed.setValue(42)
        self.seed.setAccessibleName(self.tr("Seed"))
        self.count.setValue(4)
        self.count.setAccessibleName(self.tr("How many"))
        self.compare.setChecked(True)
        self.generate.setShortcut("Ctrl+Return")
        self._progress.setAccessibleName(self.tr("Progress of the images"))
        self._progress.hide()
        self.content.addWidget(self.strip)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self._make_wish_card())
        row.addLayout(self._make_view(), 1)
        self.content.addLayout(row, 1)

    def _make_wish_card(self) -> Card:
        wish = Card(self.tr("What to draw"))
        wish.setFixedWidth(340)
        seed = QHBoxLayout()
        seed.addWidget(self.seed, 1)
        seed.addWidget(self._dice)
        strength = QHBoxLayout()
        strength.addWidget(self.weight, 1)
        strength.addWidget(self._weight_text)
        for name, content in (
            (self.tr("Prompt"), self.prompt),
            (self.tr("Trained file"), self.addon),
            (self.tr("Strength"), strength),
            (self.tr("Seed"), seed),
            (self.tr("How many"), self.count),
        ):
            wish.body.addWidget(label(name, "quiet"))
            if isinstance(content, QWidget):
                wish.body.addWidget(content)
            else:
                wish.body.addLayout(content)
        wish.body.addWidget(self.compare)
        wish.body.addSpacing(8)
        wish.body.addWidget(self.generate)
        wish.body.addWidget(self._progress)
        wish.body.addStretch(1)
        return wish

    def _make_view(self) -> QVBoxLayout:
        self._before_name = label(self.tr("Before: base model"), "note")
        self._after_name = label(self.tr("After: with the trained file"), "note")
        for hidden in (self._before, self._before_name, self._after_name):
            hidden.hide()
        self._before.setAccessibleName(self.tr("The same seed with the base model alone"))
        self._after.setAccessibleName(self.tr("The chosen image"))
        viewer = Card()
        pair = QHBoxLayout()
        pair.setSpacing(16)
        pair.addStretch(1)
        for picture, name in (
            (self._before, self._before_name),
            (self._after, self._after_name),
        ):
            column = QVBoxLayout()
            column.addWidget(picture, 1)
            column.addWidget(name, 0, Qt.AlignmentFlag.AlignHCenter)
            picture.setFixedSize(VIEW, VIEW)
            picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
            pair.addLayout(column)
        pair.addStretch(1)
        viewer.body.addLayout(pair)
        column = QVBoxLayout()
        column.setSpacing(16)
        column.addWidget(viewer)
        column.addWidget(self.grid, 1)
        return column


def _show(picture: QLabel, path: str) -> None:
    mode = Qt.TransformationMode.SmoothTransformation
    pixmap = QPixmap(path)
    if not pixmap.isNull():
        picture.setPixmap(pixmap.scaled(VIEW, VIEW, Qt.AspectRatioMode.KeepAspectRatio, mode))


def _can_be_drawn_with(path: Path) -> bool:
    """The second form of a file, one that failed its check and half-written ones are left out."""
    if path.name.startswith(".") or path.stem.endswith(("-diffusers", ".failed")):
        return False
    return path.is_dir() or path.suffix in (".safetensors", ".pt")


def is_whole_model(path: str) -> bool:
    """Whether a trained file is a model of its own rather than an add-on to one."""
    try:
        locate(path)
    except UserError:
        return False
    return True


def _grid_item(path: Path) -> GridItem:
    return GridItem(str(path), path.stem, path.name)


def _base_of(config_path: Path) -> str:
    """The base model that a run was trained on; empty where its config cannot be read."""
    import json

    try:
        data = json.loads(config_path.read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    base = data.get("base_model", "") if isinstance(data, dict) else ""
    return base if isinstance(base, str) else ""
