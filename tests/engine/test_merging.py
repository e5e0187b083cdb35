"""Two hands on one file lose nothing to each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config_file import check
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


PROMPTS = ["a zwx toy", "a zwx toy in the snow"]


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        ([*PROMPTS, "mine"], [*PROMPTS, "theirs"], [*PROMPTS, "mine", "theirs"]),
        ([*PROMPTS, "mine"], PROMPTS[:1], [PROMPTS[0], "mine"]),
        (PROMPTS[:1], [*PROMPTS, "theirs"], [PROMPTS[0], "theirs"]),
        ([], [*PROMPTS, "theirs"], ["theirs"]),
        ([*PROMPTS, "same"], [*PROMPTS, "same"], [*PROMPTS, "same"]),
        (PROMPTS, ["theirs"], ["theirs"]),
    ],
)
def test_lines_that_each_added_or_took_away_are_all_heeded(ours, theirs, both):
    sides = ({"sampling": {"prompts": prompts}} for prompts in (PROMPTS, ours, theirs))
    assert merged(*sides)["sampling"]["prompts"] == both


def test_a_list_of_numbers_is_one_value():
    assert merged({"a": [1, 2]}, {"a": [1, 3]}, {"a": [0, 2]}) == {"a": [1, 3]}


LORA, DREAMBOOTH = {"kind": "lora", "rank": 4}, {"kind": "dreambooth", "prior_weight": 0.5}


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        (DREAMBOOTH, {"kind": "lora", "rank": 16}, DREAMBOOTH),
        ({"kind": "lora", "rank": 16}, DREAMBOOTH, DREAMBOOTH),
        (DREAMBOOTH, {"kind": "hypernetwork"}, DREAMBOOTH),
        ({**LORA, "rank": 8}, {**LORA, "dropout": 0.1}, {**LORA, "rank": 8, "dropout": 0.1}),
    ],
)
def test_settings_of_two_methods_are_never_mixed(ours, theirs, both):
    made = merged({"method": LORA}, {"method": ours}, {"method": theirs})
    assert made == {"method": both}
    assert check({**made, "dataset": {"folder": "x"}})[1] == []
