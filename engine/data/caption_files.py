"""The caption of each picture of a set, from wherever the tools of the field put captions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.data import encodings
from engine.data.caption_places import (
    JSON_SUFFIX,
    PARQUET,
    TABLES,
    TEXT_SUFFIXES,
    Sidecars,
)
from engine.data.caption_tables import Table, TableError, names_of, read_table
from engine.data.caption_text import Written, of_fields, parse
from engine.data.walk import OUTSIDE, Walked, leads_outside
from engine.dataset_notices import CaptionRemark, TablesLeftOut, TableUnreadable
from engine.errors import Notice
from engine.json_reading import NotParsed, parse_json
from engine.regular_files import is_file, is_link, paths_in, read_start, reason_of
from engine.wording import QT_TRANSLATE_NOOP, Phrase, ReasonedError, listed

MAX_BYTES = 64 * 1024
MAX_JSON_BYTES = 1 << 20
_SUM = re.compile("[0-9a-f]{64}")  # of a picture, by which its caption in a project is named
VOTERS = 50  # files whose encoding tells that of the set

GUESSED = QT_TRANSLATE_NOOP(
    "engine", "Not in UTF-8; read as {encoding}. Have a look at them, or save them as UTF-8."
)
KEPT_BOTH = QT_TRANSLATE_NOOP(
    "engine",
    "Another program changed this caption while it was edited here. The one of Imprint is used; "
    "the other is kept in the captions folder of the project, in a file that ends in .other.",
)
DISAGREE = QT_TRANSLATE_NOOP("engine", "{used} is used; {other} says something else.")
NO_FIELD = QT_TRANSLATE_NOOP(
    "engine", "The .json file has no field called caption, text, prompt or tags."
)


class CaptionError(ReasonedError):
    """Raised with the reason why a caption file cannot be read, as a sentence."""


@dataclass(frozen=True, slots=True)
class Caption:
    """The caption of one picture."""

    text: str = ""  # empty where there is none
    choices: tuple[str, ...] = ()  # where there are several: all of them
    remarks: tuple[Phrase, ...] = ()  # the same words for all pictures that they are true of
    problem: Phrase | None = None  # a file that cannot be read, by its name


NO_CAPTION = Caption()


class CaptionBook:
    """Finds captions. Opened once for a set, since files tell the encoding of each other."""

    def __init__(self, walked: Walked, own_folder: Path | None = None) -> None:
        self.walked = walked
        self._own = own_folder
        self._beside = Sidecars(walked.texts, walked.files)
        self._tables: dict[Path, list[Table]] = {}  # by their folder
        self.notices: list[Notice] = []
        self._open_tables()

    def read(self, picture: Path, content_hash: str) -> Caption:
        """The caption that belongs to a picture. See docs/data-sets.md for what goes first.

        What was written in Imprint (`<own_folder>/<content hash>.txt`) wins over everything.
        """
        if self._own is not None and is_file(own := self._own / f"{content_hash}.txt"):
            if leads_outside(own, self._own):
                return Caption(problem=Phrase(OUTSIDE))
            try:  # empty, too: the user took the caption away
                return Caption(read_text(own), remarks=_kept_both(own))
            except CaptionError as error:
                return Caption(problem=error.reason)
        found: list[tuple[str, Written]] = []
        problem: Phrase | None = None
        for path in self._beside.of(picture):
            try:
                found.append((path.name.removeprefix(picture.stem), self._read(path)))
            except CaptionError as error:
                problem = problem or error.reason
        found += self._in_tables(picture)
        return _first_of(found, problem)

    def _read(self, path: Path) -> Written:
        if path.suffix.lower() == JSON_SUFFIX:
            return _of_json(path)
        decoded = _decode(path, self._likely)
        return _with_guess(parse(decoded.text), decoded.guessed)

    def _in_tables(self, picture: Path) -> list[tuple[str, Written]]:
        found = []
        for folder in picture.parents:
            for table in self._tables.get(folder, ()):
                if (written := table.find(picture)) is not None:
                    found.append((table.path.name, _with_guess(written, table.guessed)))
            if folder == self.walked.folder:
                break
        return found

    def _open_tables(self) -> None:
        """Those of known names first; of the others those that name pictures of the set."""
        order = {name: place for place, name in enumerate(TABLES)}
        names, others = names_of(self.walked.files), []
        for path in sorted(self._tables_by_name(), key=lambda path: _place(path, order)):
            name, is_known = self.walked.name_of(path), path.name.lower() in order
            try:
                table = read_table(path, any_column=is_known)
            except TableError as error:
                if is_known or path.suffix.lower() == PARQUET:
                    self.notices.append(TableUnreadable(name=name, reason=error.reason))
                else:
                    others.append(name)
                continue
            if is_known or table.speaks_of(names):
                self._tables.setdefault(path.parent, []).append(table)
            else:
                others.append(name)
        if others:
            self.notices.append(TablesLeftOut(names=listed(others)))

    def _tables_by_name(self) -> set[Path]:
        """What is no caption of a single picture; photo.json beside photo.png is one."""
        beside = {path for picture in self.walked.files for path in self._beside.of(picture)}
        tables = {path for path in self.walked.texts if path.suffix.lower() not in TEXT_SUFFIXES}
        return {path for path in tables if path not in beside or path.name.lower() in TABLES}

    @cached_property
    def _likely(self) -> tuple[str, ...]:
        """The encoding of most files that are not in UTF-8; asked for when there is such a file."""
        votes: Counter[str] = Counter()
        for path in sorted(self.walked.texts):
            if path.suffix.lower() not in TEXT_SUFFIXES:
                continue
            try:
                guessed = _decode(path).guessed
            except CaptionError:
                continue
            votes.update([guessed] if guessed else [])
            if votes.total() >= VOTERS:
                break
        return tuple(encoding for encoding, _ in votes.most_common(1))


def _place(path: Path, order: Mapping[str, int]) -> tuple[Path, int, Path]:
    return path.parent, order.get(path.name.lower(), len(order)), path


def captioned(own_folder: Path | None) -> frozenset[str]:
    """The sums of the pictures that a caption was written for in Imprint."""
    if own_folder is None or is_link(own_folder):
        return frozenset()
    stems = (path.stem for path in paths_in(own_folder, "*.txt"))
    return frozenset(stem for stem in stems if _SUM.fullmatch(stem))


def beside(own: Path) -> Path:
    """Where the words of another program go, when both changed a caption of Imprint."""
    return own.with_suffix(".other")


def is_written(path: Path, texts: Collection[str]) -> bool:
    """Whether there is no file, or one that holds one of these texts."""
    if not is_file(path):
        return True
    try:
        return read_text(path) in {" ".join(text.split()) for text in texts}
    except CaptionError:
        return False


def _kept_both(own: Path) -> tuple[Phrase, ...]:
    return (Phrase(KEPT_BOTH),) if is_file(beside(own)) else ()


def read_text(path: Path) -> str:
    """A short text on one line, in UTF-8, UTF-16 or an old encoding. Raises CaptionError."""
    return " ".join(_decode(path).text.split())


def remarks_on(captions: dict[Phrase, list[str]]) -> list[Notice]:
    """One notice for each remark, with the names of the pictures that it is true of."""
    return [CaptionRemark(names=listed(names), reason=remark) for remark, names in captions.items()]


def _first_of(found: list[tuple[str, Written]], problem: Phrase | None) -> Caption:
    """The first that holds words; the others are named where they say something else."""
    filled = [(place, written) for place, written in found if written.text]
    if not filled:
        left = tuple(remark for _, written in found for remark in written.remarks)
        return Caption(remarks=left, problem=problem)
    (place, used), *others = filled
    said = {used.text, *used.choices}
    remarks = list(used.remarks)
    remarks += [
        Phrase(DISAGREE, used=place, other=other)
        for other, written in others
        if written.text not in said
    ]
    return Caption(used.text, used.choices, tuple(remarks), problem)


def _with_guess(written: Written, encoding: str) -> Written:
    if not encoding:
        return written
    guess = Phrase(GUESSED, encoding=Phrase(encodings.NAMES[encoding]))
    return Written(written.text, written.choices, (guess, *written.remarks))


def _of_json(path: Path) -> Written:
    """Empty where it is something else: programs put many things into .json files."""
    data = _bytes_of(path, MAX_JSON_BYTES)
    if len(data) > MAX_JSON_BYTES:
        return Written(remarks=(Phrase(NO_FIELD),))
    try:
        data = parse_json(data, unique=False, allow_nan=True)
    except NotParsed:
        return Written()
    if isinstance(data, list) and len(data) == 1:  # of some download tools
        data = data[0]
    written, field = of_fields(data) if isinstance(data, dict) else (Written(), "")
    return written if field else Written(remarks=(Phrase(NO_FIELD),))


def _decode(path: Path, likely: tuple[str, ...] = ()) -> encodings.Decoded:
    data = _bytes_of(path, MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise CaptionError(
            QT_TRANSLATE_NOOP("engine", "{name} is larger than 64 KiB; it is no caption."),
            name=path.name,
        )
    try:
        return encodings.decode(data, likely)
    except encodings.NotText as error:
        raise CaptionError(
            QT_TRANSLATE_NOOP("engine", "{name} is not a text file."), name=path.name
        ) from error


def _bytes_of(path: Path, most: int) -> bytes:
    """All of a file, or its first bytes: one more than `most`."""
    try:
        return read_start(path, most + 1)
    except OSError as error:
        raise CaptionError(
            QT_TRANSLATE_NOOP("engine", "{name} cannot be read: {reason}."),
            name=path.name,
            reason=reason_of(error),
        ) from error
