"""The form of the catalogue: a row is an input, the message it must come to, and a try of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from engine.config_file import Problem
from engine.data.scan import Scan, scan_folder
from engine.errors import Message
from engine.wording import Phrase

LAST = 110
SECTIONS = {
    "Pictures": range(1, 32),
    "Captions": range(32, 40),
    "Settings, projects, presets": range(40, 52),
    "Base models": range(52, 65),
    "Embeddings, LoRA, hypernetworks": range(65, 75),
    "Paths and disk": range(75, 85),
    "Hardware": range(85, 93),
    "Network": range(93, 100),
    "The user, while it trains": range(100, 111),
}
Said = Message | Problem | Phrase | str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row is tried: a folder of its own, and what all of them share."""

    folder: Path
    tiny_model: Path
    pictures: Path  # three good ones, to be copied and never written to

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def scan(self) -> Scan:
        """What a folder of pictures comes to."""
        *_, scan = scan_folder(self.folder)
        assert isinstance(scan, Scan)
        return scan


@dataclass(frozen=True, slots=True)
class Row:
    """`said` is a part of the sentence; empty where the input is simply taken."""

    number: int
    what: str
    code: str
    said: str
    act: Callable[[Place], Said | Iterable[Said] | None]


@dataclass(slots=True)
class Catalogue:
    rows: list[Row] = field(default_factory=list)
    elsewhere: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)
    not_here: dict[int, str] = field(default_factory=dict)

    def row(self, number: int, what: str, code: str = "", said: str = "") -> Callable[[Any], Any]:
        """Mark the function that tries it. It returns the message, or all messages that came."""

        def take(act: Callable[[Place], Any]) -> Callable[[Place], Any]:
            self.rows.append(Row(number, what, code, said, act))
            return act

        return take

    def shown_by(self, number: int, what: str, *tests: str) -> None:
        """Tests that stand where their subject is: `tests/engine/test_x.py::test_y`."""
        self.elsewhere.append((number, what, tests))

    def untried(self, number: int, what: str) -> None:
        """What cannot be tried on the machines we have; docs/limits.md names it too."""
        self.not_here[number] = what

    @property
    def numbers(self) -> set[int]:
        told = {number for number, *_ in self.elsewhere} | set(self.not_here)
        return told | {row.number for row in self.rows}


CATALOGUE = Catalogue()
row, shown_by, untried = CATALOGUE.row, CATALOGUE.shown_by, CATALOGUE.untried


def words_of(said: Said) -> str:
    """Sentence and remedy."""
    return said.sentence if isinstance(said, Problem) else str(said)


def picture(width: int = 96, height: int = 96, seed: int = 0) -> Image.Image:
    """No two of different seeds are alike."""
    small = Image.effect_mandelbrot((width, height), (-2 + seed * 0.1, -1.5, 1, 1.5), 20)
    return Image.merge("RGB", (small, small.rotate(90).resize(small.size), small))
