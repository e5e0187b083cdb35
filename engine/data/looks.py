"""What is seen in one picture in a few numbers: is it blurred, is it like another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

BLUR_SIDE = 512
# Variance of the Laplacian in grey levels squared, below which people call a picture blurred. A
# hint: of photographs and of pictures blurred by us on purpose, see tests/engine/test_looks.py.
BLURRED_BELOW = 25.0
FLAT_BELOW, FLAT_COLOURS = 1.0, 4  # of a picture of one colour, with the noise of a JPEG
SIDE = 16  # of the fingerprint, in bits
STEP = 2  # grey levels that count as brighter: less is the noise of a flat ground
# Near copies (resized, recompressed) differ in fewer bits, and in their colours by fewer levels.
ALIKE_BITS = 16
ALIKE_COLOURS = 10.0
_WORDS = SIDE * SIDE // 64


@dataclass(frozen=True, slots=True)
class Looks:
    """Small enough to be remembered for each picture of a large set."""

    fingerprint: int  # SIDE x SIDE bits, see fingerprint_of
    colours: int  # 4 x 4 places of red, green, blue, a byte each
    sharpness: float  # see sharpness_of
    transparent: bool

    @property
    def is_blurred(self) -> bool:
        return self.sharpness < BLURRED_BELOW

    @property
    def is_blank(self) -> bool:
        """One colour all over: a black frame, a lens cap, an empty page."""
        places = _rows([self.colours], 48).reshape(16, 3).astype(np.int16)
        return self.sharpness < FLAT_BELOW and bool(np.ptp(places, axis=0).max() <= FLAT_COLOURS)


def look_at(image: Image.Image, *, transparent: bool) -> Looks:
    """Look at an upright RGB picture."""
    tiny = np.asarray(image.resize((4, 4), Image.Resampling.BOX), np.uint8)
    colours = int.from_bytes(tiny.tobytes(), "big")
    return Looks(fingerprint_of(image), colours, sharpness_of(image), transparent)


def fingerprint_of(image: Image.Image) -> int:
    """Bits that tell where the picture grows brighter from left to right ("dHash", Krawetz 2013,
    in 16 rows of 17)."""
    small = image.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, np.int16)
    bits = (grey[:, 1:] > grey[:, :-1] + STEP).flatten()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def sharpness_of(image: Image.Image) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000) in the sharpest of nine tiles.

    The sharpest, because the ground of a good portrait is blurred on purpose.
    """
    grey = image.convert("L")
    grey.thumbnail((BLUR_SIDE, BLUR_SIDE), Image.Resampling.BOX)
    values = np.asarray(grey, np.float32)
    if min(values.shape) < 9:
        return float("inf")
    inner = values[1:-1, 1:-1]
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    laplacian = around - 4 * inner
    tiles = (t for row in np.array_split(laplacian, 3) for t in np.array_split(row, 3, axis=1))
    return float(max(tile.var() for tile in tiles))


def groups_of_alike(looks: Mapping[str, Looks]) -> list[list[str]]:
    """Keys of pictures that are the same or nearly so, in groups of two and more.

    Ten thousand pictures take a second: distances are counted by rows of a matrix.
    """
    keys = list(looks)
    prints = _rows([looks[key].fingerprint for key in keys], 8 * _WORDS).view(">u8")
    colours = _rows([looks[key].colours for key in keys], 48).astype(np.int16)
    leader = list(range(len(keys)))

    def lead(row: int) -> int:
        while leader[row] != row:
            leader[row] = leader[leader[row]]
            row = leader[row]
        return row

    for row in range(len(keys) - 1):
        differing = np.bitwise_count(prints[row + 1 :] ^ prints[row]).sum(1)
        near = row + 1 + np.flatnonzero(differing <= ALIKE_BITS)
        off = np.abs(colours[near] - colours[row]).mean(1)
        for other in near[off <= ALIKE_COLOURS]:
            leader[lead(int(other))] = lead(row)
    groups: dict[int, list[str]] = {}
    for row, key in enumerate(keys):
        groups.setdefault(lead(row), []).append(key)
    return [group for group in groups.values() if len(group) > 1]


def _rows(numbers: list[int], width: int) -> np.ndarray:
    """(N, width) bytes."""
    joined = b"".join(number.to_bytes(width, "big") for number in numbers)
    return np.frombuffer(joined, np.uint8).reshape(len(numbers), width)
