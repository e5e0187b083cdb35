"""How often a promise is tried: a little at every change, as it was promised by `make soak`."""

from __future__ import annotations

import os

import pytest

SOAK = bool(os.environ.get("IMPRINT_SOAK"))
only_in_soak = pytest.mark.skipif(not SOAK, reason="minutes; ask for it: make soak")


def figure(small: int, whole: int) -> int:
    return whole if SOAK else small
