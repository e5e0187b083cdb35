"""What is worth knowing about a set, and what a click can do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.data import findings
from engine.data.findings import Finding, Fix, Seen, best_of, examine
from engine.data.looks import Looks
from engine.dataset_notices import FewPictures
from engine.wording import Phrase

SHARP = Looks(fingerprint=0, colours=0, sharpness=500.0, transparent=False)


def good(number: int) -> Seen:
    """A picture with which nothing is wrong; no two are alike."""
    looks = replace(SHARP, fingerprint=0xFFFFFFFF << (32 * number))
    return Seen(f"hash{number}", f"{number}.png", "a sks cat", 800, 600, looks)


SET = [good(number) for number in range(6)]


def found(pictures, orphans=(), trigger="sks") -> list[Finding]:
    return examine(pictures, orphans, resolution=512, trigger=trigger)


def test_a_good_set_has_nothing_to_tell():
    assert found(SET) == []


@pytest.mark.parametrize(
    ("change", "kind", "fix"),
    [
        ({"refusal": Phrase("Damaged.")}, findings.NotUsable, Fix.SHOW),
        ({"width": 511}, findings.TooSmall, Fix.LEAVE_OUT),
        ({"looks": replace(SHARP, sharpness=1.0)}, findings.Blurred, Fix.LEAVE_OUT),
        ({"looks": replace(SHARP, sharpness=0.0)}, findings.Blank, Fix.LEAVE_OUT),
        ({"caption": "sks (red:1.3) hat"}, findings.Weighted, Fix.SHOW),
        ({"caption": "sks <lora:hat:1>"}, findings.Weighted, Fix.SHOW),
        ({"caption": ""}, findings.WithoutCaption, Fix.SHOW),
        ({"caption": "sks " + "word " * 75}, findings.LongCaption, Fix.SHOW),
        ({"caption": "a cat in a mask"}, findings.WithoutTrigger, Fix.ADD_TRIGGER),
        ({"looks": replace(SHARP, transparent=True)}, findings.Transparent, Fix.KEEP),
    ],
)
def test_one_thing_that_is_wrong_is_told_of_its_picture_alone(change, kind, fix):
    (finding,) = found([replace(SET[0], **change), *SET[1:]])
    assert type(finding.message) is kind
    assert finding.keys == ("hash0",)
    assert "0.png" in str(finding.message)
    assert fix in finding.fixes


def test_captions_need_no_trigger_where_there_is_none():
    assert found([replace(SET[0], caption="a cat"), *SET[1:]], trigger="") == []


def test_four_pictures_are_few_and_more_can_be_added():
    (finding,) = found(SET[:4])
    assert isinstance(finding.message, FewPictures)
    assert Fix.ADD_PICTURES in finding.fixes
    assert found(SET[:5]) == []


def test_the_largest_of_near_copies_is_the_one_to_keep():
    small = replace(SET[0], key="small", name="small.png", width=600, height=512)
    (finding,) = found([small, *SET])
    assert type(finding.message) is findings.Alike
    assert finding.groups == (("hash0", "small"),)
    assert best_of([small, SET[0]]) is SET[0]


def test_caption_files_without_a_picture_are_told():
    (finding,) = found(SET, ["lost.txt"])
    assert "lost.txt" in str(finding.message)


def test_many_names_are_counted_and_not_all_told():
    (finding,) = found([replace(picture, width=100) for picture in SET])
    assert "0.png, 1.png, 2.png and 3 more" in str(finding.message)
