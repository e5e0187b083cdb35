"""Weighing words of a prompt the way front ends do: `(word:1.1)`."""

from __future__ import annotations

import re

STEP = 0.1
_WEIGHED = re.compile(r"\(([^()]*?):(-?\d+(?:\.\d+)?)\)")
_WORD = re.compile(r"[^\s,()]+")


def weigh(text: str, start: int, end: int, steps: int) -> tuple[str, int, int]:
    """The prompt with what is between `start` and `end` weighed by `steps` more tenths.

    Without a selection the word at the cursor counts. Brackets that are there are changed, and
    go at a weight of 1. Returns the text and the place of the words in it.
    """
    for found in _WEIGHED.finditer(text):
        if found.start() <= start and end <= found.end():
            inner, weight = found[1], float(found[2]) + steps * STEP
            return _put(text, found.start(), found.end(), inner, weight)
    if start == end:
        words = (word for word in _WORD.finditer(text) if word.start() <= start <= word.end())
        word = next(words, None)
        if word is None:
            return text, start, end
        start, end = word.span()
    return _put(text, start, end, text[start:end], 1.0 + steps * STEP)


def _put(text: str, start: int, end: int, inner: str, weight: float) -> tuple[str, int, int]:
    weight = round(weight, 2)
    if weight == 1:
        return text[:start] + inner + text[end:], start, start + len(inner)
    return (
        f"{text[:start]}({inner}:{weight:g}){text[end:]}",
        start + 1,
        start + 1 + len(inner),
    )
