"""A name that people type -> a file name that every system takes, and that nobody has."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from itertools import count
from pathlib import Path

_RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{i}" for p in ("com", "lpt") for i in range(10))}
# What the two calls below take apart: the Turkish capital İ, and a vowel of Thai and of Lao.
_AS_WRITTEN = {"i\u0307": "i", "\u0e4d\u0e32": "\u0e33", "\u0ecd\u0eb2": "\u0eb3"}
_GAP = re.compile("\0+")
_MOST_READ = 4096  # characters; the name keeps 60
_MOST_DIGITS = 20
_VARIATIONS = range(0xFE00, 0xFE10)  # of an emoji, say: not seen in a name


def safe_name(name: str) -> str:
    """A file name made of the words of `name`, valid on every system."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name[:_MOST_READ]).lower())
    for parts, whole in _AS_WRITTEN.items():
        plain = plain.replace(parts, whole)
    joined = _GAP.sub("-", "".join(_kept(plain))).strip("-._")
    # By bytes: a file system allows 255, and what is put before and behind needs some.
    short = joined[:60].encode()[:120].decode(errors="ignore").strip("-._") or "untitled"
    stem, dot, rest = short.partition(".")
    return f"{stem}-1{dot}{rest}" if stem in _RESERVED else short


def whole_number(text: str) -> int | None:
    """Of a few ASCII digits and nothing else; None for anything else.

    `"²".isdigit()` is true and int("²") fails, and no number of ours has more digits.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None


def number_in(path: Path, part: int) -> int | None:
    """In the parts of a name such as step_000100_01_seed5.png; None where there is none."""
    parts = path.stem.split("_")
    return whole_number(parts[part]) if part < len(parts) else None


def cut(name: str, most_bytes: int = 120) -> str:
    """So short that names can be made of it, as a file system allows 255 bytes; without what is
    no text."""
    return os.fsencode(name)[:most_bytes].decode(errors="ignore").strip()


def folded(name: str) -> str:
    """The same for names that one system or another takes for the same."""
    return unicodedata.normalize("NFC", name).casefold()


def counted_up(stem: str, first: int = 1) -> Iterator[str]:
    """`stem`, `stem-2`, `stem-3` and so on: one takes the first that nobody has."""
    return (stem if number == 1 else f"{stem}-{number}" for number in count(first))


def _kept(text: str) -> list[str]:
    """The signs of words and their marks, as Thai and Hindi have them; NUL for all others."""
    kept: list[str] = []
    for char in text:
        is_mark = unicodedata.category(char) in ("Mn", "Mc") and ord(char) not in _VARIATIONS
        is_mark = is_mark and bool(kept) and kept[-1] != "\0"
        kept.append(char if char.isalnum() or char in "_.-" or is_mark else "\0")
    return kept
