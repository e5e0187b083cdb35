"""Which Imprint this is; pyproject.toml says the same (a test compares)."""

from __future__ import annotations

import sys

VERSION = "0.1.0"


def is_installed() -> bool:
    """Whether this is the installed program, which brings its own Python, or the source."""
    return bool(getattr(sys, "frozen", False))
