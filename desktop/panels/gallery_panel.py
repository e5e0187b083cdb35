"""Gallery: pictures made with what was trained, beside those of the base model."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.dialogs.grid_dialog import GridDialog
from desktop.draft import Draft
from desktop.dropped import Dropped, TakesDrops, what_is_gone
from desktop.gallery_set import GallerySet
from desktop.outside import open_own_folder
from desktop.theme import Theme
from desktop.trained_files import TrainedFiles, base_of
from desktop.widgets.addon_list import AddonEntry
from desktop.widgets.buttons import icon_button, text_button
from desktop.widgets.gallery_viewer import GalleryViewer
from desktop.widgets.image_grid import GridItem, ImageGrid
from desktop.widgets.labels import Page, scrolling
from desktop.widgets.message_strip import MessageStrip
from desktop.widgets.reading_order import set_reading_order
from desktop.widgets.wish_form import WishForm, without_tags
from engine.config import STARTER
from engine.drop_errors import MADE_PICTURES
from engine.errors import UserError
from engine.events import (
    Event,
    ImageGenerated,
    Noticed,
    RunCrashed,
    RunFailed,
    RunFinished,
    Stage,
    StageProgress,
    Terminal,
)
from engine.gallery_records import Made, not_set
from engine.regular_files import is_file


class GalleryPanel(TakesDrops, Page):
    """Asks for pictures by `generate_requested` and shows those that come."""

    generate_requested = Signal(object)  # a wish, see EngineThread.generate
    stop_requested = Signal()  # what is being drawn is not wanted any more
    install_requested = Signal(str)  # path of a trained file

    def __init__(self, draft: Draft, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Gallery"), parent)
        self._draft, self._theme = draft, theme
        self._befores: dict[int, str] = {}  # seed -> picture of the base model alone
        self._pairs: dict[str, str] = {}  # picture -> the base model's, of the same wish
        self._wanted = ""  # file that was asked for before it was listed
        self._asked_early = False  # Generate was pressed while the files were being read
        self.pictures = GallerySet(self)
        self.setAcceptDrops(True)
        self.form = WishForm(theme)
        self.prompt, self.generate = self.form.prompt, self.form.generate
        self.seed, self.count = self.form.seed, self.form.count
        self.install = text_button(theme, "install", self.tr("Install…"))
        self.grid_button = text_button(theme, "grid", self.tr("Grid…"))
        self.search = QLineEdit()
        self.viewer = GalleryViewer(theme)
        self.view = self.viewer.view
        self.grid = ImageGrid(theme, self.tr("Generated images"), many=True)
        self.strip = MessageStrip(theme)
        self._undo = QPushButton(self.tr("Take them back"))
        self._progress = QProgressBar()
        self.stop = icon_button(theme, "stop", self.tr("Stop drawing"))
        self._is_new = True  # no file was ticked for this project yet
        self._files = TrainedFiles(self)
        self._connect()
        self._lay_out()
        self.reload()

    # ---- what there is -------------------------------------------------------------------

    @Slot()
    def reload(self) -> None:
        """Read what the project holds: trained files and earlier images."""
        self.pictures.open(self._draft.project.generated)
        base = self._draft.get("base_model", STARTER)
        self._files.read(self._draft.project.list_runs(), base)
        if not self.prompt.toPlainText():
            self._suggest()

    def select(self, path: str) -> None:
        """Draw with this file, the one that has just been made, say."""
        self._wanted = path
        self.form.addons.select(path)

    def close_threads(self) -> None:
        self.pictures.close()
        self._files.wait()

    @Slot(object)
    def _show_addons(self, entries: list[AddonEntry]) -> None:
        self.form.addons.show_entries(entries)
        set_reading_order(self)
        known = {entry.path for entry in entries}
        if self._wanted in known:
            self.form.addons.select(self._wanted)
        elif self._is_new and not self.form.addons.chosen and entries and entries[0].fits:
            self.form.addons.select(entries[0].path)
        self._is_new = self._is_new and not entries  # whoever unticks all means it
        if not self._files.is_busy:
            self._wanted = ""
        self._show_installable()
        if self._asked_early and not self._files.is_busy:
            self._asked_early = False
            self.ask()

    # ---- asking ---------------------------------------------------------------------------

    @Slot()
    def ask(self) -> None:
        """Ask for the pictures, first of the base model where a comparison is wished for."""
        if self._files.is_busy:  # or a file that is about to be ticked would be missing in them
            self._asked_early = True
            self.generate.setEnabled(False)
            return
        self.form.take_tags()
        chosen = self.form.addons.chosen
        base = next((e.base_model for e, _ in chosen if e.base_model), "")
        base = base or self._draft.get("base_model", STARTER)
        whole = next((entry.path for entry, _ in chosen if entry.kind == "model"), "")
        wish = {
            **self.form.wish(),
            "base_model": whole or base,  # a whole model takes the base model's place
            "addons": self.form.addons.wished,
            "folder": str(self._draft.project.generated),
            "is_base": False,
        }
        self.prompt.remember(wish["prompt"])
        self._befores.clear()
        self.strip.hide()
        self._show_drawing()
        if chosen and self.form.compare.isChecked():
            hidden = str(self._draft.project.generated / "base")
            plain = {**without_tags(wish), "base_model": base, "addons": []}
            plain |= {"folder": hidden, "is_base": True}
            self.generate_requested.emit(plain)
        self.generate_requested.emit(wish)

    @Slot()
    def open_grid(self) -> None:
        """Which strength and which step is best?"""
        dialog = GridDialog(self._draft.project.list_runs(), self._theme, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.wanted.connect(self.ask_for_grid)
        dialog.open()

    @Slot(object)
    def ask_for_grid(self, asked: dict) -> None:
        """The prompt and the seed of the page, at each strength and step of a run."""
        base = base_of(Path(asked["run"]) / "config.json") or STARTER
        folder = str(self._draft.project.generated)
        wish = {**without_tags(self.form.wish()), "base_model": base, "folder": folder}
        self._show_drawing()
        self.generate_requested.emit({**wish, "is_base": False, "grid": asked})

    def _show_drawing(self) -> None:
        self._progress.setRange(0, 0)
        self._progress.show()
        self.stop.show()
        self.stop.setEnabled(True)
        self.generate.setEnabled(False)

    @Slot()
    def _stop(self) -> None:
        self.stop.setEnabled(False)
        self.stop_requested.emit()

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
                self.pictures.add(Path(event.path))
            case RunFinished(exports=(grid,)) if "_grid" in Path(grid).stem:
                self.pictures.add(Path(grid))
            case RunFailed(error=said) | Noticed(notice=said):
                self.strip.show_message(said, "error" if isinstance(event, RunFailed) else "info")
            case RunCrashed():
                self.strip.show_text(
                    self.tr("Imprint crashed while drawing."),
                    event.traceback.strip().splitlines()[-1],
                    "error",
                )
        if isinstance(event, Terminal):
            self._progress.hide()
            self.stop.hide()
            self.generate.setEnabled(True)

    @Slot()
    def _show_added(self) -> None:
        self.grid.choose(0)

    # ---- the pictures -----------------------------------------------------------------------

    @property
    def chosen(self) -> Made | None:
        return next(iter(self.pictures.at([self.grid.currentIndex().row()])), None)

    @Slot()
    def _show_pictures(self) -> None:
        place = max(0, self.grid.currentIndex().row())
        self.grid.grid_model.show(len(self.pictures.visible), self._grid_item)
        if self.pictures.visible:
            self.grid.choose(min(place, len(self.pictures.visible) - 1))
        else:
            self._show_chosen()
        count = len(self.pictures.visible)
        empty = self.tr("No images yet. Type a prompt and press Generate.")
        self.state.setText(self.tr("%n image(s)", "", count) if count else empty)

    def _grid_item(self, place: int) -> GridItem:
        made = self.pictures.items[self.pictures.visible[place]]
        starred = self.pictures.is_starred(made)
        words = [made.prompt or made.path.name, self.tr("starred") if starred else ""]
        spoken = ", ".join(word for word in words if word)
        return GridItem(str(made.path), made.path.stem, spoken, starred=starred)

    @Slot()
    def _show_chosen(self) -> None:
        made = self.chosen
        before = self._pairs.get(str(made.path), "") if made is not None else ""
        self.viewer.show_made(made, before)
        if made is not None and not before:
            self.pictures.find_pair(made)

    @Slot(object, str)
    def _show_pair(self, made: Made, before: str) -> None:
        if before and made == self.chosen:
            self.viewer.show_made(made, before)

    @Slot(str)
    def _on_key(self, key: str) -> None:
        {"delete": self._throw_away, "s": self._toggle_star}.get(key, lambda: None)()

    @Slot()
    def _toggle_star(self) -> None:
        if self.chosen is not None:
            self.pictures.star(self.chosen)

    @Slot()
    def _throw_away(self) -> None:
        gone = self.pictures.at(self.grid.selected) or ([self.chosen] if self.chosen else [])
        if gone:
            self.pictures.throw_away(gone)

    @Slot(int)
    def _show_bin(self, count: int) -> None:
        self._undo.setVisible(count > 0)
        self.strip.show_while(self.tr("%n image(s) to the bin.", "", count) if count else "")

    @Slot(str)
    def _use_text(self, what: str) -> None:
        """What a picture's text says goes into the form, as far as was asked for."""
        if self.chosen is not None:
            uses = {"prompt": self.form.use_prompt, "seed": self.form.use_seed}
            uses.get(what, self.take)(self.chosen)

    @Slot(object)
    def take(self, made: Made) -> None:
        """All that a picture's text says goes into the form; what cannot be set is named."""
        if not made.has_text:
            text = self.tr("{0} says nothing about how it was made.")
            self.strip.show_text(text.format(made.path.name), "", "warn")
            return
        left = self.form.use_all(made)
        left += not_set(made, self._draft.get("base_model", STARTER))
        text = self.tr("Taken from {0}.").format(made.path.name)
        text += " " + self.tr("Not set: {0}.").format(", ".join(left)) if left else ""
        self.strip.show_text(text, "", "warn" if left else "ok")

    wanted = MADE_PICTURES

    def can_take(self, found: Dropped) -> bool:
        return any(path.suffix.lower() == ".png" for path in found.files)

    def take_dropped(self, found: Dropped) -> None:
        """Any PNG of a front end is read back."""
        for path in found.files:
            if (gone := what_is_gone([path])) is not None:
                self.refuse_dropped(gone)
            else:
                self.pictures.describe(path)

    @Slot()
    def _ask_to_install(self) -> None:
        if self.form.addons.chosen:
            self.install_requested.emit(self.form.addons.chosen[0][0].path)

    @Slot()
    def _show_installable(self) -> None:
        chosen = self.form.addons.chosen
        self.install.setEnabled(len(chosen) == 1 and is_file(Path(chosen[0][0].path)))

    @Slot()
    def _suggest(self) -> None:
        words = [self._draft.get(f"dataset.{key}", "") for key in ("trigger", "class_word")]
        prompts = self._draft.get("sampling.prompts", ())
        subject = " ".join(word for word in words if word)
        template = self._draft.get("dataset.template", "a photo of {subject}")
        text = prompts[0] if prompts else template.replace("{subject}", subject)
        self.prompt.setPlainText(text.strip())

    @Slot(str)
    def _on_draft_changed(self, key: str) -> None:
        if not key:
            self.prompt.clear()
            self._is_new = True
            self.reload()

    @Slot()
    def _open_folder(self) -> None:
        if (problem := open_own_folder(self._draft.project.generated)) is not None:
            self._show_problem(problem)

    @Slot(object)
    def _show_problem(self, error: UserError) -> None:
        self.strip.show_message(error, "error")

    def _connect(self) -> None:
        self.form.wanted.connect(self.ask)
        self.stop.clicked.connect(self._stop)
        self.form.addons.changed.connect(self._show_installable)
        self._files.listed.connect(self._show_addons)
        self.install.clicked.connect(self._ask_to_install)
        self.grid_button.clicked.connect(self.open_grid)
        self.search.textChanged.connect(self.pictures.search)
        self.pictures.reset.connect(self._show_pictures)
        self.pictures.added.connect(self._show_added)
        self.pictures.described.connect(self.take)
        self.pictures.paired.connect(self._show_pair)
        self.pictures.failed.connect(self._show_problem)
        self.pictures.bin_changed.connect(self._show_bin)
        self._undo.clicked.connect(self.pictures.undo)
        self.grid.chosen.connect(self._show_chosen)
        self.grid.key_pressed.connect(self._on_key)
        self.viewer.star_wanted.connect(self._toggle_star)
        self.viewer.delete_wanted.connect(self._throw_away)
        self.viewer.folder_wanted.connect(self._open_folder)
        self.viewer.use_wanted.connect(self._use_text)
        self._draft.changed.connect(self._on_draft_changed)

    def _lay_out(self) -> None:
        self.buttons.addWidget(self.grid_button)
        self.buttons.addWidget(self.install)
        self.install.setEnabled(False)
        self._undo.hide()
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName(self.tr("Progress of the images"))
        self._progress.hide()
        self.stop.hide()
        going = QHBoxLayout()
        going.addWidget(self._progress, 1)
        going.addWidget(self.stop)
        self.search.setPlaceholderText(self.tr("Search: words, seed:42, lora:my-cat, star"))
        self.search.setAccessibleName(self.tr("Search the images"))
        right = QVBoxLayout()
        right.setSpacing(12)
        right.addWidget(self.viewer, 3)
        right.addLayout(going)
        right.addWidget(self.search)
        right.addWidget(self.grid, 2)
        row = QHBoxLayout()
        row.setSpacing(16)
        form = scrolling(self.form)
        form.setFixedWidth(self._theme.scaled(360))
        row.addWidget(form)
        row.addLayout(right, 1)
        above = QHBoxLayout()
        above.addWidget(self.strip, 1)
        above.addWidget(self._undo)
        self.content.addLayout(above)
        self.content.addLayout(row, 1)
