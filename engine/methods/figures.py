"""What each method cost and gave on the starter model, as `main.py compare` measured it.

The figures lie in resources/method_figures.json; see packaging/method_figures.py. Imports no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.json_reading import NotParsed, parse_json
from engine.regular_files import read_bytes
from engine.shapes import OtherShape, shaped

FILE = Path(__file__).parents[2] / "resources/method_figures.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Means over the trials of one method."""

    trials: int
    steps: float
    seconds_a_step: float
    peak_bytes: float
    file_bytes: float
    gain: float  # of likeness, over the base model
    gain_spread: float  # standard deviation


@cache
def measured() -> dict[str, Figures]:
    """By the method's kind; empty where nothing was measured."""
    try:
        table = parse_json(read_bytes(FILE))
        by_kind = shaped(table.get("methods"), dict)
        return {kind: shaped(figures, Figures) for kind, figures in by_kind.items()}
    except (OSError, NotParsed, OtherShape):
        return {}
