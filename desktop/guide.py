"""Opens the guided first training, and makes a project out of its answers."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop.engine_thread import EngineThread, JobHandle
from desktop.jobs import Jobs
from desktop.preferences import Preferences
from desktop.project_desk import ProjectDesk
from desktop.theme import Theme
from desktop.wizard.wizard import FirstTraining
from desktop.wizard.wizard_state import Answers, Captions, set_captions_aside
from engine.config_file import check, merge
from engine.errors import UserError
from engine.project import Project, default_home
from engine.regular_files import is_file, is_there


class Guide(QObject):
    """One wizard at a time."""

    start_wanted = Signal()
    page_wanted = Signal(str)
    captions_wanted = Signal()  # by a model
    failed = Signal(object)  # UserError

    def __init__(
        self,
        theme: Theme,
        preferences: Preferences,
        projects: ProjectDesk,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._preferences, self._projects = theme, preferences, projects
        self._engine: EngineThread | None = None
        self._jobs: Jobs | None = None
        self._dry_run: JobHandle | None = None
        self.wizard: FirstTraining | None = None

    def measure_with(self, engine: EngineThread, jobs: Jobs) -> None:
        """Who takes the few real steps on the last page."""
        self._engine, self._jobs = engine, jobs

    def open(self, window: QWidget, *, can_measure: bool) -> None:
        """`can_measure`: the engine is warm, so a few real steps can be taken at the end."""
        wizard = FirstTraining(
            self._theme,
            default_home(),
            keeps_awake=self._preferences.keep_awake,
            has_caption_model=is_file(Path(self._preferences.caption_model, "config.json")),
            parent=window,
        )
        wizard.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if can_measure:
            wizard.ready.check_wanted.connect(self._measure)
        wizard.ready.cancel_wanted.connect(self._cancel)
        wizard.ready.awake.toggled.connect(self._keep_awake)
        wizard.finished_with.connect(self._start)
        wizard.left_with.connect(self._keep)
        wizard.gathered_in.connect(self._note_place)
        wizard.finished.connect(self._forget)
        self.wizard = wizard
        wizard.open()

    def close(self) -> None:
        """Before its window goes."""
        if self.wizard is not None:
            self.wizard.leave()

    @Slot(object)
    def _start(self, answers: Answers) -> None:
        self._keep(answers)
        if answers.captions in (Captions.LATER, Captions.MODEL):
            self.page_wanted.emit("images")
            if answers.captions is Captions.MODEL:
                self.captions_wanted.emit()
        else:
            self.start_wanted.emit()

    @Slot(object)
    def _keep(self, answers: Answers) -> None:
        """A project out of what was answered."""
        self._projects.start_new(answers.project_name, answers.as_draft())
        draft = self._projects.draft
        if answers.captions is Captions.SAME:
            own = draft.project.captions
            try:
                if set_captions_aside(answers.pictures, own):
                    draft.set("dataset.captions_folder", str(own))
            except UserError as error:
                self.failed.emit(error)

    @Slot(object)
    def _measure(self, data: dict) -> None:
        config, _ = check(merge(data, {"runs_folder": str(default_home())}))
        if config is not None and self.wizard is not None and self._engine and self._jobs:
            self.wizard.ready.check.begin()
            show = self.wizard.ready.check.show_event
            self._dry_run = self._jobs.watch(self._engine.dry_run(config), show)

    @Slot()
    def _cancel(self) -> None:
        if self._dry_run is not None:
            self._dry_run.control.stop()

    @Slot(str)
    def _note_place(self, folder: str) -> None:
        """A kill would leave copies that belong to nothing; see desktop.first_project. Where the
        guide has ended and its project could not be saved, the place stays noted."""
        before = self._preferences.gathered
        left = Project(Path(before)) if before and not folder else None
        if left is None or is_there(left.file) or not left.is_taken():
            self._preferences.gathered = folder

    @Slot(bool)
    def _keep_awake(self, awake: bool) -> None:
        self._preferences.keep_awake = awake

    @Slot()
    def _forget(self) -> None:
        """It is gone; events of a measurement that still come find nobody."""
        self._cancel()
        if self._dry_run is not None and self._jobs is not None:
            self._jobs.forget(self._dry_run)
        self.wizard = self._dry_run = None
