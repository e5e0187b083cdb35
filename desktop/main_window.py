"""The window: rail, pages, footer, and the one place where signals are connected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication
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

from desktop.attendant import Attendant
from desktop.caption_desk import CaptionDesk
from desktop.card_desk import CardDesk
from desktop.check_desk import CheckDesk
from desktop.choosing import choose_folder
from desktop.dialogs.install_dialog import InstallDialog, preview_of
from desktop.doctor_desk import DoctorDesk
from desktop.download_desk import DownloadDesk
from desktop.drawing_desk import DrawingDesk
from desktop.engine_thread import EngineThread
from desktop.first_paint import FirstPaint
from desktop.guide import Guide
from desktop.jobs import Jobs
from desktop.last_session import RunningMark
from desktop.leaving import Leaving
from desktop.panels.dataset_panel import DatasetPanel
from desktop.panels.gallery_panel import GalleryPanel
from desktop.panels.home_panel import HomePanel
from desktop.panels.method_panel import MethodPanel
from desktop.panels.models_panel import ModelsPanel
from desktop.panels.monitor_panel import MonitorPanel
from desktop.past_run import PastRun
from desktop.preferences import Preferences
from desktop.presence import Presence
from desktop.project_desk import ProjectDesk
from desktop.queue_desk import QueueDesk
from desktop.remedies import Remedies
from desktop.run_desk import RunDesk
from desktop.theme import Theme
from desktop.warm_up import WarmUp
from desktop.widgets.labels import label
from desktop.widgets.message_strip import MessageStrip
from desktop.widgets.rail import PAGES, Rail
from desktop.window_menu import WindowMenu
from desktop.words import problem_words, summary_of
from engine.config import RunConfig
from engine.errors import UserError
from engine.events import Event, RunFinished
from engine.project import Project

FRAME = 40  # pixels that a window's title bar and edges take of a small screen


class MainWindow(QMainWindow):
    """`project`: the one to open; else the last one, or the sample."""

    warmed_up = Signal()
    renewal_wanted = Signal()  # another language or size: a new window has to come

    def __init__(self, project: Project | None = None) -> None:
        super().__init__()
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self.first_paint = FirstPaint(self)
        self.preferences = chosen = Preferences()
        self.theme = Theme(application, self, look=chosen.look, text_percent=chosen.text_percent)
        self.projects = ProjectDesk(chosen, project, self)
        self.draft = self.projects.draft
        self.engine = EngineThread(self)
        self.jobs = Jobs(self.engine, self)
        self.warmth = WarmUp(self.engine, self.jobs, self)
        self.runs = RunDesk(self.engine, self.jobs, self)
        self.running = RunningMark(self.runs, self.draft, self.preferences, self)
        self.fetching = DownloadDesk(self)
        self.attendant = Attendant(self, self.preferences, self.theme)
        self.menu = WindowMenu(self, self.theme, self.preferences, self.runs)
        self.guide = Guide(self.theme, self.preferences, self.projects, self)
        self.guide.measure_with(self.engine, self.jobs)
        # However the program ends: a thread must be gone before its object is.
        application.aboutToQuit.connect(self.engine.stop_and_wait)
        self.rail = Rail(self.theme, self)
        self.pages: dict[str, QWidget] = {}
        self._make_pages()
        self.checks = CheckDesk(self.engine, self.jobs, self.runs, self.method, self)
        self.captions = CaptionDesk(self.engine, self.jobs, self.images, chosen, self.theme)
        self.past = PastRun(self.projects, self.runs, self.monitor)
        self.drawing = DrawingDesk(self.engine, self.jobs, self.gallery)
        self.doctor = DoctorDesk(self.engine, self.jobs, self.home, self.theme)
        self.cards = CardDesk(self.home, self.theme, self.preferences, self.warmth)
        self.queue = QueueDesk(self.runs, self.projects, self.monitor, self)
        self.presence = Presence(self.projects, self)
        self.leaving = Leaving(self)
        self._lay_out()
        self.theme.apply()
        self.remedies = Remedies(self, self.draft, self.runs)
        self._connect()
        self._refresh_home()
        self.past.show()
        self.show_page("home")

    def showEvent(self, event) -> None:  # noqa: N802, ANN001 (Qt's name)
        super().showEvent(event)
        if not self.engine.isRunning() and not self.leaving.has_begun:
            self.engine.start()
            # After the first paint: the imports hold the interpreter for a moment.
            self.first_paint.done.connect(self._begin_warm_up)

    @Slot()
    def _begin_warm_up(self) -> None:
        self.warmth.begin()
        self.images.go_on_copying()

    @Slot(str)
    def show_page(self, name: str) -> None:
        self.stack.setCurrentWidget(self.pages[name])
        self.rail.show_page(name)
        self.setProperty("page", name)
        if name == "gallery":
            self.gallery.reload()

    @Slot()
    def start_training(self) -> None:
        """Check, then hand the run to the engine; what was measured not to fit is told first."""
        refusal = self.checks.refusal()
        if refusal is not None and not self.runs.is_busy:
            self.monitor.strip.show_message(refusal, "error")
            self.show_page("training")
        else:
            self._start_anyway()

    @Slot()
    def _start_anyway(self) -> None:
        if not self.runs.is_busy:
            self._with_settings(self.monitor.strip, self._start)
            self.show_page("training")

    def _start(self, config: RunConfig) -> None:
        if not self.runs.is_busy:
            self.draft.save()
            self.projects.remember()
            self.runs.start(config)

    @Slot()
    def _add_to_queue(self) -> None:
        """The settings as they stand now."""
        self._with_settings(self.monitor.strip, self._wait_in_line)

    def _wait_in_line(self, config: RunConfig) -> None:
        self.draft.save()
        self.queue.add(config)

    @Slot()
    def _continue_run(self) -> None:
        folder = self.draft.project.unfinished_run()
        if folder is not None and not self.runs.is_busy:
            self.runs.resume(folder.path)

    @Slot(str)
    def _take_export(self, path: str) -> None:
        self.gallery.reload()
        self.gallery.select(path)

    @Slot(object)
    def _on_run_ended(self, event: Event) -> None:
        self.attendant.notify(*self.monitor.in_short())
        self._refresh_home()
        self.rail.show_state("training", "")
        self.gallery.reload()
        if isinstance(event, RunFinished) and event.exports:
            self.gallery.select(event.exports[0])

    @Slot()
    def _check_run(self) -> None:
        """Measure what the run will need."""
        self._with_settings(self.method.strip, self.checks.measure)

    def _with_settings(self, strip: MessageStrip, use: Callable[[RunConfig], object]) -> None:
        """Once the files are as they are shown, the settings; what is wrong in them is marked."""
        self.images.when_certain(lambda: self._check(strip, use), strip)

    def _check(self, strip: MessageStrip, use: Callable[[RunConfig], object]) -> None:
        config, problems = self.draft.check()
        self.method.show_problems(problems)
        if config is None:
            strip.show_text(problem_words(problems[0], self.draft.method), "", "error")
        else:
            use(config)

    @Slot(bool)
    def _show_warm(self, ready: bool) -> None:
        if ready:
            self.checks.is_warm = True
            self.warmed_up.emit()
            self.checks.ask_what_fits()

    @Slot(str)
    def install_file(self, path: str) -> None:
        """Put a trained file into another program."""
        export = Path(path)
        dialog = InstallDialog(export, self.theme, preview_of(export), parent=self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.train_wanted.connect(self._show_method)
        self.remedies.serve(dialog)
        dialog.open()

    @Slot()
    def _show_method(self) -> None:
        self.show_page("method")

    @Slot(str)
    def _show_setting(self, key: str) -> None:
        """Bring the user to the setting that an error names."""
        if key.startswith("dataset."):
            self.show_page("images")
            return
        self.show_page("method")
        self.method.focus_setting(key)

    @Slot()
    def _open_sample(self) -> None:
        if self._may_change_project():
            self.projects.open_sample()
            self.show_page("images")

    @Slot()
    def _choose_folder(self) -> None:
        """A new project of the user's own pictures."""
        if not self._may_change_project():
            return
        if folder := choose_folder(self, self.tr("Folder of pictures"), "pictures"):
            self.open_pictures(folder)

    @Slot(str)
    def open_project(self, folder: str) -> None:
        if not self._may_change_project():
            return
        try:
            self.projects.open_file(Path(folder))
            self.show_page("images")
        except UserError as error:
            self.home.strip.show_message(error, "error")
            self.show_page("home")

    @Slot()
    def open_wizard(self) -> None:
        """The guided first training."""
        if self._may_change_project():
            self.guide.open(self, can_measure=self.checks.is_warm)

    def open_pictures(self, folder: Path) -> None:
        """Make a project for a folder of pictures and open it."""
        self.projects.open_pictures(folder)
        self.show_page("images")

    @Slot(object)
    def _show_failed_save(self, error: UserError) -> None:
        self._footer.setText(summary_of(error))

    def _may_change_project(self) -> bool:
        if not self.runs.is_busy:
            return True
        QMessageBox.information(
            self, self.tr("Training is running"), self.tr("Stop the training first.")
        )
        return False

    @Slot()
    def _refresh_home(self) -> None:
        project = self.draft.project
        self.home.show_recent([known for known in self.projects.recent() if known != project][:4])
        self.home.show_project(project, len(project.list_runs()), self.projects.is_sample)
        self.monitor.show_runs(project)
        self.monitor.show_continue(project.unfinished_run() is not None)

    @property
    def page(self) -> str:
        """Name of the page that is shown."""
        return next(n for n, page in self.pages.items() if page is self.stack.currentWidget())

    @Slot(bool)
    def _remember_advanced(self, advanced: bool) -> None:
        self.preferences.advanced = advanced

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        self.leaving.answer(event)

    def _make_pages(self) -> None:
        self.home = HomePanel(self.theme)
        self.images = DatasetPanel(self.draft, self.theme)
        self.method = MethodPanel(self.draft, self.theme, self.preferences.advanced)
        self.monitor = MonitorPanel(self.theme)
        self.gallery = GalleryPanel(self.draft, self.theme)
        self.models = ModelsPanel(self.draft, self.theme, self.preferences, self.fetching)
        panels = (self.home, self.images, self.method, self.monitor, self.gallery, self.models)
        self.pages = dict(zip(PAGES, panels, strict=True))
        self.projects.opened.connect(self.images.go_on_copying)

    def _connect(self) -> None:
        self.runs.serve(self.monitor)  # first: who hears of a run later may speak in its strip
        self.attendant.serve(self.monitor, self.runs)
        self.projects.opened.connect(self._refresh_home)
        for part in (self.projects, self.draft, self.presence):
            part.noticed.connect(self.images.show_notice)
        self.remedies.cooling_wanted.connect(self.attendant.card.cool)
        self.runs.ended.connect(self._on_run_ended)
        self.method.check.wanted.connect(self._check_run)
        self.home.page_requested.connect(self.show_page)
        self.home.sample_requested.connect(self._open_sample)
        self.home.folder_requested.connect(self._choose_folder)
        self.home.wizard_requested.connect(self.open_wizard)
        self.guide.start_wanted.connect(self.start_training)
        self.guide.page_wanted.connect(self.show_page)
        self.captions.opened.connect(self.remedies.serve)
        self.guide.captions_wanted.connect(self.captions.open_and_begin)
        self.guide.failed.connect(self._show_failed_save)
        self.home.project_requested.connect(self.open_project)
        self.draft.failed.connect(self._show_failed_save)
        self.monitor.continue_requested.connect(self._continue_run)
        self.images.pictures_changed.connect(self.rail.show_num_pictures)
        self.images.pictures_changed.connect(self.monitor.show_num_pictures)
        self.method.advanced_changed.connect(self._remember_advanced)
        self.monitor.start_requested.connect(self.start_training)
        self.remedies.setting_wanted.connect(self._show_setting)
        self.remedies.page_wanted.connect(self.show_page)
        self.remedies.model_wanted.connect(self.method.use_model)
        self.remedies.check_wanted.connect(self._check_run)
        self.remedies.start_wanted.connect(self._start_anyway)
        self.remedies.continue_wanted.connect(self._continue_run)
        self.remedies.help_wanted.connect(self.menu.open_help_about)
        self.monitor.progressed.connect(self.rail.show_percent)
        self.monitor.gallery_requested.connect(self._show_gallery)
        self.monitor.install_requested.connect(self.install_file)
        self.runs.exported.connect(self._take_export)
        self.queue.page_wanted.connect(self.show_page)
        self.warmth.told.connect(self._footer.setText)
        self.leaving.told.connect(self._footer.setText)
        self.warmth.found.connect(self.home.show_engine)
        self.warmth.ended.connect(self._show_warm)
        self.monitor.queue.add_wanted.connect(self._add_to_queue)
        self.models.model_chosen.connect(self.method.use_model)
        self.gallery.install_requested.connect(self.install_file)
        self.rail.page_requested.connect(self.show_page)
        self.rail.theme_toggled.connect(self.menu.toggle_theme)
        self.rail.language_chosen.connect(self.menu.choose_language)
        self.rail.settings_requested.connect(self.menu.open_settings)
        self.rail.help_requested.connect(self.menu.open_help)
        self.menu.wizard_wanted.connect(self.open_wizard)
        self.menu.renewal_wanted.connect(self.renewal_wanted)
        self.menu.said.connect(self._footer.setText)

    @Slot()
    def _show_gallery(self) -> None:
        self.show_page("gallery")

    def _lay_out(self) -> None:
        self.setWindowTitle("Imprint")
        self.setMinimumSize(1024, 680)
        # Not `self.screen()`: PySide 6.11 takes that screen for a part of the window, and deletes
        # it with the window.
        room = QGuiApplication.primaryScreen().availableSize() - QSize(0, FRAME)
        self.resize(QSize(1280, 800).boundedTo(room))
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
