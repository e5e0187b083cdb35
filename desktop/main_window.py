"""The window: rail, pages, footer, and the one place where signals are connected."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.draft import Draft
from desktop.engine_thread import EngineThread, JobHandle
from desktop.language import LANGUAGES, can_be_drawn
from desktop.panels.dataset_panel import DatasetPanel
from desktop.panels.gallery_panel import GalleryPanel
from desktop.panels.home_panel import HomePanel
from desktop.panels.method_panel import MethodPanel
from desktop.panels.monitor_panel import MonitorPanel
from desktop.preferences import Preferences
from desktop.theme import Theme
from desktop.widgets.labels import label
from desktop.widgets.rail import PAGES, Rail
from desktop.words import said, summary_of
from engine.config import DEFAULT_METHOD, STARTER
from engine.config_file import merge
from engine.errors import UserError
from engine.events import Event, RunFinished, Stage, StageProgress, Terminal
from engine.methods.catalog import METHODS
from engine.presets import starting_point
from engine.project import Project, default_home
from engine.sample_project import sample_data

SAMPLE_NAME = "sample-cat"


class MainWindow(QMainWindow):
    """Needs no arguments: it opens the last project, or else the sample."""

    warmed_up = Signal()

    def __init__(self, project_folder: Path | None = None) -> None:
        super().__init__()
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self.preferences = Preferences()
        self.theme = Theme(application, dark=self.preferences.dark)
        self.draft = self._open_draft(project_folder)
        self.engine = EngineThread(self)
        # However the program ends: a thread must be gone before its object is.
        application.aboutToQuit.connect(self.engine.stop_and_wait)
        self._run: JobHandle | None = None
        self._warm_up: JobHandle | None = None
        self._generations: dict[int, bool] = {}  # job number -> is it of the base model
        self.rail = Rail(self.theme, self)
        self.pages: dict[str, QWidget] = {}
        self._make_pages()
        self._lay_out()
        self._connect()
        self._refresh_home()
        self.show_page("home")

    def showEvent(self, event) -> None:  # noqa: N802, ANN001 (Qt's name)
        super().showEvent(event)
        if not self.engine.isRunning():
            self.engine.start()
            # After the first paint: the imports hold the interpreter for a moment.
            QTimer.singleShot(300, self._begin_warm_up)

    @Slot()
    def _begin_warm_up(self) -> None:
        if self._warm_up is None:
            self._warm_up = self.engine.warm_up()

    @Slot(str)
    def show_page(self, name: str) -> None:
        self.stack.setCurrentWidget(self.pages[name])
        self.rail.show_page(name)
        if name == "gallery":
            self.gallery.reload()

    @Slot()
    def start_training(self) -> None:
        """Check, then hand the run to the engine; what is wrong is shown where it is set."""
        if self.monitor.run_state.is_running:
            return
        self.images.keep_caption()
        config, problems = self.draft.check()
        self.method.show_problems(problems)
        if config is None:
            self.monitor.strip.show_text(str(said(problems[0].sentence)), "", "error")
            self.show_page("training")
            return
        self.images.flush()
        self.draft.flush()
        self.preferences.last_project = str(self.draft.project.folder)
        self.monitor.begin(f"{config.name} · {METHODS[config.method.kind].title}")
        self._run = self.engine.train(config)
        self.show_page("training")

    @Slot()
    def _continue_run(self) -> None:
        """Go on with the last run from its newest checkpoint, with the settings it began with."""
        folder = self.draft.project.unfinished_run()
        if folder is None or self.monitor.run_state.is_running:
            return
        self.monitor.begin(folder.path.name)
        self._run = self.engine.resume_run(folder.path)

    @Slot(object, object)
    def _on_engine_event(self, handle: JobHandle, event: Event) -> None:
        if self._run is not None and handle.number == self._run.number:
            self.monitor.show_event(event)
            if isinstance(event, Terminal):
                self._run = None
                self._refresh_home()
                self.rail.show_state("training", "")
                self.gallery.reload()
                if isinstance(event, RunFinished) and event.exports:
                    self.gallery.select(event.exports[0])
        elif handle.number in self._generations:
            self.gallery.show_event(event, self._generations[handle.number])
            if isinstance(event, Terminal):
                del self._generations[handle.number]
        elif self._warm_up is not None and handle.number == self._warm_up.number:
            self._show_warm_up(event)

    def _show_warm_up(self, event: Event) -> None:
        if isinstance(event, StageProgress) and event.stage is Stage.WARM_UP and not event.done:
            self._footer.setText(self.tr("Warming up…"))
        elif isinstance(event, RunFinished):
            self._footer.setText(self.tr("Ready"))
            self.home.show_engine(self.tr("The engine is ready."), ready=True)
            self.warmed_up.emit()
        elif isinstance(event, Terminal):
            self._footer.setText(self.tr("The engine could not start"))
            self.home.show_engine(
                self.tr("The engine could not start. Run “imprint doctor” to see why."), ready=False
            )

    @Slot(object)
    def _generate(self, wish: dict) -> None:
        handle = self.engine.generate(wish)
        self._generations[handle.number] = bool(wish["is_base"])

    @Slot()
    def _stop(self) -> None:
        if self._run is not None:
            self._run.control.stop()
            self.monitor.show_stopping()

    @Slot()
    def _pause(self) -> None:
        if self._run is not None:
            self._run.control.pause()

    @Slot()
    def _resume(self) -> None:
        if self._run is not None:
            self._run.control.resume()

    @Slot()
    def _save_now(self) -> None:
        if self._run is not None:
            self._run.control.save_now()

    @Slot()
    def _sample_now(self) -> None:
        if self._run is not None:
            self._run.control.sample_now()

    @Slot(str)
    def _show_setting(self, key: str) -> None:
        """Bring the user to the setting that an error names."""
        if key.startswith("dataset."):
            self.show_page("images")
            return
        self.show_page("method")
        self.method.focus_setting(key)

    @Slot(int)
    def _show_percent(self, percent: int) -> None:
        self.rail.show_state("training", f"{percent} %")

    @Slot(int)
    def _show_num_pictures(self, count: int) -> None:
        self.rail.show_state("images", str(count) if count else "")

    @Slot()
    def _open_sample(self) -> None:
        if self._may_change_project():
            self._open(Project(default_home() / SAMPLE_NAME))
            self.show_page("images")

    @Slot()
    def _choose_folder(self) -> None:
        """A new project of the user's own pictures."""
        if not self._may_change_project():
            return
        from PySide6.QtWidgets import QFileDialog

        name = QFileDialog.getExistingDirectory(self, self.tr("Folder of pictures"))
        if name:
            self.open_pictures(Path(name))

    def open_pictures(self, folder: Path) -> None:
        """Make a project for a folder of pictures and open it."""
        project = self._project_for(folder)
        data = project.load_draft() or merge(
            starting_point(DEFAULT_METHOD, STARTER, 8),
            {
                "name": folder.name[:80] or "pictures",
                "base_model": STARTER,
                "runs_folder": str(project.runs),
                "dataset": {"folder": str(folder), "trigger": "sks"},
            },
        )
        self.draft.replace(project, merge(data, {"dataset": {"folder": str(folder)}}))
        self._save_new_project()
        self.show_page("images")

    def _project_for(self, folder: Path) -> Project:
        """The project of this folder of pictures; another folder of the same name counts up."""
        number = 0
        while True:
            number += 1
            name = folder.name if number == 1 else f"{folder.name}-{number}"
            project = Project(default_home() / (name or "pictures"))
            known = project.load_draft().get("dataset", {}).get("folder")
            if name != SAMPLE_NAME and known in (None, str(folder), str(project.images)):
                return project

    def _open(self, project: Project) -> None:
        self.draft.replace(project, project.load_draft() or sample_data(project.runs))
        self._save_new_project()

    def _save_new_project(self) -> None:
        self.draft.save()
        self.preferences.last_project = str(self.draft.project.folder)
        self._refresh_home()

    @Slot(object)
    def _show_failed_save(self, error: UserError) -> None:
        self._footer.setText(summary_of(error))

    def _may_change_project(self) -> bool:
        if not self.monitor.run_state.is_running:
            return True
        QMessageBox.information(
            self, self.tr("Training is running"), self.tr("Stop the training first.")
        )
        return False

    def _open_draft(self, folder: Path | None) -> Draft:
        project = Project((folder or Path(self.preferences.last_project or "/")).resolve())
        if not project.file.is_file():
            project = Project(default_home() / SAMPLE_NAME)
        return Draft(project, project.load_draft() or sample_data(project.runs), self)

    def _refresh_home(self) -> None:
        project = self.draft.project
        is_sample = project.folder.name == SAMPLE_NAME
        self.home.show_project(project, len(project.list_runs()), is_sample)
        self.monitor.show_continue(project.unfinished_run() is not None)

    @Slot()
    def _toggle_theme(self) -> None:
        self.theme.set_dark(not self.theme.is_dark)
        self.preferences.dark = self.theme.is_dark

    @Slot(str)
    def _choose_language(self, code: str) -> None:
        """Kept for the next start; said in the language that was chosen."""
        if can_be_drawn(code):
            self.preferences.language = code
            self._footer.setText(LANGUAGES[code].chosen)
        else:
            self._footer.setText(
                self.tr("Chinese needs a font: install one, such as fonts-noto-cjk.")
            )

    @Slot(bool)
    def _remember_advanced(self, advanced: bool) -> None:
        self.preferences.advanced = advanced

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        if self.monitor.run_state.is_running and not self._confirm_close():
            event.ignore()
            return
        self.images.keep_caption()
        self.draft.flush()
        self.preferences.geometry = self.saveGeometry()
        if not self.engine.stop_and_wait():
            event.ignore()
            return
        self.images.close_threads()
        event.accept()

    def _confirm_close(self) -> bool:
        """True when the training may be stopped, its state saved, and the window closed."""
        box = QMessageBox(self)
        box.setWindowTitle(self.tr("Training is still running"))
        box.setText(self.tr("Training is still running."))
        box.setInformativeText(self.tr("Nothing is lost: it can be continued later."))
        minimise = box.addButton(self.tr("Keep training"), QMessageBox.ButtonRole.RejectRole)
        stop = box.addButton(self.tr("Stop and save, then quit"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(minimise)
        box.exec()
        if box.clickedButton() is minimise:
            self.showMinimized()
        return box.clickedButton() is stop

    def _make_pages(self) -> None:
        self.home = HomePanel(self.theme)
        self.images = DatasetPanel(self.draft, self.theme)
        self.method = MethodPanel(self.draft, self.theme, self.preferences.advanced)
        self.monitor = MonitorPanel(self.theme)
        self.gallery = GalleryPanel(self.draft, self.theme)
        panels = (self.home, self.images, self.method, self.monitor, self.gallery)
        self.pages = dict(zip(PAGES, panels, strict=True))

    def _connect(self) -> None:
        self.engine.engine_event.connect(self._on_engine_event)
        self.home.page_requested.connect(self.show_page)
        self.home.sample_requested.connect(self._open_sample)
        self.home.folder_requested.connect(self._choose_folder)
        self.draft.failed.connect(self._show_failed_save)
        self.monitor.continue_requested.connect(self._continue_run)
        self.images.pictures_changed.connect(self._show_num_pictures)
        self.method.advanced_changed.connect(self._remember_advanced)
        self.monitor.start_requested.connect(self.start_training)
        self.monitor.pause_requested.connect(self._pause)
        self.monitor.resume_requested.connect(self._resume)
        self.monitor.stop_requested.connect(self._stop)
        self.monitor.save_requested.connect(self._save_now)
        self.monitor.sample_requested.connect(self._sample_now)
        self.monitor.setting_requested.connect(self._show_setting)
        self.monitor.progressed.connect(self._show_percent)
        self.monitor.gallery_requested.connect(self._show_gallery)
        self.gallery.generate_requested.connect(self._generate)
        self.rail.page_requested.connect(self.show_page)
        self.rail.theme_toggled.connect(self._toggle_theme)
        self.rail.language_chosen.connect(self._choose_language)

    @Slot()
    def _show_gallery(self) -> None:
        self.show_page("gallery")

    def _lay_out(self) -> None:
        self.setWindowTitle("Imprint")
        self.setMinimumSize(1024, 680)
        self.resize(1280, 800)
        if not self.preferences.geometry.isEmpty():
            self.restoreGeometry(self.preferences.geometry)
        self.stack = QStackedWidget()
        for page in self.pages.values():
            self.stack.addWidget(page)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self.stack, 1)
        right.addWidget(self._make_footer())
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(right, 1)
        self.setCentralWidget(whole)

    def _make_footer(self) -> QFrame:
        footer = QFrame()
        footer.setObjectName("footer")
        footer.setFixedHeight(28)
        row = QHBoxLayout(footer)
        row.setContentsMargins(16, 0, 16, 0)
        self._footer = label(self.tr("Warming up…"), "note")
        row.addWidget(self._footer)
        row.addStretch(1)
        return footer
