"""Picture files of every kind: what is used comes out right, what is not gets a sentence."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from engine.data.pictures import NoPicture, PictureError, decode, read_file

SIDE = 80


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def gradient() -> Image.Image:
    """Dark at the left, light at the right; red at the top."""
    across = np.tile(np.linspace(0, 255, SIDE), (SIDE, 1))
    array = np.stack([across, across, across], 2)
    array[: SIDE // 2, :, 0] = 255
    return Image.fromarray(array.astype(np.uint8))


def near(image: Image.Image, place: tuple[int, int], colour: tuple[int, int, int], by=6) -> bool:
    return all(abs(a - b) <= by for a, b in zip(image.getpixel(place), colour, strict=True))


HEIC = Path(__file__).parents[1] / "golden/gradient.heic"  # pi-heif reads only; made beforehand


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF"])
def test_every_promised_format_is_read(kind):
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    options = {"quality": 95} if kind in ("JPEG", "AVIF") else {}
    data = HEIC.read_bytes() if kind == "HEIF" else encoded(gradient(), kind, **options)
    picture = decode(data)
    assert picture.image.mode == "RGB"
    assert picture.image.size == (SIDE, SIDE)
    assert near(picture.image, (5, 5), gradient().getpixel((5, 5)), by=40)
    assert near(picture.image, (75, 75), gradient().getpixel((75, 75)), by=40)
    assert picture.remarks == ()


def test_a_zero_byte_file_is_named_as_one(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(PictureError, match=r"The file is empty \(0 bytes\)"):
        read_file(tmp_path / "a.jpg")


def test_a_fifo_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(PictureError, match="not a regular file"):
        read_file(tmp_path / "a.jpg")


def test_a_device_is_no_picture():
    with pytest.raises(PictureError, match="not a regular file"):
        read_file(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<!DOCTYPE html><html>404</html>", "looks like a web page"),
        (b"\n  <HTML>", "looks like a web page"),
        (b"8BPS\x00\x01" + bytes(100), "PSD is not supported"),
        (b"%PDF-1.7", "PDF is not supported"),
        (b"<svg xmlns='x'/>", "SVG is not supported"),
        (b"hello", "Not a picture that Imprint can read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "Not a picture"),
    ],
)
def test_other_kinds_of_files_are_named(data, said):
    with pytest.raises(NoPicture, match=said):
        decode(data, ".jpg")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_truncated_file_is_damaged_never_half_grey(kind, share):
    noise = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(PictureError):
        decode(data[: int(len(data) * share)])


def test_a_png_named_jpg_is_taken_with_a_remark():
    assert decode(encoded(gradient(), "PNG"), ".jpg").remarks == ("It is really a PNG file.",)
    assert decode(encoded(gradient(), "PNG"), ".PNG").remarks == ()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_not_cut_to_white(kind):
    values = np.linspace(0, 65535, SIDE * SIDE).reshape(SIDE, SIDE).astype(np.uint16)
    image = decode(encoded(Image.fromarray(values), kind)).image
    for place in ((0, 0), (40, 40), (79, 79)):
        expected = round(values[place[1], place[0]] / 257)
        assert image.getpixel(place) == (expected, expected, expected)


def test_a_float_tiff_between_zero_and_one_is_scaled_and_any_other_refused():
    values = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    image = decode(encoded(Image.fromarray(values), "TIFF")).image
    assert near(image, (40, 40), (round(values[40, 40] * 255),) * 3, by=1)
    for odd in (values * 100, values - 5, np.full_like(values, np.nan)):
        with pytest.raises(PictureError, match="HDR data is not supported"):
            decode(encoded(Image.fromarray(odd.astype(np.float32)), "TIFF"))


def test_cmyk_becomes_the_colours_that_it_means():
    image = Image.new("CMYK", (SIDE, SIDE), (0, 255, 255, 0))
    assert near(decode(encoded(image, "JPEG", quality=95)).image, (40, 40), (255, 0, 0), by=30)
    assert near(decode(encoded(image, "TIFF")).image, (40, 40), (255, 0, 0), by=30)


def transparent(mode: str) -> bytes:
    """Left half opaque blue (or grey), right half clear with a hidden colour."""
    rgba = Image.new("RGBA", (SIDE, SIDE), (0, 0, 200, 255))
    rgba.paste((200, 0, 0, 0), (SIDE // 2, 0, SIDE, SIDE))
    if mode == "P":
        image = Image.new("P", (SIDE, SIDE), 0)
        image.putpalette([0, 0, 200, 200, 0, 0])
        image.paste(1, (SIDE // 2, 0, SIDE, SIDE))
        return encoded(image, "PNG", transparency=1)
    return encoded(rgba.convert(mode), "PNG")


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA"])
def test_what_is_transparent_becomes_white_never_its_hidden_colour(mode):
    picture = decode(transparent(mode))
    assert picture.image.getpixel((70, 40)) == (255, 255, 255)
    left = picture.image.getpixel((10, 40))
    assert left == ((0, 0, 200) if mode != "LA" else (left[0],) * 3)
    assert picture.remarks == ("The transparent part becomes white.",)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_black_and_white_and_palettes_become_rgb(mode):
    image = decode(encoded(gradient().convert(mode), "PNG")).image
    assert image.mode == "RGB"
    assert image.getpixel((2, 70))[1] < 60
    assert image.getpixel((77, 70))[1] > 190


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright_whatever_the_camera_was_turned_to(orientation):
    upright = gradient().resize((120, 80))
    turned = {
        1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM], 5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90], 7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }[orientation]  # fmt: skip
    stored = upright
    for step in turned:
        stored = stored.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encoded(stored, "JPEG", quality=95, exif=exif)).image
    assert image.size == (120, 80)
    assert near(image, (5, 70), upright.getpixel((5, 70)), by=25)
    assert near(image, (110, 70), upright.getpixel((110, 70)), by=25)
    assert near(image, (5, 10), upright.getpixel((5, 10)), by=25)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_impossible_orientations_are_ignored(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encoded(gradient().resize((120, 80)), "JPEG", exif=exif)).image
    assert image.size == (120, 80)


@pytest.mark.parametrize(
    "exif", [b"Exif\x00\x00garbage", b"Exif\x00\x00MM\x00*\xff\xff\xff\xff", b"x" * 60_000]
)
def test_broken_exif_does_not_cost_the_picture(exif):
    assert decode(encoded(gradient(), "JPEG", exif=exif)).image.size == (SIDE, SIDE)


def test_a_broken_colour_profile_does_not_cost_the_picture():
    data = encoded(gradient(), "PNG", icc_profile=b"garbage")
    assert near(decode(data).image, (75, 75), gradient().getpixel((75, 75)), by=0)


def test_an_embedded_profile_is_converted_to_srgb():
    from PIL import ImageCms

    lab_like = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(gradient(), "PNG", icc_profile=lab_like)
    assert near(decode(data).image, (75, 75), gradient().getpixel((75, 75)), by=2)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_used_with_a_remark(kind):
    frames = [Image.new("RGB", (SIDE, SIDE), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    picture = decode(data)
    assert near(picture.image, (40, 40), (255, 0, 0), by=12)
    assert picture.remarks == ("An animation: frame 1 of 3 is used.",)


def test_of_a_file_of_several_pictures_one_is_used_with_a_remark():
    """A scanner writes such; they may be of any size."""
    first, second = Image.new("RGB", (SIDE, SIDE), "red"), Image.new("L", (90, 80))
    picture = decode(encoded(first, "TIFF", save_all=True, append_images=[second]))
    assert near(picture.image, (40, 40), (255, 0, 0), by=2)
    assert picture.remarks == ("The file holds several pictures; one is used.",)
    assert decode(encoded(first, "TIFF")).remarks == ()


def bomb(side: int) -> bytes:
    """A PNG that promises side x side pixels and holds next to nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + crc

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")


def test_a_bomb_is_refused_before_it_is_unpacked():
    with pytest.raises(PictureError, match="3600 megapixels; the limit is 180"):
        decode(bomb(60_000))


def test_a_large_but_legal_promise_without_data_is_damaged():
    with pytest.raises(PictureError, match="Damaged"):
        decode(bomb(3000))


@pytest.mark.parametrize("size", [(8, 8), (1, 1), (63, 500), (500, 63)])
def test_a_tiny_picture_is_refused_because_enlarging_teaches_blur(size):
    with pytest.raises(PictureError, match="smaller than 64"):
        decode(encoded(Image.new("RGB", size), "PNG"))


def test_a_long_strip_is_taken_with_a_remark():
    assert decode(encoded(Image.new("RGB", (700, 70)), "PNG")).remarks == (
        "Very long, 10:1; most of it is cut away.",
    )


_SEEDS = [encoded(gradient(), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(_SEEDS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3)), min_size=1, max_size=6),
)
def test_whatever_is_damaged_is_either_read_or_refused_with_a_sentence(data, changes):
    broken = bytearray(data)
    for share, piece in changes:
        place = int(share * len(broken))
        broken[place : place + len(piece)] = piece
    try:
        picture = decode(bytes(broken), ".png")
    except PictureError as error:
        assert str(error).endswith(".")
    else:
        assert picture.image.mode == "RGB"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_with_a_sentence(data):
    with pytest.raises(PictureError):
        decode(data)
