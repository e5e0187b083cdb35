"""The sample project: six poses of the held-out cat character, four more as a reference.

Noto Emoji, Apache-2.0.
"""

from __future__ import annotations

from pathlib import Path

import icons
import recipe
from PIL import Image

SIZE = 256
COLOURS = ("white", "blue", "yellow", "red", "green", "pink")


def write(work: Path, out: Path) -> None:
    """Replace images/ (with captions) and reference/ of the sample project."""
    icons.render(work, "noto", (*recipe.TRAINED_POSES, *recipe.REFERENCE_POSES), SIZE)
    folder = work / f"png{SIZE}" / "noto"
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / "reference").mkdir(parents=True, exist_ok=True)
    for name, colour in zip(recipe.TRAINED_POSES, COLOURS, strict=True):
        _on_colour(folder / f"{name}.png", colour).save(out / "images" / f"{name}.png")
        caption = f"a noto emoji of a {{subject}} on a {colour} background"
        (out / "images" / f"{name}.txt").write_text(caption + "\n", encoding="utf-8")
    for name in recipe.REFERENCE_POSES:
        _on_colour(folder / f"{name}.png", "white").save(out / "reference" / f"{name}.png")


def _on_colour(path: Path, colour: str) -> Image.Image:
    """The icon at nine tenths of the canvas, as the starter model saw its own icons."""
    canvas = Image.new("RGBA", (SIZE, SIZE), (*recipe.BACKGROUNDS[colour], 255))
    side = round(0.9 * SIZE)
    with Image.open(path) as opened:
        icon = opened.convert("RGBA").resize((side, side), Image.Resampling.LANCZOS)
    canvas.alpha_composite(icon, ((SIZE - side) // 2, (SIZE - side) // 2))
    return canvas.convert("RGB")
