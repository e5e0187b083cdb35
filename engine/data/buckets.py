"""Aspect-ratio buckets: shapes of about the same area that pictures are cropped to."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True, slots=True, order=True)
class Bucket:
    """A size in pixels."""

    width: int
    height: int


def make_buckets(resolution: int, step: int, max_ratio: float = 2.0) -> tuple[Bucket, ...]:
    """Every shape with sides in multiples of `step`, an area of at most resolution^2 and a
    ratio of at most `max_ratio`; of two with the same width the taller one."""
    area = resolution * resolution
    found = set()
    for width in range(step, int(resolution * math.sqrt(max_ratio)) + step, step):
        height = area // width // step * step
        if height < step or max(width, height) > max_ratio * min(width, height):
            continue
        found |= {Bucket(width, height), Bucket(height, width)}
    square = max(step, resolution // step * step)
    found.add(Bucket(square, square))
    return tuple(sorted(found))


def choose_bucket(width: int, height: int, buckets: tuple[Bucket, ...]) -> Bucket:
    """The bucket whose ratio is nearest; among equals the largest."""
    ratio = math.log(width / height)
    return min(
        buckets,
        key=lambda b: (round(abs(math.log(b.width / b.height) - ratio), 9), -b.width * b.height),
    )


def crop_to(image: Image.Image, bucket: Bucket) -> Image.Image:
    """Scale the picture to cover the bucket and cut the rest away evenly."""
    scale = max(bucket.width / image.width, bucket.height / image.height)
    size = (
        max(bucket.width, round(image.width * scale)),
        max(bucket.height, round(image.height * scale)),
    )
    resized = image.resize(size, Image.Resampling.LANCZOS)
    left, top = (size[0] - bucket.width) // 2, (size[1] - bucket.height) // 2
    return resized.crop((left, top, left + bucket.width, top + bucket.height))
