"""Blur and near copies, on pictures drawn here: sharp, blurred, resized, recompressed."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image, ImageDraw, ImageFilter

from engine.data.looks import ALIKE_BITS, Looks, fingerprint_of, groups_of_alike, look_at
from engine.sample_project import FOLDER
from tests.timing import a_million_additions, cpu_seconds


def scene(seed: int, side: int = 512) -> Image.Image:
    """Shapes with hard edges on a ground that changes slowly."""
    rng = random.Random(seed)
    image = Image.linear_gradient("L").resize((side, side)).convert("RGB")
    draw = ImageDraw.Draw(image)
    for _ in range(24):
        x, y, r = (rng.randrange(side), rng.randrange(side), rng.randrange(10, side // 4))
        colour = tuple(rng.randrange(256) for _ in range(3))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    return image


def looks(image: Image.Image) -> Looks:
    return look_at(image, transparent=False)


@pytest.mark.parametrize("seed", range(8))
def test_a_sharp_picture_is_sharp_and_its_blurred_copy_is_not(seed):
    image = scene(seed)
    assert not looks(image).is_blurred
    assert looks(image.filter(ImageFilter.GaussianBlur(6))).is_blurred


@pytest.mark.parametrize("seed", range(4))
def test_a_sharp_thing_before_a_blurred_ground_is_sharp(seed):
    image = scene(seed).filter(ImageFilter.GaussianBlur(8))
    image.paste(scene(seed + 100, 160), (180, 180))
    assert not looks(image).is_blurred


@pytest.mark.parametrize("seed", range(8))
def test_a_copy_that_was_shrunk_and_compressed_is_found(seed):
    image = scene(seed)
    stored = io.BytesIO()
    image.resize((300, 300)).save(stored, "JPEG", quality=60)
    copy = Image.open(stored).convert("RGB")
    assert groups_of_alike({"a": looks(image), "b": looks(copy)}) == [["a", "b"]]


def test_different_pictures_are_not_taken_for_copies():
    seen = {str(seed): looks(scene(seed)) for seed in range(40)}
    assert groups_of_alike(seen) == []


def plain(fingerprint: int) -> Looks:
    return Looks(fingerprint, 0, 100.0, transparent=False)


def test_copies_of_copies_make_one_group():
    half = (1 << ALIKE_BITS) - 1
    chain = [0, half, half | half << ALIKE_BITS]  # neighbours are alike, the ends are not
    seen = {str(n): plain(bits) for n, bits in enumerate(chain)}
    assert groups_of_alike(seen) == [["0", "1", "2"]]
    assert groups_of_alike({"0": seen["0"], "2": seen["2"]}) == []


def test_the_poses_of_one_character_are_not_taken_for_copies():
    folder = FOLDER / "images"
    seen = {
        path.name: looks(Image.open(path).convert("RGB")) for path in sorted(folder.glob("*.png"))
    }
    assert len(seen) == 6
    assert groups_of_alike(seen) == []


def test_the_same_drawing_on_another_ground_is_another_picture():
    one, other = (Image.new("RGB", (256, 256), colour) for colour in ("navy", "darkgreen"))
    for image in (one, other):
        ImageDraw.Draw(image).ellipse((60, 60, 200, 200), fill="orange")
    assert groups_of_alike({"a": looks(one), "b": looks(other)}) == []


def test_the_fingerprint_knows_left_from_right():
    ramp = Image.linear_gradient("L").rotate(90).resize((64, 64)).convert("RGB")
    prints = {fingerprint_of(ramp), fingerprint_of(ramp.transpose(Image.Transpose.ROTATE_180))}
    assert prints == {0, 2**256 - 1}


def test_ten_thousand_pictures_are_compared_at_the_cost_of_some_million_additions():
    rng = random.Random(0)
    seen = {str(n): plain(rng.getrandbits(256)) for n in range(10_000)}
    cost = cpu_seconds(lambda: groups_of_alike(seen), rounds=2)
    assert cost < 100 * cpu_seconds(a_million_additions)  # 50 million pairs


def test_a_picture_of_one_colour_is_blank_and_a_soft_one_is_not():
    flat = Image.new("RGB", (200, 300), (12, 12, 12))
    buffer = io.BytesIO()
    flat.save(buffer, "JPEG", quality=60)
    assert look_at(flat, transparent=False).is_blank
    assert look_at(Image.open(buffer).convert("RGB"), transparent=False).is_blank
    soft = Image.linear_gradient("L").convert("RGB")
    assert not look_at(soft, transparent=False).is_blank
