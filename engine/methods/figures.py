"""What each method cost and gave on the starter model, as `main.py compare` measured it.

The figures lie in resources/method_figures.json; see packaging/method_figures.py. Imports no torch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.regular_files import read_text

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
        table = json.loads(read_text(FILE))["methods"]
        return {kind: Figures(**figures) for kind, figures in table.items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
