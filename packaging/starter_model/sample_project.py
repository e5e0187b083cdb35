"""The subjects that the starter model has never seen: the sample project's cat, and two more that
methods are compared on. Noto Emoji (Apache-2.0), and a toy of our own.
"""

from __future__ import annotations

import json
from pathlib import Path

import icons
import recipe
import toy
from PIL import Image

SIZE = 256
COLOURS = ("white", "blue", "yellow", "red", "green", "pink")
PROMPT_COLOURS = COLOURS[:4]
TRIGGER = "sks"
SUBJECTS = "tests/benchmarks/subjects"
MONKEYS = ("see-no-evil-monkey", "hear-no-evil-monkey", "speak-no-evil-monkey", "monkey-face")
# Turn and tilt of the toy in degrees.
TOY_VIEWS = ((0, 12), (35, 5), (-35, 25), (65, 15), (18, 28), (-60, 8))
TOY_REFERENCES = ((14, 8), (-20, 15), (48, 20), (-45, 5))


def write(work: Path, out: Path) -> None:
    """Replace images/ (with captions) and reference/ of the sample project."""
    names = (*recipe.TRAINED_POSES, *recipe.REFERENCE_POSES)
    pictures = _icons(work, names)
    _write_trained(out, pictures, recipe.TRAINED_POSES, "noto")
    _write_references(out, [(name, pictures[name]) for name in recipe.REFERENCE_POSES])


def write_others(work: Path, out: Path) -> None:
    """Replace the monkeys and the toy under `out`, with the settings that compare them."""
    _write_settings(out, "cat", "cat", "noto", "resources/sample_project", has_references=True)
    pictures = _icons(work, MONKEYS)
    _write_trained(out / "monkeys", pictures, MONKEYS, "noto")
    _write_settings(out, "monkeys", "monkey", "noto", f"{SUBJECTS}/monkeys", has_references=False)
    views = {f"view{turn:+d}": _toy(turn, tilt, number) for number, (turn, tilt) in
             enumerate(TOY_VIEWS)}  # fmt: skip
    _write_trained(out / "toy", views, tuple(views), "glossy 3d")
    _write_references(
        out / "toy",
        [(f"view{turn:+d}", _toy(turn, tilt, 0)) for turn, tilt in TOY_REFERENCES],
    )
    _write_settings(out, "toy", "robot", "glossy 3d", f"{SUBJECTS}/toy", has_references=True)


def _write_trained(
    folder: Path, pictures: dict[str, Image.Image], names: tuple[str, ...], style: str
) -> None:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for name, colour in zip(names, COLOURS, strict=False):
        found = pictures[name]
        picture = _on_colour(found, colour) if found.mode == "RGBA" else found
        picture.save(folder / "images" / f"{name}.png")
        caption = f"a {style} emoji of a {{subject}} on a {colour} background"
        (folder / "images" / f"{name}.txt").write_text(caption + "\n", encoding="utf-8")


def _write_references(folder: Path, pictures: list[tuple[str, Image.Image]]) -> None:
    (folder / "reference").mkdir(parents=True, exist_ok=True)
    for name, picture in pictures:
        on_white = _on_colour(picture, "white") if picture.mode == "RGBA" else picture
        on_white.save(folder / "reference" / f"{name}.png")


def _write_settings(
    out: Path, name: str, class_word: str, style: str, place: str, *, has_references: bool
) -> None:
    """As `main.py compare` reads them, from the root of the repository."""
    settings = {
        "base_model": "starter",
        "dataset": {
            "folder": f"{place}/images", "trigger": TRIGGER, "class_word": class_word
        },
        "sampling": {
            "prompts": [
                f"a {style} emoji of a {TRIGGER} {class_word} on a {colour} background"
                for colour in PROMPT_COLOURS
            ]
        },
        "evaluation": {"references": f"{place}/reference" if has_references else ""},
    }  # fmt: skip
    (out / f"{name}.json").write_text(json.dumps(settings, indent=2) + "\n", "utf-8")


def _icons(work: Path, names: tuple[str, ...]) -> dict[str, Image.Image]:
    icons.render(work, "noto", names, SIZE)
    folder = work / f"png{SIZE}" / "noto"
    found = {}
    for name in names:
        with Image.open(folder / f"{name}.png") as opened:
            found[name] = opened.convert("RGBA")
    return found


def _toy(turn: int, tilt: int, number: int) -> Image.Image:
    return toy.picture(SIZE, turn, tilt, recipe.BACKGROUNDS[COLOURS[number]])


def _on_colour(picture: Image.Image, colour: str) -> Image.Image:
    """The icon at nine tenths of the canvas, as the starter model saw its own icons."""
    canvas = Image.new("RGBA", (SIZE, SIZE), (*recipe.BACKGROUNDS[colour], 255))
    side = round(0.9 * SIZE)
    icon = picture.resize((side, side), Image.Resampling.LANCZOS)
    canvas.alpha_composite(icon, ((SIZE - side) // 2, (SIZE - side) // 2))
    return canvas.convert("RGB")
