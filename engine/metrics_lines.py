"""One line of metrics.jsonl -> data. A line that is torn, or whose fields are of other types than
Imprint writes, is no line: what reads them needs no checks of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.config_file import Data
from engine.events import CheckpointScored, StepFinished, StepSkipped, WentBack
from engine.json_reading import NotParsed, parse_json
from engine.settings import MOST_STEPS

MAX_LINE = 4 << 20  # characters; a traceback is the longest
_NEEDED = {
    StepFinished.__name__: ("step", "loss"),
    CheckpointScored.__name__: ("step", "likeness"),
    StepSkipped.__name__: ("step",),
    WentBack.__name__: ("step",),
}


def parsed_line(line: str | bytes) -> Data | None:
    """What a line says; None where it says nothing that can be used."""
    if len(line) > MAX_LINE:
        return None
    try:
        data: Any = parse_json(line, unique=False, allow_nan=True)
    except NotParsed:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("event"), str):
        return None
    known = all(_FIELDS[name](value) for name, value in data.items() if name in _FIELDS)
    return data if known and all(name in data for name in _NEEDED.get(data["event"], ())) else None


def _is_step(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_STEPS


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_number(value: Any) -> bool:
    """NaN and Inf are: a loss can be either."""
    return type(value) in (int, float)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "step": _is_step, "steps": _is_step, "first_step": _is_step, "best_step": _is_step,
    "memory_bytes": _is_count, "trainable": _is_count, "seed": _is_count,
    "loss": _is_number, "learning_rate": _is_number, "seconds": _is_number,
    "rate_scale": _is_number,
    "likeness": _is_number, "base_likeness": _is_number, "ceiling": _is_number,
    "margin": _is_number, "prompts": _is_number, "drift": _is_number, "copies": _is_number,
    "path": _is_text, "folder": _is_text, "device": _is_text, "reason": _is_text,
    "prompt": _is_text, "traceback": _is_text,
}  # fmt: skip
