"""One picture file -> an upright sRGB picture, whatever format and mode it comes in."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path, PurePath

from PIL import Image, UnidentifiedImageError

from engine.data.colours import (
    PictureError,
    has_alpha,
    orientation_of,
    to_alpha,
    to_rgb,
    turned_upright,
)
from engine.data.picture_cost import MOST_BYTES, bytes_at_work, factor_of
from engine.out_of_memory import is_out_of_memory
from engine.regular_files import NotRegular, opened
from engine.wording import QT_TRANSLATE_NOOP, Phrase

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "TIFF", "BMP", "GIF", "AVIF")
PICTURE_SUFFIXES = frozenset(
    ".jpg .jpeg .jfif .png .webp .heic .heif .tif .tiff .bmp .gif .avif".split()
)
# Formats of pictures that are not read, by suffix. A file that holds something else than its name
# says is used: people rename files.
OTHER_FORMATS = {
    ".jxl": "JPEG XL", ".jp2": "JPEG 2000", ".j2k": "JPEG 2000", ".jpf": "JPEG 2000",
    ".jpx": "JPEG 2000", ".jxr": "JPEG XR", ".tga": "TGA", ".exr": "OpenEXR", ".hdr": "HDR",
    ".psd": "PSD", ".psb": "PSB", ".xcf": "XCF", ".kra": "Krita", ".ora": "OpenRaster",
    ".clip": "Clip Studio", ".ai": "Illustrator", ".eps": "EPS", ".pdf": "PDF", ".svg": "SVG",
    ".svgz": "SVG", ".wmf": "WMF", ".emf": "EMF", ".dds": "DDS", ".ppm": "PPM", ".pgm": "PGM",
    ".pbm": "PBM", ".pnm": "PNM", ".pam": "PAM", ".pcx": "PCX", ".qoi": "QOI", ".ico": "ICO",
    ".icns": "ICNS", ".fits": "FITS", ".fit": "FITS", ".bpg": "BPG", ".flif": "FLIF",
}  # fmt: skip
# By the first bytes; ftyp and RIFF say later what they hold.
_MAGIC = {
    b"8BPS": "PSD", b"%PDF": "PDF", b"SIMPLE  =": "FITS", b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL", b"\0\0\0\x0cjP  ": "JPEG 2000", b"\xff\x4f\xff\x51": "JPEG 2000",
    b"v/1\x01": "OpenEXR", b"#?RADIANCE": "HDR", b"gimp xcf": "XCF", b"DDS ": "DDS", b"qoif": "QOI",
}  # fmt: skip
_VIDEO_BRANDS = frozenset(
    b"ftyp" + brand
    for brand in (b"isom", b"iso2", b"iso5", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V ")
)
VIDEO = QT_TRANSLATE_NOOP("engine", "A video. Save single frames as JPEG or PNG.")
MAX_PIXELS = 180_000_000
MIN_SIDE = 64
_ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")
_ALBUMS = ("TIFF", "HEIF")  # not JPEG, where the others are previews of the first
MAX_FILE_BYTES = 1 << 30

Image.MAX_IMAGE_PIXELS = None  # the limit is checked here, with a sentence, before decoding


_NO_MEMORY = QT_TRANSLATE_NOOP("engine", "There is not enough free memory to open it.")


class NoPicture(PictureError):
    """Raised for a file that holds something else altogether."""


class OtherFormat(NoPicture):
    """Raised for a picture or a video in a format that is not read."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright RGB picture and what is worth telling about how it became one."""

    image: Image.Image
    remarks: tuple[Phrase, ...] = ()
    is_transparent: bool = False  # or was, before it was laid on white


def promises_a_picture(path: PurePath) -> bool:
    """By its name. If it holds none, people want to know."""
    suffix = path.suffix.lower()
    return suffix in PICTURE_SUFFIXES or suffix in OTHER_FORMATS


def read_file(path: Path) -> bytes:
    """The bytes of a regular, non-empty file of sane size. Raises PictureError."""
    try:
        with opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                raise PictureError(
                    QT_TRANSLATE_NOOP(
                        "engine", "The file is empty (0 bytes); perhaps a copy was interrupted."
                    )
                )
            if size > MAX_FILE_BYTES:
                raise PictureError(QT_TRANSLATE_NOOP("engine", "The file is larger than 1 GiB."))
            return file.read()
    except MemoryError as error:
        raise PictureError(_NO_MEMORY) from error
    except (NotRegular, IsADirectoryError) as error:
        raise PictureError(QT_TRANSLATE_NOOP("engine", "It is not a regular file.")) from error
    except OSError as error:
        raise PictureError(
            QT_TRANSLATE_NOOP("engine", "It cannot be read: {reason}."), reason=str(error.strerror)
        ) from error


def decode(data: bytes, suffix: str = "") -> Picture:
    """Decode the first frame, upright, in sRGB. Raises PictureError."""
    return _decode(data, suffix, MIN_SIDE)


def _decode(data: bytes, suffix: str, min_side: int) -> Picture:
    with _opened(data, suffix) as opened:
        check_size(opened, min_side)
        remarks = _remarks(opened, suffix)
        transparent = has_alpha(opened)
        factor = _made_ready(opened, len(data))
        opened.load()
        rgb, orientation = to_rgb(opened, factor), orientation_of(opened)
    return Picture(turned_upright(rgb, orientation), tuple(remarks), transparent)


def _made_ready(opened: Image.Image, file_bytes: int) -> int:
    """By how much its sides are divided after it was decoded; a large JPEG is decoded smaller.

    Raises PictureError where too much memory would be needed.
    """
    in_file = opened.size
    factor = factor_of(*in_file)
    if factor > 1:
        opened.draft(None, (opened.width // factor, opened.height // factor))
        factor = factor_of(*opened.size)
    needed = bytes_at_work(opened, in_file, file_bytes)
    if needed > MOST_BYTES:
        raise PictureError(
            QT_TRANSLATE_NOOP(
                "engine",
                "Reading it takes about {gib:.1f} GiB of memory; the limit is 1 GiB. Shrink it "
                "first.",
            ),
            gib=ceil(10 * needed / 2**30) / 10,
        )
    return factor


@contextmanager
def _opened(data: bytes, suffix: str = "") -> Iterator[Image.Image]:
    """Whatever fails inside is a fault of the picture. Raises PictureError."""
    try:
        with Image.open(io.BytesIO(data), formats=_known_formats()) as opened:
            yield opened
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise _what_else(data, suffix.lower()) from None
    except Exception as error:  # decoders raise what they like, as tests/fuzz found
        if is_out_of_memory(error):
            raise PictureError(_NO_MEMORY) from error
        raise PictureError(
            QT_TRANSLATE_NOOP(
                "engine", "Damaged: the picture data ends early or is broken ({reason})."
            ),
            reason=str(error),
        ) from error


def decode_any_size(data: bytes) -> Image.Image:
    """For showing, not for training: small pictures are welcome. Raises PictureError."""
    return _decode(data, "", min_side=1).image


def decode_alpha(data: bytes) -> Image.Image | None:
    """How opaque each place is, upright, as 8-bit grey; None where the picture has no alpha.

    Raises PictureError.
    """
    with _opened(data) as opened:
        check_size(opened, 1)
        factor = _made_ready(opened, len(data))
        opened.load()
        if "A" not in opened.getbands() and "transparency" not in opened.info:
            return None
        alpha, orientation = to_alpha(opened, factor), orientation_of(opened)
    return turned_upright(alpha, orientation)


def check_size(image: Image.Image, min_side: int = MIN_SIDE) -> None:
    """Raises PictureError where a picture is too large to decode or too small to teach."""
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        megapixels = pixels / 1e6
        raise PictureError(
            QT_TRANSLATE_NOOP(
                "engine", "{megapixels:.0f} megapixels; the limit is 180. Shrink it first."
            ),
            megapixels=megapixels,
        )
    if min(image.size) < min_side:
        raise PictureError(
            QT_TRANSLATE_NOOP(
                "engine",
                "{width} x {height} pixels: smaller than {min_side}; "
                "enlarging it would teach blur.",
            ),
            width=image.width,
            height=image.height,
            min_side=min_side,
        )


def _remarks(image: Image.Image, suffix: str) -> list[Phrase]:
    remarks = []
    expected = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".gif": "GIF"}
    really = "JPEG" if image.format == "MPO" else image.format
    if suffix.lower() in expected and expected[suffix.lower()] != really:
        remarks.append(
            Phrase(QT_TRANSLATE_NOOP("engine", "It is really a {format} file."), format=str(really))
        )
    # Asked only where frames are of use: a TIFF counts them by reading its whole file.
    frames = image.n_frames if image.format in _ANIMATED else 1  # type: ignore[attr-defined]
    if frames > 1:
        remarks.append(
            Phrase(
                QT_TRANSLATE_NOOP("engine", "An animation: frame 1 of {frames} is used."),
                frames=frames,
            )
        )
    elif image.format in _ALBUMS and getattr(image, "is_animated", False):
        remarks.append(
            Phrase(QT_TRANSLATE_NOOP("engine", "The file holds several pictures; one is used."))
        )
    factor = factor_of(*image.size)
    if factor > 1:
        remarks.append(
            Phrase(
                QT_TRANSLATE_NOOP(
                    "engine", "{megapixels:.0f} megapixels; read at 1/{factor} of its size."
                ),
                megapixels=image.width * image.height / 1e6,
                factor=factor,
            )
        )
    long_side, short_side = max(image.size), min(image.size)
    if long_side > 4 * short_side:
        remarks.append(
            Phrase(
                QT_TRANSLATE_NOOP("engine", "Very long, {ratio:.0f}:1; most of it is cut away."),
                ratio=long_side / short_side,
            )
        )
    if has_alpha(image):
        remarks.append(Phrase(QT_TRANSLATE_NOOP("engine", "The transparent part becomes white.")))
    return remarks


def _what_else(data: bytes, suffix: str) -> PictureError:
    head = data[:512].lstrip().lower()
    name = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), "")
    if head.startswith(b"<svg") or (head.startswith(b"<?xml") and b"<svg" in head):
        name = "SVG"
    elif head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return NoPicture(QT_TRANSLATE_NOOP("engine", "Not a picture: it looks like a web page."))
    elif data[4:12] in _VIDEO_BRANDS or data.startswith(b"\x1a\x45\xdf\xa3"):
        return OtherFormat(VIDEO)
    name = name or OTHER_FORMATS.get(suffix, "")
    if name:
        return OtherFormat(
            QT_TRANSLATE_NOOP("engine", "{format} is not supported; export it as JPEG or PNG."),
            format=name,
        )
    return NoPicture(QT_TRANSLATE_NOOP("engine", "Not a picture that Imprint can read."))


@cache
def _known_formats() -> list[str]:
    """Those of FORMATS that this Pillow can read; no other decoder is ever tried."""
    from pi_heif import register_heif_opener  # late: it loads a large library

    register_heif_opener()
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]
