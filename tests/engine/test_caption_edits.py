"""Changes to many captions at once."""

from __future__ import annotations

import pytest

from engine.data import caption_edits as edits


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (edits.replace("cat", "dog"), "a cat, a cat on a mat", "a dog, a dog on a mat"),
        (edits.replace("", "dog"), "a cat", "a cat"),
        (edits.replace("red ", ""), "a red cat", "a cat"),
        (edits.put_before("sks"), "a cat", "sks, a cat"),
        (edits.put_before("sks"), "sks, a cat", "sks, a cat"),
        (edits.put_before("sks"), "sksy thing", "sks, sksy thing"),
        (edits.put_before("sks"), "", "sks"),
        (edits.put_before(" , "), "a cat", "a cat"),
        (edits.put_behind("outdoors"), "a cat", "a cat, outdoors"),
        (edits.put_behind("outdoors"), "a cat, outdoors", "a cat, outdoors"),
        (edits.put_behind("outdoors"), "", "outdoors"),
        (edits.remove_tag("Blue Sky"), "cat, blue sky, grass", "cat, grass"),
        (edits.remove_tag("sky"), "cat,blue sky", "cat,blue sky"),
        (edits.set_to("  one \n line "), "whatever", "one line"),
        (edits.set_to("a cat\x1b on\0 a mat"), "whatever", "a cat on a mat"),
    ],
)
def test_an_edit_makes_this_of_that(edit, before, after):
    assert edit(before) == after
    assert edit(edit(before)) == after or before == "a cat, a cat on a mat"


def test_shuffling_keeps_the_first_tags_and_loses_none():
    caption = ", ".join(f"tag{n}" for n in range(12))
    shuffled = edits.shuffle(keep=3)(caption)
    assert edits.tags_of(shuffled)[:3] == ["tag0", "tag1", "tag2"]
    assert sorted(edits.tags_of(shuffled)) == sorted(edits.tags_of(caption))
    assert shuffled != caption
    assert edits.shuffle(keep=3)(caption) == shuffled
    assert edits.shuffle(keep=3, seed=1)(caption) != shuffled


def test_the_tags_that_a_set_uses_most_come_first():
    assert edits.known_tags(["cat, red", "cat, blue", "", "dog"]) == ["cat", "blue", "dog", "red"]
