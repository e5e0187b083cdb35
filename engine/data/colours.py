"""A decoded picture of any mode -> RGB, by strips of rows, so that a large one takes little memory.

Pillow's own `convert("RGB")` turns 16-bit grey into white, float into black and shows the
hidden colour of transparent pixels; the table here does not.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

from engine.wording import QT_TRANSLATE_NOOP, ReasonedError

STRIP = 4_000_000  # pixels that are worked on at once
_TRANSPARENT = ("RGBA", "LA", "PA", "RGBa", "La")
_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I")
# Orientation as EXIF counts it -> what brings the picture upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip
_ORIENTATION = 0x0112


class PictureError(ReasonedError):
    """Raised with the reason why a picture cannot be used, as a sentence."""


def to_rgb(image: Image.Image, factor: int = 1) -> Image.Image:
    """In sRGB, at 1 / factor of its size. Raises PictureError."""
    return _by_strips(image, factor, _strip_to_rgb, "RGB")


def to_alpha(image: Image.Image, factor: int = 1) -> Image.Image:
    """How opaque each place is, as 8-bit grey."""
    return _by_strips(image, factor, lambda strip: strip.convert("RGBA").getchannel("A"), "L")


def orientation_of(image: Image.Image) -> int:
    """Of a picture whose data were read: some formats have EXIF behind them."""
    return image.getexif().get(_ORIENTATION, 1)


def turned_upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def has_alpha(image: Image.Image) -> bool:
    return image.mode in _TRANSPARENT or "transparency" in image.info


def flatten(image: Image.Image, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """Lay a transparent picture on a plain background."""
    rgba = image.convert("RGBA")
    canvas = Image.new("RGBA", rgba.size, (*background, 255))
    canvas.alpha_composite(rgba)
    return canvas.convert("RGB")


def _by_strips(
    image: Image.Image, factor: int, convert: Callable[[Image.Image], Image.Image], mode: str
) -> Image.Image:
    """The conversion looks at each pixel by itself, so that strips give what the whole gives."""
    width, height = image.size
    rows = max(1, STRIP // width // factor) * factor
    if rows >= height:
        return _reduced(convert(image), factor)
    made = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        strip = convert(image.crop((0, top, width, min(top + rows, height))))
        made.paste(_reduced(strip, factor), (0, top // factor))
    return made


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    return image if factor == 1 else image.reduce(factor)


def _strip_to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BITS:
        values = np.clip(np.asarray(image.convert("I")), 0, 65535).astype(np.uint32)
        return _from_grey((values + 128) // 257)  # to the nearest of 0 to 255
    if image.mode == "F":
        return _from_grey(np.clip(np.rint(_unit_values(image) * 255), 0, 255))
    if has_alpha(image):
        return flatten(image)
    converted = _through_profile(image)
    return converted if converted is not None else image.convert("RGB")


def _unit_values(image: Image.Image) -> np.ndarray:
    values = np.asarray(image, np.float64)
    if not np.isfinite(values).all() or values.min() < -0.01 or values.max() > 1.01:
        raise PictureError(
            QT_TRANSLATE_NOOP("engine", "HDR data is not supported. Save it as an 8-bit picture.")
        )
    return values


def _from_grey(values: np.ndarray) -> Image.Image:
    return Image.fromarray(values.astype(np.uint8), "L").convert("RGB")


def _through_profile(image: Image.Image) -> Image.Image | None:
    """To sRGB through the embedded profile; None where there is none or it is broken."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None  # a broken profile is ignored, as viewers do
