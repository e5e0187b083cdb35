"""Two hands on one file: what each changed since both had the same, in one."""

from __future__ import annotations

from typing import Any

from engine.config_file import Data

_ABSENT = object()
# Keys by which a section says what its other keys mean: settings of two methods make none.
_KINDS = ("kind",)


def merged(base: Data, ours: Data, theirs: Data) -> Data:
    """By key, at every depth, and lists by what is in them. Where both changed the same value, ours
    counts: it is the later one."""
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
    if theirs == base:
        return ours
    if isinstance(ours, dict) and isinstance(theirs, dict):
        known = base if isinstance(base, dict) else {}
        if _kinds_of(ours) != _kinds_of(theirs):
            return theirs if _kinds_of(ours) == _kinds_of(known) else ours
        return merged(known, ours, theirs)
    if isinstance(ours, list) and isinstance(theirs, list):
        return _lists(base if isinstance(base, list) else [], ours, theirs)
    return ours


def _kinds_of(section: Data) -> list[object]:
    return [section.get(key) for key in _KINDS]


def _lists(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """Ours, without what they took away and with what they added. Lists of numbers are one value:
    a range, say."""
    if not all(isinstance(one, str | dict) for one in [*base, *ours, *theirs]):
        return ours
    kept = [one for one in ours if one in theirs or one not in base]
    return kept + [one for one in theirs if one not in base and one not in kept]
