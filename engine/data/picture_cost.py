"""How much memory a picture takes while it is decoded, told before anything is decoded."""

from __future__ import annotations

from math import ceil, sqrt

from PIL import Image

MOST_BYTES = 1 << 30
# Only some hundred pixels of a side are trained on: what is larger is made smaller on the way.
MOST_KEPT, KEPT = 64_000_000, 32_000_000  # pixels
_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2}
_OF_RGB = 4  # Pillow keeps three bytes of a pixel in four
# What decoders hold for each pixel beside Pillow's own copy, measured with Pillow 12 and pi-heif.
_BESIDE = {"WEBP": 12, "AVIF": 12, "HEIF": 12}
_OF_A_COEFFICIENT = 2  # progressive JPEGs keep all of them until the end
# Tags of TIFF.
_BITS, _COMPRESSION, _ROWS, _TILE_WIDTH, _TILE_HEIGHT = 258, 259, 278, 322, 323


def factor_of(width: int, height: int) -> int:
    """By how much the sides of a large picture are divided; 1 where it stays as it is."""
    pixels = width * height
    return 1 if pixels <= MOST_KEPT else ceil(sqrt(pixels / KEPT))


def bytes_at_work(image: Image.Image, in_file: tuple[int, int], file_bytes: int) -> int:
    """The file, what its decoder needs, the decoded picture, and the RGB that is made of it.

    Of a JPEG `in_file` is its size, and `image` may have a smaller one, asked for by `draft`.
    """
    pixels = image.width * image.height
    kept = pixels / factor_of(image.width, image.height) ** 2
    decoded = pixels * _BYTES.get(image.mode, 4)
    return file_bytes + _of_the_decoder(image, in_file) + decoded + int(kept * _OF_RGB)


def _of_the_decoder(image: Image.Image, in_file: tuple[int, int]) -> int:
    pixels = in_file[0] * in_file[1]
    if image.format == "TIFF":
        return _of_a_strip(image)
    if image.info.get("progressive"):
        return pixels * len(image.getbands()) * _OF_A_COEFFICIENT
    return pixels * _BESIDE.get(str(image.format), 0)


def _of_a_strip(image: Image.Image) -> int:
    """A strip or tile of a TIFF is unpacked as a whole; it may be the whole picture."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    if tags.get(_COMPRESSION, 1) == 1:  # read as it is
        return 0
    width = max(int(tags.get(_TILE_WIDTH, 0)), image.width)
    rows = int(tags.get(_TILE_HEIGHT, 0)) or min(int(tags.get(_ROWS, image.height)), image.height)
    bits = sum(map(int, tags.get(_BITS, (1,))))
    return width * rows * bits // 8
