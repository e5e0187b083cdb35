"""Prompts as AUTOMATIC1111 reads them: emphasis, chunks of 75 tokens, `<lora:name:weight>` tags.

Prompt editing (`[a:b:0.5]`, `[a|b]`) and `AND` change the prompt from step to step or draw two
at once; here they are ordinary text, and their square brackets weaken like any others. What of
these a prompt holds is found by `not_done`, so that it can be said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from pathlib import PurePath
from typing import Final

CHUNK_LENGTH = 75  # tokens of a chunk, without its two marks
COMMA_BACKTRACK = 20  # how far before a chunk's end a comma may end it
EMPHASIS = 1.1
MOST_OPEN = 32  # brackets of a kind inside one another: they weigh 21 times as much
ADDON_KINDS = ("lora", "hypernet")  # of tags that name a trained file


class Break(Enum):
    """The end of a chunk that the prompt asks for with the word BREAK."""

    BREAK = "BREAK"


BREAK: Final = Break.BREAK


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text and how much it counts."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class TokenPiece:
    """A stretch of tokens; `whole`: the vectors of a taught word, which stay together."""

    ids: tuple[int, ...]
    weight: float
    whole: bool


@dataclass(slots=True)
class Chunk:
    """At most 75 tokens and their weights, without start mark, end mark and padding."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tag:
    """An add-on named in a prompt: `<lora:name:0.8>`, or `<lora:name:0.5:0.8>` with a weight for
    the text encoders and one for the UNet."""

    kind: str  # one of ADDON_KINDS; any other kind is one that only extensions know
    name: str
    weight: float = 1.0
    unet_weight: float | None = None  # None: the same

    def __str__(self) -> str:
        both = "" if self.unet_weight is None else f":{self.unet_weight:g}"
        return f"<{self.kind}:{self.name}:{self.weight:g}{both}>"

    def names(self, path: PurePath) -> bool:
        """Whether it means this trained file: by the name without its suffix, in any case."""
        return self.kind in ADDON_KINDS and path.stem.casefold() == self.name.casefold()


_TOKEN = re.compile(
    r"""
    \\(?P<escaped>[()\[\]\\]?)
    | :\s*+(?P<weight>[+-]?(?:\d{1,9}+(?:\.\d{0,40}+)?+|\.\d{1,40}+))\s*+\)
    | (?P<bracket>[()\[\]])
    | (?P<text>[^\\()\[\]:]++|:)
    """,
    re.VERBOSE,
)
_BREAK = re.compile(r"\bBREAK\b")
_TAG = re.compile(r"<(?P<kind>\w{1,40}):(?P<words>[^>]{1,300})>")
_ALIASES = {"lyco": "lora"}
# What AUTOMATIC1111 and its extensions do from step to step, or with several prompts.
_NOT_DONE = re.compile(
    r"""
    (?<!\\)\[[^\[\]|:]*+:[^\[\]|]*?\d\s*+\]  # [a:b:0.5] [a:5] [a::5], prompt editing
    | (?<!\\)\[[^\[\]|]*+\|[^\[\]]*+\]      # [a|b], alternating words
    | \bAND\b                               # composable diffusion
    | __[\w*/-]{1,200}__                     # wildcards
    | \{[^{}|]*+\|[^{}]*+\}                  # {a|b}, dynamic prompts
    """,
    re.VERBOSE,
)


def parse_emphasis(prompt: str) -> list[Piece | Break]:
    r"""The prompt in stretches of equal weight; `[Piece("", 1.0)]` for the empty prompt.

    `(a)` counts 1.1 times, `[a]` 1 / 1.1 times, `(a:1.3)` 1.3 times, nested ones multiply;
    `\( \) \[ \] \\` are the signs themselves. A bracket that never closes holds to the end; one
    that never opened is text, and so is its number. So is one that opens inside MOST_OPEN others.
    The word BREAK ends the chunk, but inside brackets that change weights AUTOMATIC1111 takes it
    for text, with the sign of its weight turned round; so does this.
    """
    reader = _EmphasisReader()
    for match in _TOKEN.finditer(prompt):
        reader.read(match)
    return reader.pieces()


def split_tags(prompt: str) -> tuple[str, list[Tag]]:
    """The prompt without its `<kind:name:weight>` tags, and the tags.

    A tag without a number counts 1; `lyco` is another word for `lora`. Of two numbers the first
    is for the text encoders, the second for the UNet, as are `te=0.5` and `unet=0.8`. A tag whose
    weight is no finite number stays in the prompt as text.
    """
    tags: list[Tag] = []

    def take(match: re.Match[str]) -> str:
        tag = _tag(match["kind"], match["words"].split(":"))
        if tag is None:
            return match[0]
        tags.append(tag)
        return ""

    return _TAG.sub(take, prompt), tags


def not_done(prompt: str) -> list[str]:
    """Pieces of a prompt that other programs act on and this one takes for ordinary text."""
    return list(dict.fromkeys(match[0] for match in _NOT_DONE.finditer(prompt)))


def make_chunks(pieces: Sequence[TokenPiece | Break], comma_id: int) -> list[Chunk]:
    """Tokens in chunks of at most 75; at least one chunk, which may be empty.

    A chunk that overflows ends at its last comma if that is among its last 20 tokens; what
    follows the comma begins the next chunk. The vectors of a taught word are not torn apart,
    unless they are more than a chunk holds. BREAK ends a chunk, even an empty one.
    """
    writer = _ChunkWriter(comma_id)
    for piece in pieces:
        if piece is BREAK:
            writer.end_chunk()
        elif piece.whole and len(piece.ids) <= CHUNK_LENGTH:
            writer.add_whole(piece.ids, piece.weight)
        else:
            for token in piece.ids:
                writer.add(token, piece.weight)
    return writer.chunks()


class _EmphasisReader:
    """Collects stretches of text; a closing bracket multiplies all since its opening one."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._weights: list[float] = []
        self._marks: set[int] = set()  # which of the texts are BREAK, with the weight -1
        self._open: dict[str, list[int]] = {"(": [], "[": []}

    def read(self, match: re.Match[str]) -> None:
        weight, bracket = match["weight"], match["bracket"]
        if match["escaped"] is not None:
            self._add(match["escaped"])
        elif bracket in ("(", "[") and len(self._open[bracket]) < MOST_OPEN:
            self._open[bracket].append(len(self._texts))
        elif weight is not None and self._open["("]:
            self._multiply(self._open["("].pop(), float(weight))
        elif bracket == ")" and self._open["("]:
            self._multiply(self._open["("].pop(), EMPHASIS)
        elif bracket == "]" and self._open["["]:
            self._multiply(self._open["["].pop(), 1 / EMPHASIS)
        else:
            self._add_with_breaks(match[0])

    def pieces(self) -> list[Piece | Break]:
        """Close what is open, and merge neighbours of equal weight."""
        for start in self._open["("]:
            self._multiply(start, EMPHASIS)
        for start in self._open["["]:
            self._multiply(start, 1 / EMPHASIS)
        self._open = {"(": [], "[": []}
        found: list[Piece | Break] = []
        for (weight, is_break), group in groupby(range(len(self._texts)), self._kind):
            numbers = list(group)
            if is_break:
                found += [BREAK] * len(numbers)
            else:
                found.append(Piece("".join(self._texts[n] for n in numbers), weight))
        return found or [Piece("", 1.0)]

    def _kind(self, number: int) -> tuple[float, bool]:
        weight = self._weights[number]
        return weight, number in self._marks and weight == -1

    def _add(self, text: str, weight: float = 1.0) -> None:
        self._texts.append(text)
        self._weights.append(weight)

    def _add_with_breaks(self, text: str) -> None:
        *firsts, last = _BREAK.split(text)
        for number, first in enumerate(firsts):
            self._add(first.strip() if number else first.rstrip())
            self._marks.add(len(self._texts))
            self._add("BREAK", -1.0)
        self._add(last.lstrip() if firsts else last)

    def _multiply(self, start: int, factor: float) -> None:
        for number in range(start, len(self._weights)):
            self._weights[number] *= factor


class _ChunkWriter:
    """Fills one chunk after another."""

    def __init__(self, comma_id: int) -> None:
        self._comma_id = comma_id
        self._done: list[Chunk] = []
        self._now = Chunk()
        self._last_comma: int | None = None  # its place in the chunk

    def chunks(self) -> list[Chunk]:
        if self._now.ids or not self._done:
            self.end_chunk()
        return self._done

    def end_chunk(self) -> None:
        self._done.append(self._now)
        self._now, self._last_comma = Chunk(), None

    def add(self, token: int, weight: float) -> None:
        if len(self._now.ids) == CHUNK_LENGTH:
            self._overflow(at_comma=token == self._comma_id)
        if token == self._comma_id:
            self._last_comma = len(self._now.ids)
        self._now.ids.append(token)
        self._now.weights.append(weight)

    def add_whole(self, ids: Sequence[int], weight: float) -> None:
        if len(self._now.ids) == CHUNK_LENGTH:
            self._overflow(at_comma=False)
        if len(self._now.ids) + len(ids) > CHUNK_LENGTH:
            self.end_chunk()
        self._now.ids += ids
        self._now.weights += [weight] * len(ids)

    def _overflow(self, *, at_comma: bool) -> None:
        """End the full chunk, at its last comma if that is near and no comma comes next."""
        comma = self._last_comma
        if at_comma or comma is None or CHUNK_LENGTH - comma > COMMA_BACKTRACK:
            self.end_chunk()
            return
        full, end = self._now, comma + 1
        self._now = Chunk(full.ids[:end], full.weights[:end])
        self.end_chunk()
        self._now = Chunk(full.ids[end:], full.weights[end:])


def _tag(kind: str, words: Sequence[str]) -> Tag | None:
    name, *given = words
    named = dict(word.split("=", 1) for word in given if "=" in word)
    bare = [word for word in given if "=" not in word]
    try:
        text = float(named.get("te", bare[0] if bare else 1.0))
        unet = float(named.get("unet", bare[1] if len(bare) > 1 else text))
    except ValueError:
        return None
    if not math.isfinite(text) or not math.isfinite(unet):
        return None
    return Tag(_ALIASES.get(kind, kind), name, text, None if unet == text else unet)
