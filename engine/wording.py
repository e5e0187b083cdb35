"""Marks English sentences for translation without importing Qt.

`pyside6-lupdate` finds the name QT_TRANSLATE_NOOP in the source; at run time it does nothing.
The window translates with the context "engine".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from string import Formatter

Fact = str | int | float

LONGEST_WORD = 600  # characters of a fact without a blank
_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
_STOPS = (".", "。")
_GO_ON = (*_STOPS, ",", ";", ")", "，", "；", "）")
_ENDS = (*_STOPS, "!", "?", "！", "？", "…", ":", "：", ")", "）")

# What a terminal obeys (ESC and the other control characters, C1 among them), breaks lines at or
# turns around (the marks of right-to-left text), and what nobody sees.
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:  # noqa: N802 (lupdate looks for this name)
    """Return `text`; the window looks its translation up under `context`."""
    del context
    return text


def fill(template: str, facts: Mapping[str, Fact]) -> str:
    """`template.format`, but a fact that is a sentence loses its full stop where the template goes
    on behind it with a stop of its own, a comma or a bracket."""
    parts = list(Formatter().parse(template))
    text = ""
    for number, (before, name, spec, _) in enumerate(parts):
        text += before
        if name is None:
            continue
        value = _within_reason(format(facts[name], spec or ""))
        behind = parts[number + 1][0] if number + 1 < len(parts) else ""
        if behind.startswith(_GO_ON) and value.endswith(_STOPS) and not value.endswith(".."):
            value = value[:-1]
        text += value
    return text


def _within_reason(value: str) -> str:
    """A path of thousands of characters, with its middle left out: what the sentence says of it
    would be out of sight. A list of many words stays whole."""
    half = LONGEST_WORD // 2
    return _LONG_WORD.sub(lambda found: f"{found[0][:half]} […] {found[0][-half:]}", value)


def ended(text: str) -> str:
    """A whole sentence: with a full stop where its last fact brought none."""
    if not text or text.endswith(_ENDS):
        return text
    return text + ("。" if ord(text[-1]) > 0x2E80 else ".")  # behind a Chinese character


def printable(text: str, *, keep: str = "") -> str:
    """A text from outside for a terminal: a name with a line break or an escape sequence in it
    shows them as `\\n` and `\\x1b`. `keep`: characters that stay as they are."""

    def shown(found: re.Match[str]) -> str:
        sign = found[0]
        return sign if sign in keep else sign.encode("unicode_escape").decode("ascii")

    return UNPRINTABLE.sub(shown, text)


def printable_json(text: str) -> str:
    """The same for a text in JSON, which means the same afterwards."""
    return UNPRINTABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)


class Phrase(str):
    """An English text that still knows its template, so that the window can say it anew.

    Everywhere else it is the text itself: in files, in logs, as a fact of another sentence.
    """

    template: str
    facts: dict[str, Fact]

    def __new__(cls, template: str, /, **facts: Fact) -> Phrase:
        made = super().__new__(cls, fill(template, facts))
        made.template, made.facts = template, facts
        return made


class ReasonedError(Exception):
    """Raised with a reason that the window can say in its own language."""

    def __init__(self, template: str, /, **facts: Fact) -> None:
        self.reason = Phrase(template, **facts)
        super().__init__(self.reason)


NAMES_TOLD = 3


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    told = ", ".join(names[:NAMES_TOLD])
    left = len(names) - NAMES_TOLD
    if left <= 0:
        return told
    return Phrase(QT_TRANSLATE_NOOP("engine", "{names} and {count} more"), names=told, count=left)
