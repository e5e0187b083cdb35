"""Generators that work inside a context manager and yield outside of it.

Autocast, swapped weights and a disabled adapter change what other code on this thread computes.
Whoever receives an event may run other code before asking for the next one, so no generator of
the engine holds such a context across a yield. A job may change a model that nothing else can
reach: one that it loaded for itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import TypeVar

from engine.control import Control
from engine.events import Event, Heartbeat, StageProgress

ContextFactory = Callable[[], AbstractContextManager[object]]
T = TypeVar("T")


def yield_outside(
    context: ContextFactory, events: Generator[Event, None, T]
) -> Generator[Event, None, T]:
    """Advance `events` inside a new `context()` each time; yield what it yields outside of it.

    Copying the weights of a whole network takes seconds, so a Heartbeat that comes sooner than
    entering the context took is dropped: at most half of the time goes into the context.
    """
    try:
        while True:
            began = time.perf_counter()
            with context():
                entered = time.perf_counter()
                try:
                    event = next(events)
                    while isinstance(event, Heartbeat) and _worked_less(began, entered):
                        event = next(events)
                except StopIteration as done:
                    return done.value
            yield event
    finally:
        events.close()


def until_stopped(
    events: Generator[Event, None, T], control: Control
) -> Generator[Event, None, T | None]:
    """Yield what `events` yields; return what it returns, or None where Stop was asked for while
    it worked. Work that yields no Heartbeat and no progress any more is let finish."""
    try:
        while True:
            event = next(events)
            yield event
            if control.stop_requested and isinstance(event, Heartbeat | StageProgress):
                return None
    except StopIteration as done:
        return done.value
    finally:
        events.close()


def _worked_less(began: float, entered: float) -> bool:
    return time.perf_counter() - entered < entered - began
