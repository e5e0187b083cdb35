"""The only place that parses JSON and TOML; tests/test_one_parser.py lets no other module do it.

A file may come from anyone. Deeply nested brackets, numbers of thousands of digits, a key that
occurs twice, NaN and Infinity raise NotParsed. A RecursionError never leaves this module.
Imports next to nothing: engine/card_pack.py asks before anything else at each start.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections import Counter
from functools import cache
from typing import Any

from engine.wording import QT_TRANSLATE_NOOP, ReasonedError

MAX_DEPTH = 64  # brackets inside one another; Python's own parser fails at about a thousand
MAX_DIGITS = 40  # of a whole number; transformers writes 10**30 for "no limit"
MAX_NAME = 80  # characters of a key in a sentence

_AT = QT_TRANSLATE_NOOP("engine", "line {line}, column {column}: {what}")
_AT_END = QT_TRANSLATE_NOOP("engine", "at the end of the file: {what}")
_TOO_DEEP = QT_TRANSLATE_NOOP("engine", "its brackets are nested too deeply")
_TOO_LONG = QT_TRANSLATE_NOOP("engine", "a number in it has too many digits")
_TWICE = QT_TRANSLATE_NOOP("engine", "{name} is in it twice")
_NO_NUMBER = QT_TRANSLATE_NOOP("engine", "{number} in it is not a number that can be used")
_NOT_TEXT = QT_TRANSLATE_NOOP("engine", "it is not a text file")
_TOML_PLACE = re.compile(r"\A(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
# A string counts to its end, or to that of the text: nothing is looked at twice.
_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


class NotParsed(ReasonedError, ValueError):
    """Raised where a text is neither JSON nor TOML, with the place where known."""


def parse_json(text: str | bytes, *, unique: bool = True, allow_nan: bool = False) -> Any:
    """Raises NotParsed. `unique`: refuse a key that occurs twice in one object. `allow_nan`: take
    NaN and Infinity, and 1e999, which is Infinity."""
    text = _decoded(text)
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth_of(text) > MAX_DEPTH:
        raise NotParsed(_TOO_DEEP)
    try:
        return _decoder(unique, allow_nan).decode(text)
    except json.JSONDecodeError as error:
        raise NotParsed(_AT, line=error.lineno, column=error.colno, what=error.msg) from error
    except RecursionError as error:  # the caller was deep already
        raise NotParsed(_TOO_DEEP) from error


def parse_toml(text: str) -> Any:
    """Raises NotParsed."""
    try:
        data = tomllib.loads(text)
    except RecursionError as error:
        raise NotParsed(_TOO_DEEP) from error
    except tomllib.TOMLDecodeError as error:
        raise _in_toml(str(error)) from error
    except ValueError as error:  # what is left: Python reads no number of thousands of digits
        raise NotParsed(_TOO_LONG) from error
    _require_bounded(data)
    return data


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode(json.detect_encoding(text))  # with the mark that some editors leave
    except UnicodeDecodeError as error:
        raise NotParsed(_NOT_TEXT) from error


def _depth_of(text: str) -> int:
    """Of the brackets; no more than one above what is allowed."""
    depth = deepest = 0
    for found in _BRACKET.finditer(text):
        sign = found[0]
        if sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > MAX_DEPTH:
                break
        elif sign in "]}":
            depth -= 1
    return deepest


@cache
def _decoder(unique: bool, allow_nan: bool) -> json.JSONDecoder:
    return json.JSONDecoder(
        parse_int=_whole,
        parse_float=None if allow_nan else _finite,
        parse_constant=None if allow_nan else _refuse_constant,
        object_pairs_hook=_only_once if unique else None,
    )


def _require_bounded(data: Any) -> None:
    """Raises NotParsed. For TOML, where `a.a.a = 1` is deep without a bracket."""
    level = [data]
    for _ in range(MAX_DEPTH + 1):
        if any(isinstance(value, int) and abs(value) >= 10**MAX_DIGITS for value in level):
            raise NotParsed(_TOO_LONG)
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise NotParsed(_TOO_DEEP)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS + 1:  # the sign
        raise NotParsed(_TOO_LONG)
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise NotParsed(_NO_NUMBER, number=digits[:MAX_NAME])
    return number


def _refuse_constant(name: str) -> float:
    raise NotParsed(_NO_NUMBER, number=name)


def _only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise NotParsed(_TWICE, name=twice[:MAX_NAME])
    return found


def _in_toml(message: str) -> NotParsed:
    found = _TOML_PLACE.fullmatch(message)
    what = found[1] if found else message
    if found and found[2]:
        return NotParsed(_AT, line=int(found[2]), column=int(found[3]), what=what)
    return NotParsed(_AT_END, what=what)
