"""Labels that are drawn into pictures (sheets, grids), in the language of the window.

The engine knows no languages: the window hands over its translation. Where this computer has no
font for the letters, the label stays English.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from PIL import ImageDraw, ImageFont

from engine.wording import Phrase, fill

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

INK = (26, 29, 35)
# Files that Pillow finds by name where the system keeps its fonts: Windows, macOS, Linux.
CHINESE_FONTS = (
    "msyh.ttc",
    "simhei.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
)

_translate: list[Callable[[str], str]] = []


def speak(translate: Callable[[str], str] | None) -> None:
    """Use the window's language from here on; None is English."""
    _translate[:] = [] if translate is None else [translate]


def draw_label(draw: ImageDraw.ImageDraw, place: tuple[int, int], label: str, size: int) -> None:
    """Draw a text; a Phrase is translated if its letters can be drawn."""
    text, font = _translated(label, size)
    draw.text(place, text, fill=INK, font=font)


def _translated(label: str, size: int) -> tuple[str, Font]:
    if _translate and isinstance(label, Phrase):
        text = fill(_translate[0](label.template), label.facts)
        font = _default(size) if text.isascii() else _chinese(size)
        if font is not None:
            return text, font
    return str(label), _default(size)


@cache
def _default(size: int) -> Font:
    return ImageFont.load_default(size=size)


@cache
def _chinese(size: int) -> Font | None:
    for name in CHINESE_FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return None
