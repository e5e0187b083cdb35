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


@dataclass(frozen=True, slots=True)
class Crop:
    """How a picture becomes a bucket: scaled to a size that covers it, then cut."""

    scaled: tuple[int, int]  # width, height
    left: int
    top: int
    bucket: Bucket


def plan_crop(width: int, height: int, bucket: Bucket) -> Crop:
    """Scale the picture to cover the bucket and cut the rest away evenly."""
    scale = max(bucket.width / width, bucket.height / height)
    scaled = (max(bucket.width, round(width * scale)), max(bucket.height, round(height * scale)))
    left, top = (scaled[0] - bucket.width) // 2, (scaled[1] - bucket.height) // 2
    return Crop(scaled, left, top, bucket)


def crop_to(image: Image.Image, bucket: Bucket) -> Image.Image:
    """See plan_crop."""
    crop = plan_crop(image.width, image.height, bucket)
    resized = image.resize(crop.scaled, Image.Resampling.LANCZOS)
    box = (crop.left, crop.top, crop.left + bucket.width, crop.top + bucket.height)
    return resized.crop(box)
