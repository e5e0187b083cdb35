"""What stands under a picture: caption files, the template, the trigger word."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Sequence
from pathlib import Path

from engine.trigger import calls
from engine.wording import QT_TRANSLATE_NOOP, ReasonedError

CAPTION_SUFFIXES = (".txt", ".caption")  # the first that holds words wins
MAX_BYTES = 64 * 1024


class CaptionError(ReasonedError):
    """Raised with the reason why a caption file cannot be read, as a sentence."""


def read_caption(picture: Path, content_hash: str, own_folder: Path | None) -> str:
    """The caption that belongs to a picture; empty where there is none.

    What was written in Imprint (`<own_folder>/<content hash>.txt`) wins over a file beside the
    picture. Raises CaptionError.
    """
    if own_folder is not None and (own := own_folder / f"{content_hash}.txt").is_file():
        return read_text(own)  # empty, too: the user took the caption away
    candidates = [picture.with_suffix(suffix) for suffix in CAPTION_SUFFIXES]
    for path in candidates:
        if os.path.isfile(path):  # noqa: PTH113 (Path.is_file raises at a name that is too long)
            text = read_text(path)
            if text:
                return text
    return ""


def read_text(path: Path) -> str:
    """A short text in UTF-8, UTF-16 with a mark, or an old Western or Chinese encoding."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CaptionError(
            QT_TRANSLATE_NOOP("engine", "{name} cannot be read: {reason}."),
            name=path.name,
            reason=str(error.strerror),
        ) from error
    if len(data) > MAX_BYTES:
        raise CaptionError(
            QT_TRANSLATE_NOOP("engine", "{name} is larger than 64 KiB; it is no caption."),
            name=path.name,
        )
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return " ".join(data.decode("utf-16", errors="replace").split())
    if b"\0" in data:
        raise CaptionError(
            QT_TRANSLATE_NOOP("engine", "{name} is not a text file."), name=path.name
        )
    # GB18030 takes "für" for Chinese too, so it only gets what is hardly ASCII.
    mostly_ascii = sum(byte < 0x80 for byte in data) > len(data) / 2
    encodings = ("utf-8-sig", "gb2312", "cp1252" if mostly_ascii else "gb18030", "cp1252")
    for encoding in encodings:
        try:
            return " ".join(data.decode(encoding).split())
        except UnicodeDecodeError:
            continue
    raise CaptionError(
        QT_TRANSLATE_NOOP(
            "engine", "{name} is in an encoding that is not known; save it as UTF-8."
        ),
        name=path.name,
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
    return re.search(r"\([^()]+:\s*[\d.]+\s*\)|<\w+:[^<>]+>", caption) is not None


def suggest_prompts(captions: Sequence[str], trigger: str, class_word: str) -> tuple[str, ...]:
    """Prompts for samples where the user gave none: the first two texts that differ."""
    distinct = list(dict.fromkeys(captions))
    if not distinct:
        distinct = [compose("", "a photo of {subject}", trigger, class_word)]
    return tuple(distinct[:2])
