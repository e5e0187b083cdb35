"""Marks English sentences for translation without importing Qt.

`pyside6-lupdate` finds the name QT_TRANSLATE_NOOP in the source; at run time it does nothing.
The window translates with the context "engine".
"""

from __future__ import annotations


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:  # noqa: N802 (lupdate looks for this name)
    """Return `text`; the window looks its translation up under `context`."""
    del context
    return text
