"""Pictures that come into a project: copied with their captions and masks, under one free stem.

The user's folders stay as they are, and so does everything that lies in the project already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from threading import Event

from engine import storage
from engine.data import mask_names
from engine.data.caption_files import CaptionBook
from engine.data.caption_places import Sidecars
from engine.data.pictures import PICTURE_SUFFIXES, promises_a_picture
from engine.data.readings import read_one
from engine.data.walk import Walked, leads_outside, walk
from engine.errors import NoPictures
from engine.file_names import counted_up, folded
from engine.plain_text import whole_characters
from engine.project import Project
from engine.regular_files import is_file, is_folder, listed

Found = tuple[Path, CaptionBook]


def take_pictures(
    paths: list[Path], project: Project, current: str | None, stop: Event | None = None
) -> Path:
    """The folder to learn from after a drop.

    Raises NoPictures, FolderMissing, OutputNotWritable or DiskFull.

    One folder is used where it lies. Single files are copied into the project's own folder,
    together with those that were there, so that the user's folders stay untouched. Copying takes
    its time: call it in a thread, which `stop` ends early.
    """
    if len(paths) == 1 and is_folder(paths[0]):
        files = walk(paths[0], stop=stop).files
        by_name = any(path.suffix.lower() in PICTURE_SUFFIXES for path in files)
        # Else they are read until one is a picture, or nobody waits for the answer any more.
        by_content = (_is_set(stop) or _is_picture(path) for path in files)
        if not by_name and not any(by_content) and not _is_set(stop):
            raise NoPictures(folder=str(paths[0]), num_files=len(files))
        return paths[0]
    own = project.images
    before = Path(current) if current else None
    # What only promises to be a picture comes too: the page says why it cannot be used.
    files = [path for path in paths if is_file(path) and _is_picture(path, or_promises=True)]
    found = list(_each_beside_its_own(files, stop))
    for folder in filter(Path.is_dir, paths):
        found += _pictures_in(folder, stop)
    if not found and not _is_set(stop):
        raise NoPictures(folder=str(paths[0].parent), num_files=len(paths))
    if before is not None and before != own and is_folder(before) and not _is_bundled(before):
        found = _pictures_in(before, stop) + found
    _copy_all(found, own, stop)
    return own


def copy_pictures(files: Iterable[Path], folder: Path, stop: Event | None = None) -> None:
    """Single pictures with the captions and masks that are beside them.

    Raises OutputNotWritable, DiskFull or InputNotReadable.
    """
    _copy_all(_each_beside_its_own(files, stop), folder, stop)


def _copy_all(pictures: Iterable[Found], folder: Path, stop: Event | None) -> None:
    """Each with what its book knows of it."""
    storage.require_writable(folder)
    try:
        stems = _Stems(folder)
        for path, book in pictures:
            if _is_set(stop):
                return
            if path.parent != folder:  # else it is there already: pasted a moment ago
                _copy(path, stems, book)
    except OSError as error:
        raise storage.as_reading_error(error) from error


def _each_beside_its_own(files: Iterable[Path], stop: Event | None) -> Iterator[Found]:
    """Single pictures. What is below their folders is nobody's question: it may be a whole disk."""
    books: dict[Path, CaptionBook] = {}
    for path in files:
        if path.parent not in books:
            books[path.parent] = CaptionBook(walk(path.parent, deep=False, stop=stop))
        yield path, books[path.parent]


def _pictures_in(folder: Path, stop: Event | None) -> list[Found]:
    """Those that the program would learn from, in subfolders too. Their captions and masks may be
    anywhere in the folder: in a table at its top, in a folder beside theirs."""
    walked = walk(folder, stop=stop)
    files = (path for path in walked.files if not leads_outside(path, folder))
    files = takewhile(lambda path: not _is_set(stop), files)
    book = CaptionBook(walked)
    return [(path, book) for path in files if _is_picture(path)]


def _is_set(stop: Event | None) -> bool:
    return stop is not None and stop.is_set()


def _is_picture(path: Path, *, or_promises: bool = False) -> bool:
    """By its name; one with another name is looked into, as it is when a folder is read."""
    if promises_a_picture(path):
        return or_promises or path.suffix.lower() in PICTURE_SUFFIXES
    return read_one(path).refusal is None


class _Stems:
    """The stems that are taken in a folder: by a picture, a caption or a mask, of whatever kind.

    Systems differ in whether `A.png` and `a.png` are one file; here they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._taken: set[str] = set()
        for path in listed(folder):
            self._taken |= {stem.casefold() for stem in _stems_of(path.name)}

    def free(self, stem: str) -> str:
        """This one, or it with a number behind. It is taken then."""
        found = next(one for one in counted_up(stem) if one.casefold() not in self._taken)
        self._taken.add(found.casefold())
        return found

    def holds(self, picture: Path) -> Path | None:
        """The same picture, where it was copied here before."""
        for stem in counted_up(picture.stem):
            if stem.casefold() not in self._taken:
                return None
            place = self.folder / f"{stem}{picture.suffix}"
            if is_file(place) and _same(place, picture):
                return place
        return None


def _stems_of(name: str) -> Iterator[str]:
    """`a.txt`, `a.png.txt` and `a-mask.png` belong to `a`."""
    stem = Path(name).stem
    yield stem
    yield Path(stem).stem
    yield from (masked.name for masked in mask_names.masked_names(Path(name)))


def _copy(path: Path, stems: _Stems, book: CaptionBook) -> None:
    """A picture, its caption and its mask, in the end the picture: one that is there is whole."""
    there = stems.holds(path)
    stem = there.stem if there is not None else stems.free(path.stem)
    target = stems.folder / f"{stem}{path.suffix}"
    beside = Sidecars(book.walked.texts, book.walked.files).of(path)
    if not _has_words(path, beside):
        _write_caption(target, book, path)
    for caption in beside:  # of two that differ in case, the first counts
        is_named_alike = folded(caption.stem) == folded(path.stem)
        own_stem = stem if is_named_alike else target.name  # photo.jpg.txt
        storage.copy_new(caption, target.with_name(own_stem + caption.suffix.lower()))
    if (mask := book.walked.masks.get(path)) is not None:
        storage.copy_new(mask, target.with_name(f"{stem}{mask_names.MARK}{mask.suffix}"))
    if there is None:
        storage.copy_new(path, target)


def _write_caption(target: Path, book: CaptionBook, path: Path) -> None:
    """What a table says of a picture, in a file of its own."""
    caption = book.read(path, "")
    if caption.choices:
        text = storage.json_text({"captions": caption.choices})
        storage.write_new(target.with_suffix(".json"), whole_characters(text).encode())
    elif caption.text:
        storage.write_new(target.with_suffix(".txt"), whole_characters(caption.text).encode())


def _has_words(path: Path, beside: Sequence[Path]) -> bool:
    """Whether a caption is in the files beside a picture: programs put other things there too."""
    alone = Walked(path.parent, texts=frozenset(beside))
    return bool(beside) and bool(CaptionBook(alone).read(path, "").text)


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and storage.sha256_of(
        one
    ) == storage.sha256_of(other)


def _is_bundled(folder: Path) -> bool:
    """The sample's pictures are not mixed with the user's own."""
    from engine.sample_project import IMAGES

    return folder.resolve() == IMAGES.resolve()
