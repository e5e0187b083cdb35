"""Waits for something slow without being held up by it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")


def patiently(work: Iterator[_T], seconds: float) -> Generator[_T | None, None, None]:
    """Yield what `work` yields in a thread of its own, and None whenever `seconds` bring nothing.

    So a connection that stalls holds up neither Stop nor Pause.
    """
    items: queue.Queue[tuple[bool, _T | Exception | None]] = queue.Queue(maxsize=4)
    is_left = threading.Event()

    def put(is_last: bool, item: _T | Exception | None) -> None:
        while not is_left.is_set():
            with suppress(queue.Full):
                return items.put((is_last, item), timeout=seconds)
        return None

    def pull() -> None:
        try:
            for item in work:
                put(False, item)
                if is_left.is_set():
                    return
            put(True, None)
        except Exception as error:  # noqa: BLE001 (raised again where it is read)
            put(True, error)

    threading.Thread(target=pull, name="download", daemon=True).start()
    try:
        while True:
            try:
                is_last, item = items.get(timeout=seconds)
            except queue.Empty:
                yield None
                continue
            if isinstance(item, Exception):
                raise item
            if is_last:
                return
            yield item
    finally:
        is_left.set()
