"""The filter line above a set of pictures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.data.filters import Described, matcher

CAT = Described("IMG_1.jpg", "a Cat, grass", 640, 480, frozenset({"blurred"}))


@pytest.mark.parametrize(
    "query",
    [
        "", "  ", "cat", "CAT grass", "img_1", '"cat, grass"', "is:blurry", "is:blurred",
        "size:480", "size:<512", "size:<=480", "size:>=480", "width:>600", "height:480",
        "tokens:>2",
        "not:duplicate", "cat size:<512 is:blurred",
    ],
)  # fmt: skip
def test_the_picture_is_meant(query):
    assert matcher(query)(CAT)


@pytest.mark.parametrize(
    "query",
    [
        "dog", "no:caption", "is:duplicate", "size:>512", "size:<480", "tokens:>75", "not:blurred",
        "cat dog", "is:nothing", "size:big",
    ],
)  # fmt: skip
def test_the_picture_is_not_meant(query):
    assert not matcher(query)(CAT)


def test_a_picture_without_a_caption_is_found():
    assert matcher("no:caption")(replace(CAT, caption=""))


def test_a_quotation_mark_that_is_still_being_typed_does_no_harm():
    assert not matcher('"cat')(CAT)
    assert matcher("cat's")(replace(CAT, caption="the cat's tail"))
