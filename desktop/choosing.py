"""The system's dialogs for files and folders. Each opens where the user was with its like before;
at first in the folder where people keep such things, never in the program's own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.preferences import Preferences
from engine.regular_files import is_folder

Like = Literal["pictures", "models", "programs", "presets", "reports"]
_Known = QStandardPaths.StandardLocation
_AT_FIRST = {
    "pictures": _Known.PicturesLocation,
    "models": _Known.DownloadLocation,
    "programs": _Known.HomeLocation,
    "presets": _Known.DocumentsLocation,
    "reports": _Known.DocumentsLocation,
}


def choose_folder(parent: QWidget, title: str, like: Like) -> Path | None:
    """None where the user changed their mind."""
    name = QFileDialog.getExistingDirectory(parent, title, _place(like))
    return _kept(like, Path(name), Path(name)) if name else None


def choose_file(parent: QWidget, title: str, like: Like, kinds: str = "") -> Path | None:
    """`kinds` as Qt has them: "Models (*.ckpt);;All files (*)"."""
    name, _ = QFileDialog.getOpenFileName(parent, title, _place(like), kinds)
    return _kept(like, Path(name).parent, Path(name)) if name else None


def choose_files(parent: QWidget, title: str, like: Like) -> list[Path]:
    names, _ = QFileDialog.getOpenFileNames(parent, title, _place(like))
    return [_kept(like, Path(name).parent, Path(name)) for name in names]


def choose_where_to_save(
    parent: QWidget, title: str, like: Like, name: str, kinds: str
) -> Path | None:
    """The system asks before something is written over."""
    chosen, _ = QFileDialog.getSaveFileName(parent, title, str(Path(_place(like), name)), kinds)
    return _kept(like, Path(chosen).parent, Path(chosen)) if chosen else None


def _place(like: Like) -> str:
    last = Preferences().last_place(like)
    if last and is_folder(Path(last)):
        return last
    return QStandardPaths.writableLocation(_AT_FIRST[like]) or str(Path.home())


def _kept(like: Like, place: Path, chosen: Path) -> Path:
    Preferences().keep_place(like, str(place))
    return chosen
