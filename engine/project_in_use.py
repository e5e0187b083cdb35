"""Who has a project open: a small hidden file for each window, renewed while it is open.

It is there to tell, and keeps nobody out: where it cannot be written or read, nothing is said. It
names the computer and a number of a process, and nothing else of anybody.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine import records, storage
from engine.errors import UserError
from engine.records import NotRead
from engine.regular_files import is_file, is_link, listed
from engine.shapes import Count, Record, Seconds

RENEW_SECONDS = 60
ABANDONED_SECONDS = 240  # so long nobody renewed it: a crash, or a computer that was switched off
_NAME = re.compile(r"\A\.open-([0-9a-f]{16})\.json")
_MOST_BYTES = 4096
_LONGEST_NAME = 60


class _OpenRecord(Record):
    computer: str
    process: Count
    place: Count  # the folder's number on its disk: a copy of the folder is another one
    since: Seconds


@dataclass(frozen=True, slots=True)
class OpenElsewhere:
    """A window that has the project open. `since` is a time of `time.time()`."""

    token: str
    computer: str
    since: float


def new_token() -> str:
    return secrets.token_hex(8)


def announce(folder: Path, token: str, since: float) -> None:
    """Write it down, or renew it. Never raises; a folder that is gone is not made anew."""
    with suppress(OSError, UserError):
        file = _file_of(folder, token)
        if storage.mark_of(folder) is None:
            return
        if is_file(file):
            storage.touch(file)
            return
        data = _OpenRecord(
            computer=platform.node(),
            process=os.getpid(),
            place=folder.stat().st_ino % 2**63,
            since=since,
        )
        storage.write_json(file, data.as_data())


def withdraw(folder: Path, token: str) -> None:
    """The window closes, or opens another project. Never raises."""
    with suppress(OSError, UserError):
        if storage.mark_of(folder) is not None:
            storage.remove_file(_file_of(folder, token))


def others(folder: Path, token: str) -> list[OpenElsewhere]:
    """Windows of other programs. What is abandoned is cleared away. Never raises."""
    found: list[OpenElsewhere] = []
    with suppress(OSError):
        now = _now(folder, token)
        for file, other in _files_in(folder):
            if other == token:
                continue
            with suppress(OSError, NotRead):
                age = now - file.lstat().st_mtime
                record = records.read_json(file, _OpenRecord, max_bytes=_MOST_BYTES)
                if age > ABANDONED_SECONDS or _is_over(record, folder):
                    withdraw(folder, other)
                elif not _is_this_process(record):
                    found.append(OpenElsewhere(other, _plain(record.computer), record.since))
    return sorted(found, key=lambda one: one.since)


def _now(folder: Path, token: str) -> float:
    """By the clock that gives files their times: on a share that is the clock of the server."""
    try:
        return _file_of(folder, token).stat().st_mtime
    except OSError:
        return time.time()


def _files_in(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in listed(folder):
        name = _NAME.fullmatch(path.name)
        if name is not None and not is_link(path):
            yield path, name[1]


def _file_of(folder: Path, token: str) -> Path:
    return folder / f".open-{token}.json"


def _is_over(record: _OpenRecord, folder: Path) -> bool:
    """Of this computer, and its process is gone, or the folder was copied with it."""
    if record.computer != platform.node():
        return False
    import psutil  # late: the window does not need it to start

    return not psutil.pid_exists(record.process) or record.place != folder.stat().st_ino % 2**63


def _is_this_process(record: _OpenRecord) -> bool:
    """Another window of this program: of another language, say."""
    return record.computer == platform.node() and record.process == os.getpid()


def _plain(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable())[:_LONGEST_NAME] or "?"
