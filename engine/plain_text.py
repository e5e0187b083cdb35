"""Text as every library takes it: how long it may be, and without half characters."""

from __future__ import annotations

MOST_CHARACTERS = 64 << 10  # of a text inside a file that is meant to be read: a prompt, a caption


def whole_characters(text: str) -> str:
    """The text with a question mark for each lone surrogate: half a character, which JSON and the
    arguments of a command may hold. No tokenizer and no file takes one."""
    return text.encode("utf-8", "replace").decode("utf-8")
