"""Changes to many captions at once: each is a function from a caption to the new one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable

CaptionEdit = Callable[[str], str]

_BLANKED = dict.fromkeys(range(32), " ")  # control characters


def tags_of(caption: str) -> list[str]:
    """The parts between commas."""
    return [tag for part in caption.split(",") if (tag := part.strip())]


def as_caption(tags: Iterable[str]) -> str:
    return ", ".join(tags)


def tidy(text: str) -> str:
    """One line without doubled spaces and control characters, which a paste may bring along."""
    return " ".join(text.translate(_BLANKED).split())


def replace(find: str, by: str) -> CaptionEdit:
    """Every place where the words stand, as written."""
    return lambda caption: tidy(caption.replace(find, by)) if find else caption


def put_before(text: str) -> CaptionEdit:
    """In front, as a tag of its own, but where it stands in front already."""
    text = tidy(text).strip(",").strip()

    def edit(caption: str) -> str:
        if not text or caption == text or caption.startswith((f"{text},", f"{text} ")):
            return caption
        return f"{text}, {caption}" if caption else text

    return edit


def put_behind(text: str) -> CaptionEdit:
    """At the end, as a tag of its own, but where it stands there already."""
    text = tidy(text).strip(",").strip()

    def edit(caption: str) -> str:
        if not text or tags_of(caption)[-1:] == [text]:
            return caption
        return f"{caption}, {text}" if caption else text

    return edit


def remove_tag(tag: str) -> CaptionEdit:
    """The tag wherever it stands between commas, whatever its case."""
    gone = tidy(tag).lower()

    def edit(caption: str) -> str:
        kept = [known for known in tags_of(caption) if known.lower() != gone]
        return as_caption(kept) if len(kept) < len(tags_of(caption)) else caption

    return edit


def set_to(text: str) -> CaptionEdit:
    return lambda caption: tidy(text)


def shuffle(keep: int, seed: int = 0) -> CaptionEdit:
    """Tags in a new order; the first `keep` stay. The same caption is always shuffled alike."""

    def edit(caption: str) -> str:
        tags = tags_of(caption)
        rest = tags[keep:]
        random.Random(f"{seed} {caption}").shuffle(rest)
        return as_caption([*tags[:keep], *rest])

    return edit


def known_tags(captions: Iterable[str]) -> list[str]:
    """All tags of a set, the frequent ones first."""
    counted = Counter(tag for caption in captions for tag in tags_of(caption))
    return [tag for tag, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
