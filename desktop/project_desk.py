"""The project that is open: the sample, a folder of pictures, or one of before."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.draft import Draft
from desktop.first_project import SAMPLE_NAME, first_data, first_project, fresh_data
from desktop.preferences import Preferences
from engine.config_file import Data, merge
from engine.errors import Notice
from engine.file_names import counted_up, cut
from engine.project import Project, default_home
from engine.project_notices import NoProjectFolder, ProjectMoved
from engine.regular_files import is_file, is_folder, paths_in
from engine.sample_project import sample_data

MOST_RECENT = 8


class ProjectDesk(QObject):
    """Opens and makes projects; the draft holds the one that is open."""

    opened = Signal()
    noticed = Signal(object)  # Notice

    def __init__(
        self, preferences: Preferences, project: Project | None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._preferences = preferences
        project = project or first_project(preferences, None).project
        self._notice: Notice | None = None
        self.draft = Draft(project, self._read(project) or first_data(project), self)
        self.draft.moved.connect(self._follow)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tell)
        self._timer.start(0)  # when somebody listens

    @property
    def is_sample(self) -> bool:
        return self.draft.project.folder.name == SAMPLE_NAME

    def recent(self) -> list[Project]:
        """Projects that were open before and are still there, the last one first."""
        known = [Project.at(Path(text)) for text in self._preferences.recent_projects]
        return [project for project in known if is_file(project.file)]

    def open_sample(self) -> None:
        project = Project(default_home() / SAMPLE_NAME)
        self._open(project, self._read(project) or sample_data(project.runs))

    def open_file(self, file: Path) -> None:
        """Open a project's file, wherever it lies, or that of a folder. Raises NoProject or
        NoProjectFolder."""
        project = Project.at(file)
        if not is_folder(file):
            project.require_project()
        elif not is_file(project.file) and paths_in(file):  # a folder of the user's
            raise NoProjectFolder(file=project.file.name, folder=str(file))
        self._open(project, self._read(project) or fresh_data(project, project.images))

    def open_pictures(self, folder: Path) -> None:
        """Make a project for a folder of pictures, or open the one that it has."""
        project = self._project_for(folder)
        data = self._read(project) or fresh_data(project, folder)
        self._open(project, merge(data, {"dataset": {"folder": str(folder)}}))

    def start_new(self, name: str, data: Data) -> None:
        """A project of this name with these settings; a name that is taken counts up."""
        pictures = Path(data["dataset"]["folder"])
        projects = (Project(default_home() / place) for place in counted_up(name))
        project = next(project for project in projects if not project.is_taken(pictures))
        self._open(project, merge(data, {"runs_folder": str(project.runs)}))

    def would_lose(self, data: Data) -> Data:
        """The settings that `take_back` would write over; empty where the project has none."""
        project = self._project_of(data)
        if project.folder == self.draft.project.folder:
            return self.draft.data
        return project.load_draft()

    def may_take_back(self, data: Data, *, may_change: bool) -> bool:
        """False where it belongs to another project and the project may not change now."""
        return may_change or self._project_of(data).folder == self.draft.project.folder

    def take_back(self, data: Data) -> None:
        """The settings of a run that waited, onto the pages; its project is opened for that."""
        project = self._project_of(data)
        if project.folder == self.draft.project.folder:
            self.draft.replace(project, data)
            self.draft.save()
        else:
            self._open(project, data)

    def remember(self) -> None:
        """It is the one to open at the next start."""
        file = str(self.draft.project.file)
        self._preferences.last_project = file
        others = [known for known in self._preferences.recent_projects if known != file]
        self._preferences.recent_projects = [file, *others][:MOST_RECENT]

    def _open(self, project: Project, data: Data) -> None:
        self.draft.replace(project, data)
        self.draft.save()
        self.remember()
        self.opened.emit()
        self._tell()

    @Slot(object)
    def _follow(self, folder: Path) -> None:
        """The open project was renamed or moved."""
        was = self.draft.project
        there = Project(folder, was.name or was.file.name)
        self.draft.follow(Project.at(there.file))
        self.remember()
        self.opened.emit()
        self.noticed.emit(ProjectMoved(was=str(was.folder), folder=str(folder)))

    def _read(self, project: Project) -> Data:
        draft, self._notice = project.open_draft()
        return draft

    @Slot()
    def _tell(self) -> None:
        if self._notice is not None:
            self.noticed.emit(self._notice)
            self._notice = None

    def _project_of(self, data: Data) -> Project:
        """The project that a run with these settings belongs to; the one that is open where they
        do not say."""
        runs = Path(data.get("runs_folder", ""))
        return Project(runs.parent) if runs.is_absolute() else self.draft.project

    def _project_for(self, folder: Path) -> Project:
        """The project of this folder of pictures; another folder of the same name counts up."""
        projects = (
            Project(default_home() / name) for name in counted_up(cut(folder.name) or "pictures")
        )
        return next(project for project in projects if _is_for(project, folder))


def _is_for(project: Project, folder: Path) -> bool:
    """Whether the project is free, or learns from this folder."""
    known = project.load_draft().get("dataset", {}).get("folder")
    is_sample = project.folder.name == SAMPLE_NAME
    return not is_sample and known in (None, str(folder), str(project.images))
