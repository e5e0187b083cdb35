"""The text of a caption file or a field -> a caption: lines, tags, JSON, several captions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.data.caption_places import TAG_FIELDS, TEXT_FIELDS
from engine.json_reading import NotParsed, parse_json
from engine.plain_text import MOST_CHARACTERS, whole_characters
from engine.wording import QT_TRANSLATE_NOOP, Phrase

TAGS = QT_TRANSLATE_NOOP("engine", "One tag a line: the lines are joined with commas.")
SEVERAL = QT_TRANSLATE_NOOP(
    "engine", "Several captions, one a line. One of them is drawn each time the picture is seen."
)
SEPARATOR = QT_TRANSLATE_NOOP(
    "engine",
    "“|||” is read as a comma. How many tags stay in front is the setting “Tags that stay in "
    "front”.",
)
FROM_JSON = QT_TRANSLATE_NOOP("engine", "JSON: the field {field} is used.")

_MOST_WORDS, _USUAL_WORDS = 4, 2.5  # of a tag, at most and on average
_LEAST_WORDS = 3  # of a caption
# A line that begins or a line that ends with one of these goes on: it was only broken.
_BEGINS = frozenset(
    "of and with in on at or to by from under over behind near while wearing that which who".split()
)
_ENDS = _BEGINS | {"a", "an", "the", "his", "her", "their", "its", "is", "are"}


@dataclass(frozen=True, slots=True)
class Written:
    """A caption as it is used; `choices` where there are several, the first one included."""

    text: str = ""
    choices: tuple[str, ...] = ()
    remarks: tuple[Phrase, ...] = ()


def parse(text: str) -> Written:
    """What a text file says."""
    text = text.strip()
    if text.startswith("{") and text.endswith("}") and (inside := _from_json(text)):
        return inside
    lines = [tidy(line) for line in text.splitlines()]
    filled = [line for line in lines if line]
    if not filled:
        return Written()
    has_paragraphs = len(filled) < len(lines)
    if _are_tags(filled):
        return _without_separator([", ".join(line.rstrip(",") for line in filled)], Phrase(TAGS))
    if not has_paragraphs and _are_captions(filled):
        return _without_separator(list(dict.fromkeys(filled)), Phrase(SEVERAL))
    return _without_separator([" ".join(filled)])


def of_fields(row: Mapping[str, Any], *, join_tags: bool = False) -> tuple[Written, str]:
    """The caption in a row or a JSON object, and the name of the field that it is in.

    With `join_tags` tags follow the caption, as sd-scripts joins them.
    """
    known = {str(key).strip().lower(): value for key, value in row.items()}
    caption, field = _first(known, TEXT_FIELDS)
    tags, tag_field = _first(known, TAG_FIELDS)
    joined = ", ".join(_tags(tags))
    if not caption:
        return Written(joined), tag_field if joined else ""
    texts = [text for text in map(tidy, _texts(caption)) if text]
    if not texts:
        return Written(joined), tag_field if joined else ""
    if join_tags and joined:
        texts = [f"{text}, {joined}" for text in texts]
    if len(texts) > 1:
        return Written(texts[0], tuple(texts), (Phrase(SEVERAL),)), field
    return Written(texts[0]), field


def _first(row: Mapping[str, Any], fields: tuple[str, ...]) -> tuple[Any, str]:
    """The first of these fields that holds something."""
    return next(((row[field], field) for field in fields if row.get(field)), (None, ""))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _tags(value: Any) -> Iterator[str]:
    """Tags in a list, in a text with commas or with spaces, or in a table of lists (Hydrus)."""
    if isinstance(value, str):
        parts = value.split(",") if "," in value else value.split()
    elif isinstance(value, list):
        parts = _texts(value)
    elif isinstance(value, Mapping):
        for inside in value.values():
            yield from _tags(inside)
        return
    else:
        return
    yield from (tag for tag in map(tidy, parts) if tag)


def _from_json(text: str) -> Written | None:
    """Of an object with a known field; anything else in braces is a caption as it is."""
    try:
        data = parse_json(text, unique=False, allow_nan=True)
    except NotParsed:
        return None
    written, field = of_fields(data) if isinstance(data, dict) else (Written(), "")
    if not field:
        return None
    return Written(
        written.text, written.choices, (*written.remarks, Phrase(FROM_JSON, field=field))
    )


def _without_separator(texts: list[str], *remarks: Phrase) -> Written:
    """`sks ||| dog`: sd-scripts keeps what is before it in front when tags are shuffled."""
    cleaned = [_joined(text) for text in texts]
    if any("|||" in text for text in texts):  # not for a comma that ends the text, and also goes
        remarks = (*remarks, Phrase(SEPARATOR))
    return Written(cleaned[0], tuple(cleaned) if len(cleaned) > 1 else (), remarks)


def _joined(text: str) -> str:
    """With commas in the place of separators."""
    return ", ".join(part.strip(", ") for part in text.split("|||")).strip(", ")


def _are_tags(lines: list[str]) -> bool:
    """Several lines of a few words each, none of which is a part of a sentence."""
    words = [line.split() for line in lines]
    return (
        len(lines) > 1
        and all(len(line) <= _MOST_WORDS for line in words)
        and sum(map(len, words)) <= _USUAL_WORDS * len(lines)
        and not any(_weight(line) > _MOST_WORDS for line in lines)
        and not any(
            "," in line.rstrip(",") or line.endswith((".", "!", "?", "。")) for line in lines
        )
        and not any(line[0].lower() in _ENDS or line[-1].lower() in _ENDS for line in words)
    )


def _are_captions(lines: list[str]) -> bool:
    """Several lines, each of which can be read alone."""
    return (
        len(lines) > 1
        and all(_weight(line) >= _LEAST_WORDS or "," in line for line in lines)
        and not any(line.endswith(",") or line.split()[-1].lower() in _ENDS for line in lines[:-1])
        and not any(line.split()[0].lower() in _BEGINS for line in lines[1:])
        and not any(". " in line for line in lines)  # prose of several sentences
    )


def _weight(line: str) -> float:
    """So many words; two characters of a script without spaces count as one."""
    wide = sum(char > "\u2e80" for char in line)
    return wide / 2 if wide * 2 > len(line) else len(line.split())


def tidy(text: str) -> str:
    """One line without doubled spaces, no longer than a caption file may be."""
    return whole_characters(" ".join(text[:MOST_CHARACTERS].split()))
