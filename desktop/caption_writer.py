"""Writes captions in a thread of its own: a disk may take its time for each file.

Other programs may write the same captions. What is there and not what was expected is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.picture_rows import PictureRow
from desktop.pool import Pool
from engine import storage
from engine.data.caption_edits import tidy
from engine.data.caption_files import CaptionError, beside, is_written, read_text
from engine.data.file_marks import Mark, mark_of
from engine.errors import UserError
from engine.plain_text import whole_characters
from engine.wording import Phrase


class _Answers(JobSignals):
    written = Signal(object)
    kept_both = Signal(object)
    taken_over = Signal(object, str)
    not_written = Signal(object, object)
    failed = Signal(object)
    reached = Signal()


class CaptionWriter(QObject):
    """In the order in which they come."""

    not_written = Signal(object, object)  # texts by path, UserError that says why
    failed = Signal(object)  # UserError, one for all texts of a call
    kept_both = Signal(object)  # paths of captions that another program changed as well
    taken_over = Signal(object, str)  # texts by key, name of the step for undo

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = Pool(1, "captions", self)
        self._answers = _Answers(self)
        self._answers.not_written.connect(self._on_not_written)
        self._answers.failed.connect(self.failed)
        self._answers.kept_both.connect(self.kept_both)
        self._answers.taken_over.connect(self.taken_over)
        self._answers.written.connect(self._on_written)
        self.marks: dict[str, Mark | None] = {}  # of files that were written here, as we left them
        self._seen: dict[Path, str] = {}  # of the thread alone: what we know to be in a file
        self._answers.reached.connect(self._go_on)
        self._later: list[Callable[[], object]] = []
        self._unwritten: dict[str, tuple[Path, str, Phrase]] = {}  # by key, with the reason

    def write(self, texts: dict[Path, str], before: Mapping[Path, str]) -> None:
        """One that cannot be written does not keep the others from being written.

        `before`: what is there as far as the window knows. Anything else is kept beside.
        """
        for path in texts:
            self._unwritten.pop(path.stem, None)
        self._pool.start(_write, texts, before, self._seen, self._answers)

    def write_unread(self, folder: Path, texts: Mapping[Path, str]) -> bool:
        """Captions of pictures that were not read yet; whether there is any. What cannot be read
        is no picture, and needs none."""
        found = {}
        for path, text in texts.items():
            with suppress(OSError):
                found[folder / f"{storage.sha256_of(path)}.txt"] = tidy(text)
        if found:
            self.write(found, {})
        return bool(found)

    def keep_beside(self, texts: dict[Path, str]) -> None:
        """Words of another program, in the place of which others are about to be written."""
        if texts:
            self._pool.start(_keep_beside, texts, self._answers)

    def take_over(self, heirs: dict[Path, str], name: str) -> None:
        """Captions of pictures that are gone, for those with these keys; `taken_over` tells."""
        if heirs:
            self._pool.start(_take_over, heirs, name, self._answers)

    def flush(self) -> None:
        """Return when all is on disk."""
        self._try_again()
        self._pool.wait()

    def as_typed(self, row: PictureRow) -> PictureRow:
        """With the caption that could not be written yet, on a full disk, say."""
        left = self._unwritten.get(row.key)
        return row if left is None else row.with_caption(left[1]).with_caption_problem(left[2])

    def _try_again(self) -> None:
        """What could not be written before."""
        if left := {path: text for path, text, _ in self._unwritten.values()}:
            self.write(left, dict(left))

    def when_written(self, action: Callable[[], object]) -> None:
        """Call it, in this thread, once all that came before is on disk: at once where nothing
        waits. Hundreds of captions take a while, and the window goes on meanwhile."""
        self._try_again()
        if self._pool.is_idle:
            action()
        else:
            self._later.append(action)
            self._pool.start(_reach, self._answers)

    @Slot(object, object)
    def _on_not_written(self, texts: dict[Path, str], error: UserError) -> None:
        self._unwritten |= {path.stem: (path, texts[path], error.sentence) for path in texts}
        self.not_written.emit(texts, error)

    @Slot(object)
    def _on_written(self, marks: dict[str, Mark | None]) -> None:
        self.marks |= marks

    @Slot()
    def _go_on(self) -> None:
        self._later.pop(0)()


def _reach(answers: _Answers) -> None:
    """In a thread of the pool, after all that came before."""
    answers.reached.emit()


def _write(
    texts: dict[Path, str], before: Mapping[Path, str], seen: dict[Path, str], answers: _Answers
) -> None:
    """In a thread of the pool."""
    first: UserError | None = None
    left: dict[Path, str] = {}
    marks: dict[str, Mark | None] = {}
    both: list[Path] = []
    for path, text in texts.items():
        expected = {text, *(known[path] for known in (before, seen) if path in known)}
        try:
            if path in before and not is_written(path, expected):
                kept = storage.copy_to_free(path, beside(path))
                marks[str(kept)] = mark_of(kept)
                both.append(path)
            storage.write_text(path, text)
            seen[path], marks[str(path)] = text, mark_of(path)
        except UserError as error:
            first, left[path] = first or error, text
            seen.setdefault(path, before.get(path, text))
    answers.written.emit(marks)
    if both:
        answers.kept_both.emit(both)
    if first is not None:
        answers.not_written.emit(left, first)
        answers.failed.emit(first)


def _keep_beside(texts: dict[Path, str], answers: _Answers) -> None:
    """In a thread of the pool."""
    marks: dict[str, Mark | None] = {}
    for path, text in texts.items():
        try:
            kept = storage.write_to_free(beside(path), whole_characters(text).encode())
        except UserError as error:
            answers.failed.emit(error)
        else:
            marks[str(kept)] = mark_of(kept)
    answers.written.emit(marks)
    answers.kept_both.emit(list(texts))


def _take_over(heirs: dict[Path, str], name: str, answers: _Answers) -> None:
    """In a thread of the pool. The old file stays, under a name that is no caption's."""
    texts: dict[str, str] = {}
    for path, key in heirs.items():
        with suppress(CaptionError):
            texts[key] = read_text(path)
            try:
                storage.move_to_free(path, path.with_suffix(".taken"))
            except UserError as error:
                answers.failed.emit(error)
    answers.taken_over.emit(texts, name)
