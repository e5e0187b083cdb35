"""Where a text calls a word: the one answer for captions, tokens, prompts, samples and files.

`calls("a photo of SKS cat", "sks")` is true, `calls("masks", "sks")` is not. The rules for all
scripts are in docs/decisions/0013-where-a-text-calls-a-word.md.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.prompts import BREAK, parse_emphasis, split_tags

Span = tuple[int, int]  # from and to in the text

_BRACKETS = re.compile(r"[()\[\]\\]")  # what a prompt reads as emphasis
_BEFORE_A_STOP = re.compile(r" ([,.])")
_SPACES = re.compile(r"\s\s|[^\S ]")  # several in a row, or others than the blank
# Signs of more characters are none of a language (UAX 15, "Stream-Safe Text Format"), and to
# normalize one costs time by the square of its length.
_LONGEST_SIGN = 32
_REMEMBERED = 2000  # characters: longer texts are not kept
_ZERO_WIDTH_SPACE, _JOINER = "\u200b", "\u200d"
_NOT_SEEN = "\u00ad\u200c\u200d\u2060\ufeff"  # soft hyphen, joiners, byte order mark
_NOT_COMPARED = re.compile("[\u00ad\u200c\u2060\ufeff\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Jamo after the first of a syllable, half-width sound marks, skin tones, tags of flags.
_CONTINUES = re.compile("[\u1160-\u11ff\uff9e\uff9f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
# Scripts that put no spaces between words, or put particles right after them: Thai to Myanmar,
# Hangul, Khmer and its neighbours, Han, Kana, Bopomofo, Yi.
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u2e80-\u2fdf\u3005-\u3007"
    "\u3021-\u3029\u3031-\u303c\u3040-\u31ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\ua9e0-\ua9ff"
    "\uaa60-\uaadf\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U0001aff0-\U0001b16f\U00020000-\U0003ffff]"
)


def calls(text: str, word: str) -> bool:
    """Whether a text contains the word as a word."""
    return bool(spans(text, word))


def prompt_calls(prompt: str, word: str) -> bool:
    """`calls` for a prompt: after its `<lora:...>` tags, its brackets and BREAK are read."""
    pieces = parse_emphasis(split_tags(prompt)[0])
    wanted = folded(word)
    return any(piece is not BREAK and bool(_spans(piece.text, wanted)) for piece in pieces)


def as_called(word: str) -> str:
    """What to write in a prompt to call the word: its brackets escaped where they would be read
    as emphasis. Empty where no prompt can call it."""
    escaped = _BRACKETS.sub(r"\\\g<0>", word)
    return next((text for text in (word, escaped) if prompt_calls(text, word)), "")


def spans(text: str, word: str) -> list[Span]:
    """Every place where a text calls the word, in order; they do not overlap."""
    return _spans(text, folded(word))


def _spans(text: str, wanted: str) -> list[Span]:
    here = _folded(text)
    found: list[Span] = []
    start = here.text.find(wanted) if wanted else -1
    while start >= 0:
        span = here.span(start, start + len(wanted))
        if span is not None and _has_edges(text, here, span):
            found.append(span)
            start += len(wanted)
        else:
            start += 1
        start = here.text.find(wanted, start)
    return found


def split(text: str, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The text in pieces: (piece, the word that it calls), or (piece, "") for ordinary text.

    Where words overlap, the first one counts, and of those that begin together the longest.
    """
    places = [(*span, word) for word in words for span in spans(text, word)]
    done = 0
    for start, end, word in sorted(places, key=lambda place: (place[0], -place[1])):
        if start < done:
            continue
        if start > done:
            yield text[done:start], ""
        yield text[start:end], word
        done = end
    if done < len(text):
        yield text[done:], ""


def without(text: str, word: str) -> str:
    """The text with every call of the word taken out, and tidied."""
    if not word:
        return text
    left = "".join(piece for piece, called in split(text, [word]) if not called)
    return _BEFORE_A_STOP.sub(r"\1", " ".join(left.split())).strip(" ,")


def needs_blanks(word: str) -> bool:
    """Whether other programs find the word only between blanks or commas, unlike Imprint: a word
    at whose edge is a script without blanks."""
    return any(_WITHOUT_SPACES.match(char) for char in word)


def folded(word: str) -> str:
    """The form in which words are compared; words with the same form are one word."""
    return _folded(word).text.strip()


@dataclass(frozen=True, slots=True)
class _Folded:
    """A text as it is compared, and where each of its signs is in the text itself."""

    text: str
    places: tuple[int, ...]  # of each sign in the folded text, and its length
    origins: tuple[int, ...]  # of each sign in the text, and its length

    def span(self, start: int, end: int) -> Span | None:
        """The same stretch of the text itself; None where it cuts through a sign."""
        first, last = bisect_left(self.places, start), bisect_left(self.places, end)
        if self.places[first] != start or self.places[last] != end:
            return None
        return self.origins[first], self.origins[last]

    def sign_before(self, origin: int) -> int:
        return self.origins[bisect_left(self.origins, origin) - 1]


def _folded(text: str) -> _Folded:
    return _fold_and_keep(text) if len(text) <= _REMEMBERED else _fold_all(text)


def _fold_all(text: str) -> _Folded:
    if text.isascii() and not _SPACES.search(text):  # the usual case, at once
        places = tuple(range(len(text) + 1))
        return _Folded(text.lower(), places, places)
    parts: list[str] = []
    starts, origins, length = [], [], 0
    for start, end in _signs(text):
        starts.append(length)
        origins.append(start)
        parts.append(_fold(text[start:end]))
        length += len(parts[-1])
    return _Folded("".join(parts), (*starts, length), (*origins, len(text)))


_fold_and_keep = lru_cache(maxsize=2048)(_fold_all)


def _signs(text: str) -> Iterator[Span]:
    """What a reader sees as one sign: a letter with its marks, an emoji, a run of spaces."""
    start = 0
    for place in range(1, len(text) + 1):
        is_long = place - start >= _LONGEST_SIGN and not _is_space(text[start])
        if place == len(text) or is_long or not _continues(text[place - 1], text[place]):
            yield start, place
            start = place


def _continues(before: str, char: str) -> bool:
    if _is_space(before) or _is_space(char):
        return _is_space(before) and _is_space(char)
    if char.isascii():
        return False
    is_mark = unicodedata.category(char)[0] == "M" or char in _NOT_SEEN
    return is_mark or before == _JOINER or _CONTINUES.match(char) is not None


def _is_space(char: str) -> bool:
    return char.isspace() or char == _ZERO_WIDTH_SPACE


def _fold(sign: str) -> str:
    """Without regard to case, to the way accents are stored and to width."""
    if sign.isascii():
        return " " if sign.isspace() else sign.lower()
    if _is_space(sign[0]):
        return " "
    plain = _NOT_COMPARED.sub("", sign)
    for _ in range(2):  # what one of the two makes, the other may have more to say about
        plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).casefold())
    return plain.replace("i\u0307", "i")  # the Turkish capital İ


def _has_edges(text: str, here: _Folded, span: Span) -> bool:
    """Whether the word begins and ends there, and is not a part of a longer one."""
    start, end = span
    begins = start == 0 or _parts(text[here.sign_before(start)], text[start])
    return begins and (end == len(text) or _parts(text[here.sign_before(end)], text[end]))


def _parts(left: str, right: str) -> bool:
    """Whether a word may end between two signs."""
    return not (_is_letter(left) and _is_letter(right))


def _is_letter(char: str) -> bool:
    """Of a word in a script that puts spaces between words. An underscore is no letter."""
    is_letter = char.isalnum() or unicodedata.category(char)[0] == "M"
    return is_letter and _WITHOUT_SPACES.match(char) is None
