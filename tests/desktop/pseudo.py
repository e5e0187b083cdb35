"""A language that nobody speaks: English with accents, and longer by 40 per cent.

What stays plain English on the screen was never given to the translators; what is cut off would be
cut off in German.
"""

from __future__ import annotations

import re

from PySide6.QtCore import QTranslator

ACCENTED = str.maketrans("AEIOUYaeiouyCcNn", "ÅÉÎÖÛÝåéîöûýÇçÑñ")
KEPT = re.compile(r"(\{[^}]*\}|%n|<[^>]*>|\(\*[^)]*\)|\*\.\w+|;;|&)")
LONGER = 0.4


def stretched(text: str) -> str:
    """The text with accents and more of it; what is filled in later stays as it is."""
    pieces = KEPT.split(text)
    letters = sum(len(piece) for piece in pieces[::2])
    accented = [piece if place % 2 else piece.translate(ACCENTED)
                for place, piece in enumerate(pieces)]  # fmt: skip
    more = "".join(accented[::2]).strip()[: round(LONGER * letters)]
    return f"{''.join(accented)} {more}" if more else text


class Pseudo(QTranslator):
    """Installed in place of a language's own translator."""

    def translate(self, context, source, disambiguation=None, n=-1) -> str:
        return stretched(source)

    def isEmpty(self) -> bool:
        return False
