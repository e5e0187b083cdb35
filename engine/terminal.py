"""Standard output and standard error, in a form that never ends a command and obeys nobody.

A terminal that was closed, a full disk behind `>`, a pipe without a reader: what cannot be
written is dropped, and the exit code still tells the result. What is written is made printable:
a picture's name may hold sequences that set the clipboard or the title of a terminal. Libraries
write there too (warnings, logging), so the streams are put in the place of sys.stdout and
sys.stderr.
"""

from __future__ import annotations

import atexit
import io
import os
import sys
from contextlib import suppress
from typing import TextIO

from engine.wording import printable

# Of a closed terminal, a full disk, a pipe without a reader, or a stream that was closed.
_UNHEARD = (OSError, ValueError)


class GuardedStream(io.TextIOBase):
    """Writes to `stream`; what cannot be written is dropped. None: there is no stream at all.

    `is_raw`: for a progress bar, which moves the cursor. Nothing from outside goes through that.
    """

    def __init__(self, stream: TextIO | None, *, is_raw: bool = False) -> None:
        super().__init__()
        self._stream = stream
        self._is_raw = is_raw

    def raw(self) -> GuardedStream:
        return GuardedStream(self._stream, is_raw=True)

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str, /) -> int:
        if self._stream is not None:
            shown = text if self._is_raw else printable(text, keep="\n\t")
            with suppress(*_UNHEARD):
                self._stream.write(shown)
        return len(text)

    def flush(self) -> None:
        if self._stream is not None:
            with suppress(*_UNHEARD):
                self._stream.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        if self._stream is not None:
            with suppress(*_UNHEARD):
                return self._stream.isatty()
        return False

    def fileno(self) -> int:
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def end(self) -> None:
        """Write what is left. What cannot be written goes to the null device, or Python would
        report the failure and change the exit code."""
        if self._stream is None:
            return
        try:
            self._stream.flush()
        except _UNHEARD:
            with suppress(*_UNHEARD):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def guard_streams() -> None:
    """Put guarded streams in the place of sys.stdout and sys.stderr. A second call does nothing."""
    _open_missing()
    os.environ["PYTHON_COLORS"] = "0"  # argparse would colour its messages
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, GuardedStream):
            continue
        if isinstance(stream, io.TextIOWrapper):  # whatever letters the terminal's encoding has
            with suppress(*_UNHEARD):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        guarded = GuardedStream(stream)
        setattr(sys, name, guarded)
        atexit.register(guarded.end)


def is_in_a_folder() -> bool:
    """False where the working folder was deleted, or lay on a stick that was pulled: libraries
    that ask for it end in odd ways. The process is at home then."""
    try:
        os.getcwd()  # noqa: PTH109
    except OSError:
        try:
            os.chdir(os.path.expanduser("~"))  # noqa: PTH111 (never raises)
        except OSError:
            os.chdir(os.sep)
        return False
    return True


def _open_missing() -> None:
    """A program that was started with a standard stream closed (`>&-`) would get its number for
    the next file that it opens, and a library that prints would write into that file."""
    if sys.platform == "win32":
        return
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free
