"""Pictures that a run draws under fixed names, and may draw again. A sum of the pixels in the file
shows that it is as it was drawn; one that somebody retouched gets another name and is kept."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

from PIL import Image, PngImagePlugin

from engine import storage
from engine.out_of_memory import is_out_of_memory
from engine.regular_files import is_link, opened

_SUM = "imprint-pixels"  # keyword of a PNG text
_MOST_PIXELS = 1 << 26  # no run draws more, and a small file may promise any size
_EARLIER = "earlier_{name}"  # in front: what is sought by the beginning of its name is not found


def sealed_png(image: Image.Image, texts: dict[str, str]) -> bytes:
    """A PNG with these texts and the sum of its pixels."""
    info = PngImagePlugin.PngInfo()
    for key, text in (texts | {_SUM: _sum_of(image)}).items():
        info.add_text(key, text)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def write_sealed(path: Path, png: bytes) -> None:
    """Write such a PNG into a folder of ours.

    Raises DiskFull, LinkInTheWay or OutputNotWritable.
    """
    if os.path.lexists(path) and not is_link(path) and not is_as_drawn(path):
        storage.move_to_free(path, path.with_name(_EARLIER.format(name=path.name)))
    storage.write_bytes(path, png)


def is_as_drawn(path: Path) -> bool:
    """False where it was changed since, or was never drawn by Imprint."""
    try:
        with opened(path) as file, Image.open(file, formats=["PNG"]) as image:
            known = image.info.get(_SUM)  # asked first: nothing else is worth decoding
            is_small = image.width * image.height <= _MOST_PIXELS
            return known is not None and is_small and known == _sum_of(image)
    except Exception as error:  # decoders raise what they like
        if is_out_of_memory(error):
            raise
        return False


def _sum_of(image: Image.Image) -> str:
    digest = hashlib.sha256(f"{image.mode} {image.width} {image.height} ".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()
