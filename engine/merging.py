"""Two hands on one file: what each changed since both had the same, in one."""

from __future__ import annotations

from engine.config_file import Data

_ABSENT = object()


def merged(base: Data, ours: Data, theirs: Data) -> Data:
    """By key, at every depth. Where both changed the same key, ours counts: it is the later one."""
    made: Data = {}
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        values = (side.get(key, _ABSENT) for side in (base, ours, theirs))
        value = _one(*values)
        if value is not _ABSENT:
            made[key] = value
    return made


def _one(base: object, ours: object, theirs: object) -> object:
    if ours == base:
        return theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return merged(base if isinstance(base, dict) else {}, ours, theirs)
    return ours
