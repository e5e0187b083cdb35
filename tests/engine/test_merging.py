"""Two hands on one file lose nothing to each other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.merging import merged

VALUES = st.integers(0, 3) | st.text("ab", max_size=2)
TABLES = st.recursive(
    st.dictionaries(st.sampled_from("xyz"), VALUES),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), VALUES | inner),
    max_leaves=6,
)


def test_each_keeps_what_it_changed():
    base = {"name": "toy", "training": {"steps": 300, "seed": 1}}
    ours = {"name": "toy", "training": {"steps": 5, "seed": 1}}
    theirs = {"name": "toy", "training": {"steps": 300, "seed": 7}, "edits": {"a": 1}}
    both = {"name": "toy", "training": {"steps": 5, "seed": 7}, "edits": {"a": 1}}
    assert merged(base, ours, theirs) == both


def test_what_one_took_away_is_gone_unless_the_other_changed_it():
    assert merged({"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 1}) == {"b": 1}
    assert merged({"a": 1, "b": 1}, {"a": 1, "b": 1}, {"a": 1}) == {"a": 1}
    assert merged({"a": 1}, {"a": 2}, {}) == {"a": 2}


@given(TABLES, TABLES)
def test_where_one_side_changed_nothing_the_other_side_is_the_result(base, changed):
    assert merged(base, base, changed) == changed
    assert merged(base, changed, base) == changed
    assert merged(base, changed, changed) == changed


@given(TABLES, TABLES, TABLES)
def test_no_value_is_made_up(base, ours, theirs):
    made = merged(base, ours, theirs)
    assert made.keys() <= ours.keys() | theirs.keys()
