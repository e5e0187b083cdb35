"""Notices what other programs change while the window is open: pictures, captions, masks, the
project's file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from desktop.caption_writer import CaptionWriter
from desktop.draft import Draft
from desktop.folder_watch import FolderWatch
from engine.data.file_marks import Mark, Marks


class OtherPrograms(QObject):
    """Watches what a set of pictures is read from. What was written here does not count."""

    were_here = Signal()

    def __init__(self, draft: Draft, writer: CaptionWriter, parent: QObject) -> None:
        super().__init__(parent)
        self._draft, self._writer = draft, writer
        self._places: tuple[Path, ...] = ()
        self._watch = FolderWatch(self)
        self._watch.changed.connect(self._on_changed)

    def places(self, folder: Path) -> tuple[Path, ...]:
        """What will be watched."""
        project = self._draft.project
        self._places = (folder, project.captions, project.file)
        return self._places

    @Slot(object)
    def begin(self, marks: Marks) -> None:
        """As the files were before they were read: what changed meanwhile is not missed."""
        self._watch.watch(self._places, marks)

    def stop(self) -> None:
        self._watch.stop()

    def close(self) -> None:
        """Return when no thread is left."""
        self._watch.close()

    @Slot(object)
    def _on_changed(self, found: dict[str, Mark | None]) -> None:
        if str(self._places[-1]) in found:
            del found[str(self._places[-1])]
            self._draft.look_again()
        self._writer.when_written(partial(self._tell_of, found))

    def _tell_of(self, found: dict[str, Mark | None]) -> None:
        """All that the writer wrote until now is known."""
        ours = self._writer.marks
        if any(ours.get(path, ()) != mark for path, mark in found.items()):
            self.were_here.emit()
