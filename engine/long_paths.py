"""Windows takes no path of more than 259 letters, unless its owner has switched that off.

https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation
"""

from __future__ import annotations

import sys
from pathlib import Path

from engine.errors import UserError
from engine.wording import QT_TRANSLATE_NOOP

WINDOWS_LONGEST = 259  # letters; MAX_PATH counts the end of the text too
INSIDE_A_RUN = 125  # letters of the longest path that a run makes in its folder, beside its name


class PathTooLong(UserError):
    code = "IM-OUT-08"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "Paths in {folder} would come to {letters} letters; Windows takes {most} at most.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Choose an output folder with a shorter path, or a shorter name for the run."
    )
    setting = "runs_folder"


def require_short_enough(folder: Path, name: str) -> None:
    """Raises PathTooLong where a run in this folder would fail hours later, at a save.

    `name`: of the run, as it is in the names of its files.
    """
    most = longest_path()
    letters = len(str(folder.absolute())) + len(name) + INSIDE_A_RUN
    if most is not None and letters > most:
        raise PathTooLong(folder=str(folder), letters=letters, most=most)


def longest_path() -> int | None:
    """Of this computer, in letters; None where only names are limited."""
    if sys.platform != "win32":
        return None
    import winreg

    try:
        place = r"SYSTEM\CurrentControlSet\Control\FileSystem"
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
            switched_off = winreg.QueryValueEx(key, "LongPathsEnabled")[0] == 1
    except OSError:
        switched_off = False
    return None if switched_off else WINDOWS_LONGEST
