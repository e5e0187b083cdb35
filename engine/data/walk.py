"""A folder -> the files in it that may be pictures, their masks and captions, and what is left out.

Both readings of a set use it, that of a run and that of the window, so that they agree. Only
names are looked at here; nothing is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from threading import Event

from engine.data import ignored, mask_names
from engine.data.caption_places import Sidecars, is_caption_file, is_table, is_text_file
from engine.data.mask_names import Stems
from engine.data.pictures import PICTURE_SUFFIXES, promises_a_picture
from engine.dataset_notices import (
    CaptionRemark,
    KohyaFolders,
    LeftOut,
    MasksFound,
    OrphanCaptions,
    TablesLeftOut,
    TableUnreadable,
)
from engine.errors import Notice
from engine.inputs import require_input_folder
from engine.regular_files import is_file, is_folder, is_link, real_path
from engine.storage import mark_of
from engine.wording import QT_TRANSLATE_NOOP, Phrase, listed

OUTSIDE = QT_TRANSLATE_NOOP("engine", "It is a link to a place outside the folder.")
OUTSIDE_FOLDER = QT_TRANSLATE_NOOP(
    "engine",
    "It is a link to a place outside the folder. Choose that place as the pictures, or copy its "
    "pictures here.",
)
UNREADABLE = QT_TRANSLATE_NOOP("engine", "It cannot be read: {reason}.")
MOST_COUNTED = 10_000  # entries of a folder that is left out

_KOHYA = re.compile(r"^(?P<repeats>\d{1,4})_(?P<words>.*\S)\s*$")  # 10_sks dog


@dataclass(frozen=True, slots=True)
class Walked:
    """What a folder holds, by the names in it."""

    folder: Path
    files: tuple[Path, ...] = ()  # they may be pictures; in the order of the training
    masks: Mapping[Path, Path] = field(default_factory=dict)  # of pictures
    texts: frozenset[Path] = frozenset()  # caption files and tables
    notices: tuple[Notice, ...] = ()

    def name_of(self, path: Path) -> str:
        """How a file of the set is called in a list: with its folder inside the set."""
        return path.relative_to(self.folder).as_posix()

    def captioned(self, pictures: Iterable[Path]) -> list[Path]:
        """Those beside which a caption file is, or a table that may name them."""
        with_table = {path.parent for path in self.texts if is_table(path)}
        beside = Sidecars(self.texts, self.files)
        return [
            picture
            for picture in pictures
            if beside.of(picture) or not with_table.isdisjoint(picture.parents)
        ]

    @property
    def orphans(self) -> tuple[Path, ...]:
        """Caption files beside which no picture is."""
        beside = Sidecars(self.texts, self.files)
        used = {path for picture in self.files for path in beside.of(picture)}
        return tuple(path for path in sorted(self.texts - used) if is_text_file(path))


@dataclass(slots=True)
class _Found:
    """What is gathered on the way; paths are below the folder of the set."""

    root: Path
    real_root: Path | None
    deep: bool
    files: list[PurePath] = field(default_factory=list)
    texts: list[PurePath] = field(default_factory=list)
    folders: dict[PurePath, list[PurePath]] = field(default_factory=dict)
    left_out: dict[Phrase, list[str]] = field(default_factory=dict)  # names by reason
    kohya: list[str] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)  # real folders, to end loops

    def leave_out(self, reason: str, path: PurePath) -> None:
        self.left_out.setdefault(Phrase(reason), []).append(path.as_posix())

    def leave_out_folder(self, reason: str, path: PurePath) -> None:
        """Said where pictures are in it; a folder of something else is nobody's question."""
        if count := _num_pictures(self.root / path):
            self.left_out.setdefault(Phrase(reason), []).append(f"{path.as_posix()}/ ({count})")


def walk(
    folder: Path, most: int | None = None, *, deep: bool = True, stop: Event | None = None
) -> Walked:
    """Raises FolderMissing or InputNotReadable. With `most` the walk ends after so many files:
    enough to count.

    Not `deep`: the files of the folder itself and their masks, for single pictures. A walk that
    `stop` ends holds what was found until then.
    """
    require_input_folder(folder)
    found = _Found(folder, real_path(folder), deep)
    _gather(found, most, stop)
    _leave_out_what_trainers_wrote(found)
    files, masks = _told_apart(found)
    notices: list[Notice] = [
        LeftOut(names=listed(names), reason=reason) for reason, names in found.left_out.items()
    ]
    if masks:
        names = listed([path.as_posix() for path in masks.values()])
        notices.append(MasksFound(count=len(masks), names=names))
    if found.kohya:
        notices.append(KohyaFolders(names=listed(found.kohya)))
    return Walked(
        folder,
        tuple(folder / path for path in files),
        {folder / picture: folder / mask for picture, mask in masks.items()},
        frozenset(folder / path for path in found.texts),
        tuple(notices),
    )


def worth_saying(notices: Sequence[Notice], masks: str | None) -> tuple[Notice, ...]:
    """Without those that are no news to a run.

    `masks` is its setting; None for pictures without captions and masks, such as class pictures.
    """
    known: tuple[type[Notice], ...] = (MasksFound,) if masks == "file" else ()
    if masks is None:
        known = (
            MasksFound,
            KohyaFolders,
            CaptionRemark,
            TableUnreadable,
            TablesLeftOut,
            OrphanCaptions,
        )
    return tuple(notice for notice in notices if not isinstance(notice, known))


def leads_outside(path: Path, folder: Path) -> bool:
    """Whether it is a link to a place outside the folder; such are not read."""
    return is_link(path) and not _is_within(path, real_path(folder))


def _gather(found: _Found, most: int | None, stop: Event | None) -> None:
    """Each folder's files first, then the folders in it, by name."""
    waiting = [PurePath()]
    while waiting and (most is None or len(found.files) < most):
        if stop is not None and stop.is_set():
            return
        waiting += reversed(_enter(waiting.pop(), found))


def _enter(below: PurePath, found: _Found) -> list[PurePath]:
    """Take the files of one folder; returns the folders in it that belong to the set."""
    place = found.root / below
    try:
        info = place.stat()
        with os.scandir(place) as entries:
            inside = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        reason = Phrase(UNREADABLE, reason=str(error.strerror))
        found.left_out.setdefault(reason, []).append(f"{below.as_posix()}/")
        return []
    if (info.st_dev, info.st_ino) in found.seen:
        return []
    found.seen.add((info.st_dev, info.st_ino))
    folders = []
    for entry in inside:
        if _is_folder(entry):
            if found.deep or mask_names.is_mask_folder(entry.name):
                folders.append(entry)
        elif _is_link(entry) and is_caption_file(Path(entry.name)) and _is_outside(entry, found):
            found.leave_out(OUTSIDE, below / entry.name)  # its words would be in what is shared
        else:
            _take(below / entry.name, found)
    classes = _class_folders([entry.name for entry in folders])
    paths = [
        below / entry.name
        for entry in folders
        if _belongs(entry, below / entry.name, entry.name in classes, found)
    ]
    found.folders[below] = paths
    return paths


def _belongs(entry: os.DirEntry[str], path: PurePath, is_class: bool, found: _Found) -> bool:
    reason = ignored.CLASS_PICTURES if is_class else ignored.reason_for_folder(entry.name)
    if not reason and _is_made_by_imprint(Path(entry.path)):
        reason = ignored.MADE_BY_IMPRINT
    if reason:
        found.leave_out_folder(reason, path)
        return False
    if _is_link(entry):
        # A place inside the folder is met on its own way, and each file counts once.
        if _is_outside(entry, found):
            found.leave_out(OUTSIDE_FOLDER, path)
        return False
    if called := _KOHYA.match(entry.name):
        found.kohya.append(f"{path.as_posix()} ({called['repeats']} × “{called['words']}”)")
    return True


def _is_made_by_imprint(folder: Path) -> bool:
    """The sheet of a run shows drawn pictures; runs of earlier versions have no mark."""
    is_run = is_file(folder / "config.json") and is_folder(folder / "checkpoints")
    return is_run or mark_of(folder) is not None


def _is_outside(entry: os.DirEntry[str], found: _Found) -> bool:
    return not _is_within(Path(entry.path), found.real_root)


def _is_within(path: Path, real_folder: Path | None) -> bool:
    """Not where nobody can tell where it leads to."""
    real = real_path(path)
    return real is not None and real_folder is not None and real.is_relative_to(real_folder)


def _take(path: PurePath, found: _Found) -> None:
    reason = ignored.reason_for_file(path.name)
    if reason:
        # .DS_Store and Thumbs.db are in every folder: only what looks like a picture is said.
        is_said = reason in (ignored.VIDEO, ignored.RAW, ignored.ARCHIVE) or _is_like_a_picture(
            path
        )
        if is_said:
            found.leave_out(reason, path)
    elif is_caption_file(Path(path)):
        found.texts.append(path)
    elif path.suffix.lower() not in ignored.NO_PICTURES:
        found.files.append(path)


def _is_like_a_picture(path: PurePath) -> bool:
    """photo.jpg, photo.jpg.part, photo.jpg~, photo.jpg_original."""
    return any(suffix in path.name.lower() for suffix in PICTURE_SUFFIXES)


def _class_folders(names: list[str]) -> set[str]:
    """`1_dog` beside `10_sks dog`: the class, named as the last words of the subject."""
    words = {
        name: called["words"].lower().split() for name in names if (called := _KOHYA.match(name))
    }
    return {
        name
        for name, own in words.items()
        if any(len(other) > len(own) and other[-len(own) :] == own for other in words.values())
    }


def _leave_out_what_trainers_wrote(found: _Found) -> None:
    """Samples, logs, models: where pictures are elsewhere, too; else they are what was meant."""
    written: dict[PurePath, list[PurePath]] = {}
    for path in found.files:
        for place in range(1, len(path.parts)):
            if ignored.is_written_by_trainers(path.parts[place - 1]):
                written.setdefault(PurePath(*path.parts[:place]), []).append(path)
                break
    gone = {path for paths in written.values() for path in paths}
    if not any(promises_a_picture(path) for path in found.files if path not in gone):
        return
    for folder in written:
        found.leave_out_folder(ignored.WRITTEN_BY_A_TRAINER, folder)
    found.files = [path for path in found.files if path not in gone]
    found.texts = [p for p in found.texts if not any(p.is_relative_to(f) for f in written)]


def _told_apart(found: _Found) -> tuple[list[PurePath], dict[PurePath, PurePath]]:
    """Pictures, and the masks by picture."""
    stems = Stems(path for path in found.files if not mask_names.in_mask_folder(path))
    files: list[PurePath] = []
    masks: dict[PurePath, PurePath] = {}
    for path in found.files:
        if mask_names.is_condition(path):
            found.leave_out(mask_names.CONDITION, path)
        elif mask_names.in_mask_folder(path):
            picture = mask_names.beside_mask_folder(path, stems, found.folders)
            _keep_mask(path, picture, masks, found)
        elif picture := _masked(path, stems):
            _keep_mask(path, picture, masks, found)
        elif mask_names.is_label(path):
            found.leave_out(mask_names.LONE_MASK, path)
        else:
            files.append(path)
    return files, masks


def _masked(path: PurePath, stems: Stems) -> PurePath | None:
    pictures = (stems.get(name) for name in mask_names.masked_names(path))
    return next((picture for picture in pictures if picture is not None), None)


def _keep_mask(
    mask: PurePath, picture: PurePath | None, masks: dict[PurePath, PurePath], found: _Found
) -> None:
    if picture is None:
        found.leave_out(mask_names.LONE_MASK, mask)
    elif leads_outside(found.root / mask, found.root):
        found.leave_out(OUTSIDE, mask)
    else:
        masks.setdefault(picture, mask)


def _num_pictures(folder: Path) -> int:
    """So many files are pictures by their names, as far as MOST_COUNTED entries tell."""
    count = looked_at = 0
    for _, _, names in os.walk(folder):
        count += sum(promises_a_picture(PurePath(name)) for name in names)
        looked_at += len(names) + 1
        if looked_at > MOST_COUNTED:
            break
    return count


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself; its file is named later
        return False


def _is_link(entry: os.DirEntry[str]) -> bool:
    is_junction = getattr(entry, "is_junction", None)  # of Windows; from Python 3.12 on
    return entry.is_symlink() or (is_junction is not None and is_junction())
