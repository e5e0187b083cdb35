"""Single pictures that are chosen in the wizard, copied to where its project will be.

The copies are the wizard's own until the project is made: another choice takes their place, and
they go with a choice that was given up. A file that somebody else put beside them is never touched.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

from PySide6.QtGui import QImage

from desktop.widgets.drop_area import save_pasted
from engine import storage
from engine.data.file_marks import Mark, mark_of
from engine.errors import OutputNotWritable, UserError
from engine.file_names import counted_up
from engine.picture_intake import copy_pictures
from engine.project import Project
from engine.regular_files import is_there


class Gathered:
    """`place` is the name of the folder among the projects; empty while nothing is gathered."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._name = ""
        self._made: dict[str, Mark | None] = {}  # by name, as they were made
        self.place = ""

    @property
    def folder(self) -> Path:
        """Of the pictures."""
        return Project(self._home / self.place).images

    def holds(self, folder: str) -> bool:
        """Whether this is the folder of what was gathered."""
        return bool(self.place) and bool(folder) and Path(folder) == self.folder

    def take(self, paths: list[Path], name: str) -> None:
        """These pictures, for those that were gathered before. Raises OutputNotWritable, DiskFull.

        `name` is the project's. Where that is taken, it counts up as the project's will.
        """
        if not self._is_ours():
            self.place, self._name, self._made = _free_place(self._home, name), name, {}
        storage.commit_folder(
            self.folder, partial(copy_pictures, paths), is_ours=lambda _: self._is_ours()
        )
        self._made = _files_in(self.folder) or {}

    def paste(self, image: QImage, name: str, *, beside: bool) -> None:
        """A picture of the clipboard, which holds one at a time: `beside` those that are there.

        Raises OutputNotWritable or DiskFull.
        """
        if not (beside and self._is_ours()):
            self.take([], name)
        pasted = save_pasted(image, Project(self._home / self.place))
        self._made[pasted.name] = mark_of(pasted)

    def follow(self, name: str) -> None:
        """The project will be called otherwise."""
        if name == self._name or not self._is_ours():
            return
        old, place = self._home / self.place, _free_place(self._home, name)
        if set(_files_in(old) or ()) == {self.folder.name} and not is_there(self._home / place):
            with suppress(UserError):  # then they stay where they are, which does no harm
                if storage.move_new(old, self._home / place):
                    self.place, self._name = place, name

    def give_up(self) -> None:
        """Nobody wants the copies."""
        if self._is_ours():
            with suppress(OutputNotWritable):
                storage.remove_folder(self.folder, is_ours=lambda _: True)
                storage.remove_empty(self.folder.parent)  # unless something else is in it
        self.place, self._made = "", {}

    def _is_ours(self) -> bool:
        """Whether nothing but our copies lies there, as they were made, in a folder that no project
        has yet. One that somebody retouched is theirs."""
        if not self.place or is_there(Project(self._home / self.place).file):
            return False
        found = _files_in(self.folder)
        return found is not None and found.items() <= self._made.items()


def _free_place(home: Path, name: str) -> str:
    return next(place for place in counted_up(name) if not Project(home / place).is_taken())


def _files_in(folder: Path) -> dict[str, Mark | None] | None:
    """None where the folder is there and cannot be listed: then nothing is known to be ours."""
    try:
        return {path.name: mark_of(path) for path in folder.iterdir()}
    except FileNotFoundError:
        return {}
    except OSError:
        return None
