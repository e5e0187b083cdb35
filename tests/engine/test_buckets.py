"""Aspect-ratio buckets: shapes, the choice among them, the crop."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.data.buckets import Bucket, choose_bucket, crop_to, make_buckets


@pytest.mark.parametrize(("resolution", "step"), [(64, 16), (512, 64), (768, 64), (32, 16)])
def test_every_bucket_fits_the_area_the_step_and_the_ratio(resolution, step):
    buckets = make_buckets(resolution, step)
    assert Bucket(resolution, resolution) in buckets
    for bucket in buckets:
        assert bucket.width % step == bucket.height % step == 0
        assert bucket.width * bucket.height <= resolution**2
        assert max(bucket.width, bucket.height) <= 2 * min(bucket.width, bucket.height)
        assert Bucket(bucket.height, bucket.width) in buckets


def test_sd15_has_the_shapes_that_people_know():
    buckets = make_buckets(512, 64)
    assert {Bucket(512, 512), Bucket(448, 576), Bucket(640, 384)} <= set(buckets)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1000, 1000), Bucket(512, 512)),
        ((3000, 2000), Bucket(640, 384)),
        ((1200, 1000), Bucket(576, 448)),
        ((100, 10_000), Bucket(384, 640)),
    ],
)
def test_the_bucket_of_the_nearest_ratio_is_chosen(size, expected):
    assert choose_bucket(*size, make_buckets(512, 64)) == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(64, 600), st.integers(64, 600))
def test_the_crop_has_exactly_the_shape_of_the_bucket(width, height):
    bucket = choose_bucket(width, height, make_buckets(64, 16))
    assert crop_to(Image.new("RGB", (width, height)), bucket).size == (bucket.width, bucket.height)


def test_the_middle_is_kept():
    image = Image.new("RGB", (300, 100), "black")
    image.paste("red", (100, 0, 200, 100))
    cropped = crop_to(image, Bucket(32, 32))
    assert cropped.getpixel((16, 16))[0] > 200
    assert cropped.getpixel((2, 16))[0] > 150
