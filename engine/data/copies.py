"""Which of several copies of one file is used: the one with a caption, then the one with a mask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.data.caption_files import CaptionBook


def best_first(files: Sequence[Path], book: CaptionBook) -> list[Path]:
    """In their order, but of files of one size, which may be copies, the best come first.

    The first copy that is read is the one that counts.
    """
    by_size: dict[int, list[int]] = {}
    for place, path in enumerate(files):
        by_size.setdefault(_size_of(path), []).append(place)
    by_size.pop(0, None)
    ordered = list(files)
    for places in by_size.values():
        if len(places) > 1:
            best = sorted((files[place] for place in places), key=lambda path: _rank(path, book))
            for place, path in zip(places, best, strict=True):
                ordered[place] = path
    return ordered


def _rank(path: Path, book: CaptionBook) -> tuple[bool, bool]:
    return not book.read(path, "").text, path not in book.walked.masks


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it is gone, or a link that leads nowhere
        return 0
