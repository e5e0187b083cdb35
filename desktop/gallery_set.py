"""The pictures of a project's gallery: what they say of themselves, stars, search, and a bin that
can be undone. No widgets here."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine.drawn_pictures import Bin, bring_back
from engine.errors import UserError
from engine.gallery_records import Made, load_stars, matcher, read_made, save_stars

UNDO_MS = 10_000


class _Answers(JobSignals):
    read = Signal(int, object)  # generation, list of Made


class GallerySet(QObject):
    """Newest first. `visible` are the numbers that the search shows."""

    reset = Signal()
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
        self._bin = Bin(self._folder)
        self._pool = Pool(1, "gallery", self)
        self._answers = _Answers(self)
        self._answers.read.connect(self._take)
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
            bring_back(folder)
        self._folder = folder
        self.stars = load_stars(folder)
        self._generation += 1
        known = {made.path: made for made in self.items}
        self._pool.start(_read, self._generation, folder, known, self._answers)

    def add(self, path: Path) -> bool:
        """A picture that was just made. False: of another project, and shown when that is open."""
        if path.parent != self._folder:
            return False
        self.items.insert(0, read_made(path))
        self._refilter()
        return True

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
        went: set[Path] = set()
        for made in gone:
            try:
                self._bin.throw_away(made.path)
                went.add(made.path)
            except UserError as error:
                self.failed.emit(error)
                break
        self.items = [made for made in self.items if made.path not in went]
        self._refilter()
        self._timer.start()
        self.bin_changed.emit(len(self._bin))

    def undo(self) -> None:
        """What was thrown away comes back."""
        self._bin.take_back()
        self._timer.stop()
        self.bin_changed.emit(0)
        self.open(self._folder)

    @Slot()
    def empty_bin(self) -> None:
        """To the bin of the system, from which people can still take it."""
        if len(self._bin) == 0:
            return
        went = {path.name for path in self._bin.empty()}
        if went & self.stars:  # the next picture of such a name has no star
            self._change_stars(went, on=False)
        self.bin_changed.emit(0)

    def close(self) -> None:
        self.empty_bin()
        self._pool.wait()

    @Slot(int, object)
    def _take(self, generation: int, found: list[Made]) -> None:
        if generation == self._generation:
            self.items = found
            self._refilter()

    def _refilter(self) -> None:
        test = matcher(self._query, self.stars)
        self.visible = [number for number, made in enumerate(self.items) if test(made)]
        self.reset.emit()


def _read(generation: int, folder: Path, known: dict[Path, Made], answers: _Answers) -> None:
    """In a thread of the pool."""
    paths = sorted(folder.glob("[0-9]*.png"), reverse=True) if folder.is_dir() else []
    found = [known.get(path) or read_made(path) for path in paths]
    answers.read.emit(generation, found)
