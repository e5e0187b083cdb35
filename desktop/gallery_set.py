"""The pictures of a project's gallery: what they say of themselves, stars, search, and a bin that
can be undone. No widgets here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine.data.walk import leads_outside
from engine.drawn_pictures import Bin, bring_back
from engine.errors import UserError
from engine.gallery_records import (
    Made,
    load_stars,
    matcher,
    read_made,
    save_stars,
    without_addons,
)
from engine.regular_files import paths_in

UNDO_MS = 10_000


class _Answers(JobSignals):
    read = Signal(int, object)  # generation, list of Made
    added = Signal(object)  # Made
    described = Signal(object)  # Made
    paired = Signal(object, str)  # Made, path
    kept = Signal(object, object)  # names that could not be thrown away, UserError


class GallerySet(QObject):
    """Newest first. `visible` are the numbers that the search shows. What pictures say of
    themselves is read in a thread: they may be strangers' files."""

    reset = Signal()
    added = Signal()  # the first is a picture that was just made
    described = Signal(object)  # Made, of a picture that `describe` was asked for
    paired = Signal(object, str)  # Made, and the path that `find_pair` was asked for; may be empty
    failed = Signal(object)  # UserError
    bin_changed = Signal(int)  # how many could be taken back

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.items: list[Made] = []
        self.visible: list[int] = []
        self.stars: set[str] = set()
        self._folder = Path()
        self._query = ""
        self._generation = 0
        self._bin = Bin(self._folder)  # only jobs use it: a thousand pictures take a second
        self._thrown: set[str] = set()  # names of what is, or will be, in it
        self._pool = Pool(1, "gallery", self)
        self._answers = _Answers(self)
        self._answers.read.connect(self._take)
        self._answers.added.connect(self._take_added)
        self._answers.described.connect(self.described)
        self._answers.paired.connect(self.paired)
        self._answers.kept.connect(self._take_kept)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(UNDO_MS)
        self._timer.timeout.connect(self.empty_bin)

    def open(self, folder: Path) -> None:
        """Read what a folder holds; what was read before is not read again."""
        if folder != self._folder:
            self.empty_bin()
            self.items = []
            self._bin = Bin(folder)
            self._pool.start(bring_back, folder)
        self._folder = folder
        self.stars = load_stars(folder)
        self._generation += 1
        known = {made.path: made for made in self.items}
        self._pool.start(_read, self._generation, folder, known, self._answers)

    def add(self, path: Path) -> None:
        """A picture that was just made. One of another project is shown when that is open."""
        if path.parent == self._folder:
            self._pool.start(_add, path, self._answers)

    def describe(self, path: Path) -> None:
        """Of a picture from elsewhere; `described` tells what it says."""
        self._pool.start(_describe, path, self._answers)

    def find_pair(self, made: Made) -> None:
        """The base model's picture of the same wish; `paired` tells where it is."""
        self._pool.start(_find_pair, made, self._folder / "base", self._answers)

    def at(self, rows: Iterable[int]) -> list[Made]:
        """The pictures in these rows of what is visible."""
        shown = range(len(self.visible))
        return [self.items[self.visible[row]] for row in rows if row in shown]

    def search(self, query: str) -> None:
        self._query = query
        self._refilter()

    def is_starred(self, made: Made) -> bool:
        return made.path.name in self.stars

    def star(self, made: Made) -> None:
        """On, or off again."""
        name = made.path.name
        self._change_stars({name}, on=name not in self.stars)
        self._refilter()

    def _change_stars(self, names: set[str], *, on: bool) -> None:
        """In the list as it stands on disk: another window may have changed it."""
        self.stars = load_stars(self._folder)
        self.stars = self.stars | names if on else self.stars - names
        try:
            save_stars(self._folder, self.stars)
        except UserError as error:
            self.failed.emit(error)

    def throw_away(self, gone: list[Made]) -> None:
        """Out of sight at once, to the system's bin in ten seconds."""
        self._thrown |= {made.path.name for made in gone}
        self._hide_thrown()
        self._pool.start(_throw_away, self._bin, [made.path for made in gone], self._answers)
        self._timer.start()
        self.bin_changed.emit(len(self._thrown))

    def undo(self) -> None:
        """What was thrown away comes back."""
        self._pool.start(_take_back, self._bin)
        self._timer.stop()
        self._thrown.clear()
        self.bin_changed.emit(0)
        self.open(self._folder)

    @Slot()
    def empty_bin(self) -> None:
        """To the bin of the system, from which people can still take it."""
        if not self._thrown:
            return
        self._pool.start(_empty, self._bin)
        if self._thrown & self.stars:  # the next picture of such a name has no star
            self._change_stars(self._thrown, on=False)
        self._thrown = set()
        self.bin_changed.emit(0)

    def close(self) -> None:
        self.empty_bin()
        self._pool.wait()

    @Slot(int, object)
    def _take(self, generation: int, found: list[Made]) -> None:
        if generation == self._generation:
            self.items = found
            self._hide_thrown()

    @Slot(object, object)
    def _take_kept(self, names: set[str], error: UserError) -> None:
        """They could not be thrown away, so they are shown again."""
        self._thrown -= names
        self.bin_changed.emit(len(self._thrown))
        self.failed.emit(error)
        self.open(self._folder)

    @Slot(object)
    def _take_added(self, made: Made) -> None:
        if made.path.parent != self._folder:  # another project was opened meanwhile
            return
        self.items = [made, *(other for other in self.items if other.path != made.path)]
        self._refilter()
        self.added.emit()

    def _hide_thrown(self) -> None:
        self.items = [made for made in self.items if made.path.name not in self._thrown]
        self._refilter()

    def _refilter(self) -> None:
        test = matcher(self._query, self.stars)
        self.visible = [number for number, made in enumerate(self.items) if test(made)]
        self.reset.emit()


def _read(generation: int, folder: Path, known: dict[Path, Made], answers: _Answers) -> None:
    """In a thread of the pool."""
    paths = () if leads_outside(folder, folder.parent) else paths_in(folder, "[0-9]*.png")[::-1]
    paths = [path for path in paths if not leads_outside(path, folder)]
    found = [known.get(path) or read_made(path) for path in paths]
    answers.read.emit(generation, found)


def _add(path: Path, answers: _Answers) -> None:
    """In a thread of the pool."""
    answers.added.emit(read_made(path))


def _describe(path: Path, answers: _Answers) -> None:
    """In a thread of the pool."""
    answers.described.emit(read_made(path))


def _find_pair(made: Made, base: Path, answers: _Answers) -> None:
    """In a thread of the pool."""
    answers.paired.emit(made, without_addons(made, base))


def _throw_away(bin_: Bin, paths: list[Path], answers: _Answers) -> None:
    """In a thread of the pool."""
    for number, path in enumerate(paths):
        try:
            bin_.throw_away(path)
        except UserError as error:
            answers.kept.emit({path.name for path in paths[number:]}, error)
            return


def _take_back(bin_: Bin) -> None:
    """In a thread of the pool."""
    bin_.take_back()


def _empty(bin_: Bin) -> None:
    """In a thread of the pool."""
    bin_.empty()
