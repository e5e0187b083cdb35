"""Captions of a whole set in one file: metadata.jsonl, metadata.csv, sd-scripts' meta_cap.json."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from engine.data import encodings
from engine.data.caption_places import NAME_FIELDS, PARQUET
from engine.data.caption_text import Written, of_fields, tidy
from engine.json_reading import NotParsed, parse_json
from engine.regular_files import read_bytes, reason_of
from engine.wording import QT_TRANSLATE_NOOP, ReasonedError

MAX_BYTES = 64 << 20
_LONGEST_NAME = 4096
_ABSOLUTE = re.compile(r"^(?:/|[A-Za-z]:/)")


class TableError(ReasonedError):
    """Raised with the reason why a table of captions cannot be used, as a sentence."""


@dataclass(frozen=True, slots=True)
class Table:
    """Captions by the names of pictures, below the folder that the table is in."""

    path: Path
    captions: Mapping[str, Written]
    guessed: str = ""  # a key of encodings.NAMES

    def find(self, picture: Path) -> Written | None:
        below = picture.relative_to(self.path.parent)
        # sd-scripts names pictures by their whole path, or by their name without the suffix.
        names = (below, below.with_suffix(""), Path("/", picture.name))
        keys = [_key(name) for name in names]
        keys += [_lowered(key) for key in keys]
        return next((self.captions[key] for key in keys if key in self.captions), None)

    def speaks_of(self, names: Collection[str]) -> bool:
        """Whether one of `names_of` some pictures is in it."""
        return any(_lowered(key.rsplit("/", 1)[-1]) in names for key in self.captions)


def names_of(pictures: Iterable[Path]) -> set[str]:
    """The names under which a table may speak of pictures, with a suffix and without."""
    return {_lowered(_key(name)) for path in pictures for name in (path.name, path.stem)}


def read_table(path: Path, *, any_column: bool = True) -> Table:
    """With `any_column` the first column of text counts where none has a known name.

    Raises TableError.
    """
    if path.suffix.lower() == PARQUET:
        raise TableError(
            QT_TRANSLATE_NOOP(
                "engine",
                "Imprint reads no Parquet files. Save it as metadata.jsonl or metadata.csv.",
            )
        )
    text, guessed = _text_of(path)
    rows = {".jsonl": _lines, ".csv": _csv, ".tsv": _csv, ".json": _json}[path.suffix.lower()]
    captions: dict[str, Written] = {}
    whole: dict[str, list[str]] = {}  # keys of absolute names by the file's name
    for name, row in rows(text):
        written = _written(row, any_column=any_column)
        if not written.text:
            continue
        key = _key(name)
        captions[key] = written
        if _ABSOLUTE.match(key):
            whole.setdefault(_key(Path("/", key.rsplit("/", 1)[-1])), []).append(key)
    for key, names in whole.items():
        if len(names) == 1:
            captions.setdefault(key, captions[names[0]])
    for key in list(captions):
        captions.setdefault(_lowered(key), captions[key])
    if not captions:
        raise TableError(
            QT_TRANSLATE_NOOP(
                "engine", "it has no column that names files beside one that holds captions."
            )
        )
    return Table(path, captions, guessed)


def _text_of(path: Path) -> tuple[str, str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TableError(QT_TRANSLATE_NOOP("engine", "it is larger than 64 MiB."))
        decoded = encodings.decode(read_bytes(path))
    except OSError as error:
        raise TableError(
            QT_TRANSLATE_NOOP("engine", "It cannot be read: {reason}."), reason=reason_of(error)
        ) from error
    except encodings.NotText as error:
        raise TableError(QT_TRANSLATE_NOOP("engine", "it is not a text file.")) from error
    return decoded.text, decoded.guessed


def _lines(text: str) -> Iterator[tuple[str, Any]]:
    """One JSON object a line."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        row = _parsed(line, number)
        if isinstance(row, dict):
            yield _name_in(row), row


def _csv(text: str) -> Iterator[tuple[str, Any]]:
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            filled = {key: value for key, value in row.items() if isinstance(key, str) and value}
            yield _name_in(filled), filled
    except csv.Error as error:
        raise TableError(
            QT_TRANSLATE_NOOP("engine", "line {line} is broken ({reason})."),
            line=reader.line_num,
            reason=str(error),
        ) from error


def _json(text: str) -> Iterator[tuple[str, Any]]:
    """A list of rows, or a dictionary by name."""
    data = _parsed(text, 0)
    if isinstance(data, list):
        yield from ((_name_in(row), row) for row in data if isinstance(row, dict))
    elif isinstance(data, dict):
        yield from ((name, _Named(row)) for name, row in data.items())


@dataclass(frozen=True, slots=True)
class _Named:
    """What a dictionary holds under the name of a picture."""

    value: Any


def _written(row: Any, *, any_column: bool) -> Written:
    if isinstance(row, _Named):
        if isinstance(row.value, str):
            return Written(tidy(row.value))
        return of_fields(row.value, join_tags=True)[0] if isinstance(row.value, dict) else Written()
    written, field = of_fields(row)
    if field or not any_column:
        return written
    # datasets lets people call the column as they like: the first that holds a text.
    others = (
        value
        for key, value in row.items()
        if str(key).strip().lower() not in NAME_FIELDS and isinstance(value, str) and value.strip()
    )
    return Written(tidy(next(others, "")))


def _name_in(row: Mapping[str, Any]) -> str:
    known = {str(key).strip().lower(): value for key, value in row.items()}
    names = (known[field] for field in NAME_FIELDS if isinstance(known.get(field), str))
    return next(names, "")


def _parsed(text: str, line: int) -> Any:
    try:
        return parse_json(text, unique=False, allow_nan=True)
    except NotParsed as error:
        facts = error.reason.facts
        line += int(facts.get("line", 1)) - (1 if line else 0)
        raise TableError(
            QT_TRANSLATE_NOOP("engine", "line {line} is broken ({reason})."),
            line=line,
            reason=facts.get("what", error.reason),
        ) from error


def _lowered(key: str) -> str:
    """With the suffix in lower case: IMG_1.JPG and IMG_1.jpg are one name to most programs."""
    suffix = PurePosixPath(key).suffix
    return key.removesuffix(suffix) + suffix.lower()


def _key(name: str | Path) -> str:
    """Alike for the spellings that systems have: slashes, composed letters."""
    text = name.as_posix() if isinstance(name, Path) else name.replace("\\", "/")
    return unicodedata.normalize("NFC", text[:_LONGEST_NAME]).removeprefix("./")
