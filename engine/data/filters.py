"""The filter line above a set of pictures: `cat no:caption is:blurred size:<512 tokens:>75`.

All terms must hold. What is no known term is looked for in the caption and the file's name.
"""

from __future__ import annotations

import operator
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from engine.data.tokens import count_tokens


@dataclass(frozen=True, slots=True)
class Described:
    """What a filter can ask of one picture."""

    name: str
    caption: str
    width: int
    height: int
    marks: frozenset[str]  # of MARKS


# "is:" terms, and words that people may type instead.
MARKS = {
    "blurred": "blurred",
    "blurry": "blurred",
    "duplicate": "duplicate",
    "small": "small",
    "transparent": "transparent",
    "unreadable": "unreadable",
    "edited": "edited",
    "cropped": "cropped",
    "masked": "masked",
    "left-out": "left-out",
    "excluded": "left-out",
}
Test = Callable[[Described], bool]

_NUMBERS: dict[str, Callable[[Described], float]] = {
    "size": lambda picture: min(picture.width, picture.height),
    "width": lambda picture: picture.width,
    "height": lambda picture: picture.height,
    "tokens": lambda picture: count_tokens(picture.caption),
}
_BOUND = re.compile(r"([<>]=?|=|)([0-9]{1,9})")
_COMPARED = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq,
    "": operator.eq,
}  # fmt: skip


def matcher(query: str) -> Test:
    """Whether a picture is meant by the filter line; an empty line means all."""
    tests = [_test(term) for term in _terms(query)]
    return lambda picture: all(test(picture) for test in tests)


def _terms(query: str) -> list[str]:
    try:
        return shlex.split(query)
    except ValueError:  # a quotation mark that is still being typed, an apostrophe
        return query.split()


def _test(term: str) -> Test:
    key, colon, value = term.lower().partition(":")
    if colon and key == "no" and value in ("caption", "captions"):
        return lambda picture: not picture.caption
    if colon and key in ("is", "not") and value in MARKS:
        mark, wanted = MARKS[value], key == "is"
        return lambda picture: (mark in picture.marks) == wanted
    found = _BOUND.fullmatch(value)
    if colon and key in _NUMBERS and found:
        measure, compare, bound = _NUMBERS[key], _COMPARED[found[1]], int(found[2])
        return lambda picture: compare(measure(picture), bound)
    words = term.lower()
    return lambda picture: words in picture.caption.lower() or words in picture.name.lower()
