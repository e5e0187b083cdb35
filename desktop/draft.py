"""The settings that the panels edit, as plain data: an invalid RunConfig cannot exist.

No widgets here. One signal for each change; the project is saved a moment later.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.held_project import HeldProject
from engine import config_file
from engine.config import DEFAULT_METHOD, STARTER, RunConfig
from engine.config_file import Data, Problem
from engine.data.buckets import Bucket, make_buckets
from engine.errors import UserError
from engine.merging import merged
from engine.models.catalog import locate
from engine.models.size import bucket_step
from engine.project import Project
from engine.project_notices import ProjectGone, ProjectMerged
from engine.project_paths import moved
from engine.regular_files import is_file

SAVE_AFTER_MS = 800


class Draft(QObject):
    """What the next run will be told."""

    failed = Signal(object)  # UserError: the draft could not be written
    noticed = Signal(object)  # Notice
    moved = Signal(object)  # Path: the project's folder lies there now
    leaving = Signal()  # another project is about to be opened
    changed = Signal(str)  # the dotted key; empty when everything is new

    def __init__(self, project: Project, data: Data, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project = project
        self._held = HeldProject(project.folder)
        self._data = data
        self._on_disk = project.load_draft()  # as we know it
        self._is_saved = True  # a save that failed is tried again
        self._saving = QTimer(self)
        self._saving.setSingleShot(True)
        self._saving.setInterval(SAVE_AFTER_MS)
        self._saving.timeout.connect(self.save)

    @property
    def data(self) -> Data:
        """All of it. Never changed in place: a change makes another one."""
        return self._data

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `training.steps`, say."""
        value: Any = self._data
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                return default
            value = value[part]
        return value

    @property
    def method(self) -> str:
        """The kind of the method that is chosen."""
        return self.get("method.kind", DEFAULT_METHOD)

    @property
    def subject(self) -> str:
        """The trigger word and the class word."""
        words = (self.get(f"dataset.{key}", "") for key in ("trigger", "class_word"))
        return " ".join(word for word in words if word)

    @property
    def resolution(self) -> int:
        found = self.get("training.resolution", 512)
        return found if isinstance(found, int) else 512

    def buckets(self) -> tuple[Bucket, ...]:
        """The shapes that pictures are cut to, for the base model and size that are set."""
        try:
            step = bucket_step(locate(self.get("base_model", STARTER)))
        except UserError:  # the check of the run says what is wrong with the model
            step = 64
        return make_buckets(self.resolution, step)

    def set(self, key: str, value: Any) -> None:
        if self.get(key) == value:
            return
        self._data = config_file.assigned(self._data, key, value)
        self._save_soon()
        self.changed.emit(key)

    def unset(self, key: str) -> None:
        """The setting has its default again."""
        section, _, name = key.rpartition(".")
        values = self.get(section)
        if isinstance(values, dict) and name in values:
            left = {known: value for known, value in values.items() if known != name}
            self._data = config_file.merge({**self._data, section: {}}, {section: left})
            self._save_soon()
            self.changed.emit(key)

    def put(self, section: str, values: Data) -> None:
        """A whole section anew; what it held before is gone."""
        self._data = {**self._data, section: values}
        self._save_soon()
        self.changed.emit(section)

    def replace(self, project: Project, data: Data) -> None:
        """Open something else."""
        self.leaving.emit()
        self.flush()
        self._held.let_go()
        self.project = project
        self._held = HeldProject(project.folder)
        self._data = data
        self._on_disk = project.load_draft()
        self.changed.emit("")

    def follow(self, project: Project) -> None:
        """The same project, in another folder now."""
        was, folder = self.project.folder, project.folder
        self._held.let_go()
        self.project = project
        self._held = HeldProject(folder)
        self._data = moved(self._data, was, folder)
        self._on_disk = project.load_draft()
        self.changed.emit("")

    def let_go(self) -> None:
        """Its window closes."""
        self._held.let_go()

    def _save_soon(self) -> None:
        """Counted from the first change that is not saved: who goes on changing is saved too."""
        self._is_saved = False
        if not self._saving.isActive():
            self._saving.start()

    def check(self) -> tuple[RunConfig | None, list[Problem]]:
        return config_file.check(self._data)

    def look_again(self) -> bool:
        """The file changed: take over what another window or program wrote. False where the
        project is gone."""
        is_there = self._is_in_place()
        if is_there and self._is_saved:  # else the save that is about to come does it
            self._take_over(self.project.load_draft())
        return is_there

    def flush(self) -> None:
        """Save now what would be saved in a moment, or could not be saved before."""
        if not self._is_saved:
            self.save()

    def make_folder(self) -> None:
        """Before anything else is put into the project's folder, which would be taken for a folder
        of the user's then."""
        if not is_file(self.project.file):
            self.save()

    def save(self) -> None:
        self._saving.stop()
        self._is_saved = False
        if not self._is_in_place():
            return
        theirs, notice = self.project.open_draft()  # what cannot be read is kept beside
        if notice is not None:
            self.noticed.emit(notice)
        self._take_over(theirs)
        try:
            self.project.save_draft(self._data)
            self._is_saved = True
            self._held.hold()
            self._on_disk = self.project.load_draft()
        except UserError as error:
            self.failed.emit(error)

    def _is_in_place(self) -> bool:
        """A project that was moved is followed. False where it is gone."""
        place = self._held.place
        if place is None:
            self.failed.emit(ProjectGone(folder=str(self.project.folder)))
            return False
        if place != self.project.folder:
            self.moved.emit(place)
        return True

    def _take_over(self, theirs: Data) -> None:
        """What another window, another computer or an editor changed in the file since."""
        if not theirs or theirs == self._on_disk:
            return
        before, self._data = self._data, merged(self._on_disk, self._data, theirs)
        self._on_disk = theirs
        sections = [key for key in self._data if self._data[key] != before.get(key)]
        for section in sections:
            self.changed.emit(section)
        if sections:
            self.noticed.emit(ProjectMerged(file=self.project.file.name))
