"""Texts that make a regular expression backtrack: of general kinds, and made out of the expression.

For each repeat of an expression a text is made that gets there, stays there for as long as the
text is, and then fails.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from itertools import takewhile
from re import _compiler, _parser  # pyright: ignore[reportAttributeAccessIssue]
from typing import Any

Tokens = Sequence[tuple[Any, Any]]

SIZE = 64 << 10
MANY = 100  # a repeat of more may go on for as long as the text is
MOST_LETTERS = 6
ENDS = ("", "\0", "x")
_REPEATS = (_parser.MAX_REPEAT, _parser.MIN_REPEAT, _parser.POSSESSIVE_REPEAT)
_UNITS = (
    "a A 0 9 _ . , : ; = | # ~ - ! \" ' ` \\ / ( ) [ ] { } < > \n \t \r \0 \u00e9 \u4e00 \u0301 "
    '\U0001f600 \ud800 a, a: a. a_ 0. (a [a {a <a: <lora:a (a:1 (a:1.0 [a:1 [a| {a| __a \\( \\" '
    'BREAK AND "a": a=1 a:\n - ( )( ]['
).split(" ")
GENERAL = [unit for unit in _UNITS if unit] + [" ", " \n", "a ", "BREAK ", "a: 1, ", 'aa: "', "((("]


def general_texts(size: int = SIZE) -> Iterator[str]:
    """One unit repeated, also after an opening sign."""
    for unit in GENERAL:
        yield unit * (size // len(unit))
    for opening in "([{<\"'\\":
        for unit in ("a", ":1", "a|", ": "):
            yield opening + unit * (size // len(unit) - 1)


def texts_against(pattern: re.Pattern, size: int = SIZE) -> set[str]:
    source = pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    flags = pattern.flags & ~re.UNICODE if isinstance(source, bytes) else pattern.flags
    made = set()
    for before, units in _places(_parser.parse(text, flags), "", ""):
        for unit in units:
            for start, repeated in ((before, unit), ("", before + unit)):
                body = start + repeated * max(1, (size - len(start)) // len(repeated))
                made |= {body[: size - len(end)] + end for end in ENDS}
    return made


def _places(tokens: Tokens, before: str, after: str) -> Iterator[tuple[str, set[str]]]:
    """What leads to each repeat that may go on for long, and what it takes."""
    for number, (kind, value) in enumerate(tokens):
        rest = tokens[number + 1 :]
        follows = _example(rest) + after
        if kind in _REPEATS:
            least, most, body = value
            if most > MANY:
                yield before, _units(body, before, follows)
            yield from _places(body, before, follows)
            before += _example(body) * least
            continue
        for inside in _inside(kind, value):
            yield from _places(inside, before, follows)
        before += _example([(kind, value)])


def _units(body: Tokens, before: str, follows: str) -> set[str]:
    """Letters that the repeat takes, one round of it, and what is before and behind it as far as
    it takes that."""
    takes = _compiler.compile(_parser.SubPattern(body.state, list(body)))  # pyright: ignore
    letters = dict.fromkeys(f"{follows[:3]}{before[-2:]}a0 _.-:,\n")
    found = [letter for letter in letters if takes.fullmatch(letter)][:MOST_LETTERS]
    taken = "".join(takewhile(takes.fullmatch, follows))
    return {unit for unit in (*found, _example(body), taken, f"a{taken}") if unit}


def _inside(kind: Any, value: Any) -> list[Tokens]:
    if kind is _parser.SUBPATTERN:
        return [value[-1]]
    if kind is _parser.BRANCH:
        return list(value[1])
    if kind in (_parser.ASSERT, _parser.ASSERT_NOT):
        return [value[1]]
    return [value] if kind is _parser.ATOMIC_GROUP else []


def _example(tokens: Tokens) -> str:
    """A short text that the tokens match."""
    return "".join(_example_of(kind, value) for kind, value in tokens)


def _example_of(kind: Any, value: Any) -> str:
    if kind is _parser.LITERAL:
        return chr(value)
    if kind is _parser.IN:
        state = _parser.State()
        takes = _compiler.compile(_parser.SubPattern(state, [(kind, value)]))
        return next((letter for letter in string.printable if takes.fullmatch(letter)), "\u4e00")
    if kind in (_parser.ANY, _parser.NOT_LITERAL):
        return "b" if value == ord("a") else "a"
    if kind in _REPEATS:
        return _example(value[2]) * value[0]
    if kind in (_parser.ASSERT, _parser.ASSERT_NOT):
        return ""
    return next((_example(inside) for inside in _inside(kind, value)), "")
