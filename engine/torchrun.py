"""The variables with which torchrun starts each process of a run, and what is left of them."""

from __future__ import annotations

import os

from engine.errors import Notice, UserError
from engine.wording import QT_TRANSLATE_NOOP

_NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_NUMBERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT")
_OF_A_PROCESS = ("RANK", "WORLD_SIZE", "LOCAL_RANK")  # the others alone change nothing
MOST_DIGITS = 9


class RankLeftOver(Notice):
    """Facts: `set` and `missing`, names of variables."""

    code = "IM-SYS-22"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The environment has {set} of torchrun but not {missing}: what is set is ignored.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Remove it: unset {set}")


class RankNotUsable(UserError):
    """Facts: `name` and `value` of a variable."""

    code = "IM-SYS-23"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The variable {name} of torchrun is {value}, which names no process of a run."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Start all processes with torchrun, which sets it.")


def take_place() -> tuple[int | None, RankLeftOver | None]:
    """Which process of torchrun this is, None where it is none. Variables that do not belong to a
    start of torchrun are removed: accelerate would wait for processes that never come.

    Raises RankNotUsable.
    """
    missing = [name for name in _NAMES if name not in os.environ]
    left_over = [name for name in _OF_A_PROCESS if name in os.environ]
    if missing:
        forget_place()
        if not left_over:
            return None, None
        return None, RankLeftOver(set=" ".join(left_over), missing=", ".join(missing))
    numbers = {name: _number_of(name) for name in _NUMBERS}
    if numbers["RANK"] >= numbers["WORLD_SIZE"]:
        raise RankNotUsable(name="RANK", value=os.environ["RANK"])
    return numbers["RANK"], None


def forget_place() -> None:
    """This process works alone, whatever the environment says."""
    for name in _OF_A_PROCESS:
        os.environ.pop(name, None)


def _number_of(name: str) -> int:
    text = os.environ[name]
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise RankNotUsable(name=name, value=text[:40])
    return int(text)
