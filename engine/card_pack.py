"""The PyTorch for NVIDIA cards, beside the installed program: whether it is there, and its use.

The program that people download brings the PyTorch for processors, a sixth of the other's size.
Where there is a card, the other one is fetched once into the user's own folder, as the very files
that PyTorch and NVIDIA publish; from then on Python finds it first. docs/decisions/0012 says why.

Imports next to nothing: it is asked before anything else at each start.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from engine.file_names import whole_number
from engine.json_reading import parse_json
from engine.regular_files import is_folder, read_bytes

TABLE = Path(__file__).parents[1] / "resources/card_pack.json"
STAMP = "whole.json"  # written last: what has none is not used
PACKAGES = "packages"
TRIAL = "IMPRINT_CARD_PACK"  # a folder to be tried before it is taken
DRIVER_PAGE = "https://www.nvidia.com/drivers"  # opened in the browser, when a button is pressed


@dataclass(frozen=True, slots=True)
class PackTable:
    """What the build of this program wrote down: one torch, and the files that make it up."""

    torch: str  # with its local part, such as 2.13.0+cu130
    python: str  # cp311
    oldest_driver: int
    oldest_capability: tuple[int, int]  # of cards, as CUDA counts them
    files: tuple[dict[str, Any], ...]  # of engine.downloads.PinnedFile

    @property
    def about_bytes(self) -> int:
        return sum(int(file["about_bytes"]) for file in self.files)

    @property
    def stamp(self) -> dict[str, str]:
        return {"torch": self.torch, "python": self.python}

    def suits_card(self, capability: tuple[int, int]) -> bool:
        """One that does not tell its capability, (0, 0), is given the benefit."""
        return capability == (0, 0) or capability >= self.oldest_capability

    def suits_driver(self, version: str) -> bool:
        """`version`: such as 580.65.06. One that cannot be read is given the benefit."""
        major = version.partition(".")[0]
        number = whole_number(major)
        return number is None or number >= self.oldest_driver


def load_table(path: Path = TABLE) -> PackTable | None:
    """None in a program that was built without one, from source for example."""
    try:
        data = parse_json(read_bytes(path))
        return PackTable(
            str(data["torch"]), str(data["python"]), int(data["oldest_driver"]),
            (int(data["oldest_capability"][0]), int(data["oldest_capability"][1])),
            tuple(dict(row) for row in data["files"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def pack_folder() -> Path:
    return Path(platformdirs.user_data_dir("imprint", appauthor=False)) / "card-pack"


def is_whole(folder: Path, table: PackTable) -> bool:
    """Whether a folder holds just what this program was built for."""
    try:
        return parse_json(read_bytes(folder / STAMP)) == table.stamp
    except (OSError, ValueError):
        return False


def activate(table: PackTable | None = None, folder: Path | None = None) -> bool:
    """Let Python find the pack's torch first, if it is whole and of this program; whether it does.

    Nothing is removed here: another Imprint may run with it. `discard` does that.
    """
    table = table or load_table()
    if table is None:
        return False
    trial = os.environ.get(TRIAL)
    packages = Path(trial) if trial else (folder or pack_folder()) / PACKAGES
    if not is_folder(packages) or not (trial or is_whole(packages, table)):
        return False
    sys.path.insert(0, str(packages))
    return True


def is_active() -> bool:
    return str(pack_folder() / PACKAGES) in sys.path


def discard(folder: Path) -> None:
    """Take out a pack that is of another program, or that does not work any more.

    Its stamp goes first: what is left where a file is in use is then no pack.
    """
    from engine import storage
    from engine.errors import OutputNotWritable

    packages = folder / PACKAGES
    with suppress(OutputNotWritable):  # another time
        storage.remove_file(packages / STAMP)
        storage.remove_own(packages)
