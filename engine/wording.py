"""Marks English sentences for translation without importing Qt.

`pyside6-lupdate` finds the name QT_TRANSLATE_NOOP in the source; at run time it does nothing.
The window translates with the context "engine".
"""

from __future__ import annotations

Fact = str | int | float


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:  # noqa: N802 (lupdate looks for this name)
    """Return `text`; the window looks its translation up under `context`."""
    del context
    return text


class Phrase(str):
    """An English text that still knows its template, so that the window can say it anew.

    Everywhere else it is the text itself: in files, in logs, as a fact of another sentence.
    """

    template: str
    facts: dict[str, Fact]

    def __new__(cls, template: str, /, **facts: Fact) -> Phrase:
        made = super().__new__(cls, template.format(**facts))
        made.template, made.facts = template, facts
        return made


class ReasonedError(Exception):
    """Raised with a reason that the window can say in its own language."""

    def __init__(self, template: str, /, **facts: Fact) -> None:
        self.reason = Phrase(template, **facts)
        super().__init__(self.reason)
