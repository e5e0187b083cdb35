"""JSON and TOML -> data, with what is wrong in words of ours."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from engine.wording import QT_TRANSLATE_NOOP, ReasonedError

_AT = QT_TRANSLATE_NOOP("engine", "line {line}, column {column}: {what}")
_AT_END = QT_TRANSLATE_NOOP("engine", "at the end of the file: {what}")
_TOO_DEEP = QT_TRANSLATE_NOOP("engine", "it has too many brackets inside one another")
_TOO_LONG = QT_TRANSLATE_NOOP("engine", "a number in it has too many digits")
_TOML_PLACE = re.compile(r"\A(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


class NotParsed(ReasonedError):
    """Raised where a text is neither JSON nor TOML, with the place where known."""


def parsed(text: str, *, is_toml: bool) -> Any:
    """Raises NotParsed."""
    try:
        return tomllib.loads(text) if is_toml else json.loads(text)
    except RecursionError as error:
        raise NotParsed(_TOO_DEEP) from error
    except json.JSONDecodeError as error:
        raise NotParsed(_AT, line=error.lineno, column=error.colno, what=error.msg) from error
    except tomllib.TOMLDecodeError as error:
        raise _in_toml(str(error)) from error
    except ValueError as error:  # what is left: Python reads no number of thousands of digits
        raise NotParsed(_TOO_LONG) from error


def _in_toml(message: str) -> NotParsed:
    found = _TOML_PLACE.fullmatch(message)
    what = found[1] if found else message
    if found and found[2]:
        return NotParsed(_AT, line=int(found[2]), column=int(found[3]), what=what)
    return NotParsed(_AT_END, what=what)
