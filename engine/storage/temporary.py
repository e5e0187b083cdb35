"""Names of what is being written, moved aside or deleted. Only a name of exactly this form is ever
swept: it carries the number of our process and eight random hexadecimal digits."""

from __future__ import annotations

import os
import re
import secrets

_LONGEST = 100  # letters of a name inside another; a file system allows 255 bytes
PART = re.compile(r"\A\.(.+)\.\d+\.[0-9a-f]{8}\.part", re.DOTALL)
FILLING = re.compile(r"\A\.tmp-(.+)-\d+-[0-9a-f]{8}", re.DOTALL)
ASIDE = re.compile(r"\A\.old-(.+)-\d+-[0-9a-f]{8}", re.DOTALL)
TRASH = re.compile(r"\A\.trash-(.+)-\d+-[0-9a-f]{8}", re.DOTALL)


def part_of(name: str) -> str:
    return f".{_short(name)}.{os.getpid()}.{secrets.token_hex(4)}.part"


def filling_of(name: str) -> str:
    return f".tmp-{_short(name)}-{_stamp()}"


def aside_of(name: str) -> str:
    """In full: the folder gets its name back."""
    return f".old-{name}-{_stamp()}"


def trash_of(name: str) -> str:
    return f".trash-{_short(name)}-{_stamp()}"


def _short(name: str) -> str:
    return os.fsencode(name)[:_LONGEST].decode(errors="ignore")


def _stamp() -> str:
    return f"{os.getpid()}-{secrets.token_hex(4)}"
