"""Opens folders and pages with the programs of the system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from engine import storage
from engine.errors import UserError

OURS = "LD_LIBRARY_PATH"  # where the installed program's start says that its libraries are
BEFORE = "LD_LIBRARY_PATH_ORIG"  # what PyInstaller found there, if there was anything


def open_folder(folder: Path | str) -> None:
    with _without_our_libraries():
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def open_own_folder(folder: Path) -> UserError | None:
    """One that Imprint fills and that may still be missing; returns why it cannot be made."""
    try:
        storage.make_folder(folder)
    except UserError as error:
        return error
    open_folder(folder)
    return None


def open_page(address: str) -> None:
    with _without_our_libraries():
        QDesktopServices.openUrl(QUrl(address))


@contextmanager
def _without_our_libraries() -> Iterator[None]:
    """A browser or file manager that loaded the libraries that came with us would die of them.

    https://pyinstaller.org/en/stable/runtime-information.html#ld-library-path-libpath-considerations
    """
    ours, before = os.environ.pop(OURS, None), os.environ.get(BEFORE)
    if before is not None:
        os.environ[OURS] = before
    try:
        yield
    finally:  # our own children want them again
        os.environ.pop(OURS, None)
        if ours is not None:
            os.environ[OURS] = ours
