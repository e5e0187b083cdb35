"""What a job of a pool may know: plain data, and an object that carries signals.

A job that holds a widget can be the last to hold it. Python then destroys the widget in the
pool's thread, or takes it apart while the window's thread lays it out, and Qt ends the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import partial
from itertools import islice
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType
from typing import Any

from PySide6.QtCore import QObject

MOST_LOOKED_AT = 100  # entries of one collection: the others are of the same kind
_WITHOUT_WIDGETS = {"torch", "diffusers", "transformers", "tokenizers", "numpy", "PIL"}
_PLAIN = str | bytes | int | float | type | ModuleType | None


class JobSignals(QObject):
    """Base of the objects through which a job answers. Signals only, nothing else.

    It belongs to `owner`, an object of the window's thread: Qt destroys it with its owner, never
    Python in the thread that happens to let go of it last.
    """

    def __init__(self, owner: QObject) -> None:
        super().__init__(owner)


def require_plain(job: Callable[..., object], facts: Iterable[object] = ()) -> None:
    """Raises TypeError where the job could reach a QObject other than a JobSignals."""
    held = held_object(job, facts)
    if held is not None:
        raise TypeError(
            f"The job {getattr(job, '__qualname__', job)!r} holds a {type(held).__name__}. "
            "Give it plain data and a JobSignals: see desktop/pool.py."
        )


def held_object(job: Callable[..., object], facts: Iterable[object]) -> QObject | None:
    """The first QObject that a job could let go of in its thread; None if there is none."""
    seen: set[int] = set()
    waiting: list[object] = [job, *facts]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _PLAIN | JobSignals) or _is_of_a_library(one):
            continue
        if isinstance(one, QObject):
            return one
        seen.add(id(one))
        waiting.extend(_inside(one))
    return None


def _is_of_a_library(one: object) -> bool:
    """A loaded network has tens of thousands of objects, and knows nothing of Qt."""
    return type(one).__module__.partition(".")[0] in _WITHOUT_WIDGETS


def _inside(one: Any) -> Iterator[object]:
    """What an object holds, as far as it can be seen without running code of its own."""
    if isinstance(one, partial):
        yield from (one.func, *one.args, *one.keywords.values())
    elif isinstance(one, MethodType):
        yield from (one.__self__, one.__func__)
    elif isinstance(one, FunctionType):
        yield from one.__defaults__ or ()
        yield from (one.__kwdefaults__ or {}).values()
        yield from _cells(one)
    elif isinstance(one, dict):
        yield from _first(one)
        yield from _first(one.values())
    elif isinstance(one, list | tuple | set | frozenset):
        yield from _first(one)
    elif is_dataclass(one) and not isinstance(one, type):
        yield from (getattr(one, field.name, None) for field in fields(one))
    elif isinstance(one, BuiltinMethodType):
        yield one.__self__  # of a method that is written in C, such as list.append
    else:
        yield from _first(getattr(one, "__dict__", {}).values())


def _cells(function: FunctionType) -> Iterator[object]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not filled yet
            continue


def _first(values: Iterable[object]) -> list[object]:
    """In one call, in which no other thread can change the collection."""
    return list(islice(values, MOST_LOOKED_AT))
