"""The text that a picture is trained with: its caption, the template, the trigger word."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.data.caption_files import CaptionError, read_text
from engine.trigger import calls

_WEIGHTED = re.compile(r"\([^()]+:\s*[\d.]+\s*\)|<\w+:[^<>]+>")

__all__ = (
    "CaptionError",
    "compose",
    "is_weighted",
    "names_trigger",
    "read_text",
    "suggest_prompts",
)


def compose(caption: str, template: str, trigger: str, class_word: str) -> str:
    """The text that is trained on.

    A picture without a caption gets the template. `{subject}` becomes the trigger word and the
    class word. A text that does not call the trigger word gets it in front, since a word that
    no text calls cannot be learnt.
    """
    subject = " ".join(word for word in (trigger, class_word) if word) or "subject"
    text = (caption or template).replace("{subject}", subject)
    return text if not trigger or calls(text, trigger) else f"{subject}, {text}"


def names_trigger(text: str, trigger: str) -> bool:
    """Whether a caption calls the trigger word, itself or as `{subject}`; always without one."""
    return not trigger or "{subject}" in text or calls(text, trigger)


def is_weighted(caption: str) -> bool:
    """Whether it is written as for a prompt: `(word:1.2)` or `<lora:name:1>`."""
    return _WEIGHTED.search(caption) is not None


def suggest_prompts(captions: Sequence[str], trigger: str, class_word: str) -> tuple[str, ...]:
    """Prompts for samples where the user gave none: the first two texts that differ."""
    distinct = list(dict.fromkeys(captions))
    if not distinct:
        distinct = [compose("", "a photo of {subject}", trigger, class_word)]
    return tuple(distinct[:2])
