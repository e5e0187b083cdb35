"""The sheet that shows what a training did: pictures, before, after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from engine.data import pictures
from engine.data.buckets import Bucket, crop_to
from engine.drawn_text import draw_label
from engine.file_names import number_in
from engine.formats.sealed_png import sealed_png, write_sealed
from engine.regular_files import paths_in

CELL = 160
GAP = 8
LABEL = 28
MAX_COLUMNS = 6
LABEL_SIZE = 15
PAPER = (255, 255, 255)


def write_sheet(path: Path, rows: Sequence[tuple[str, Sequence[Path]]]) -> None:
    """One labelled row of pictures under another. Raises DiskFull or OutputNotWritable."""
    columns = min(MAX_COLUMNS, max(len(files) for _, files in rows))
    size = (GAP + columns * (CELL + GAP), len(rows) * (LABEL + CELL + GAP) + GAP)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (title, files) in enumerate(rows):
        top = GAP + number * (LABEL + CELL + GAP)
        draw_label(draw, (GAP, top + 4), title, LABEL_SIZE)
        for column, image in enumerate(_cells(files[:columns])):
            sheet.paste(image, (GAP + column * (CELL + GAP), top + LABEL))
    write_sealed(path, sealed_png(sheet, {}))


def samples_of(folder: Path, step: int) -> list[Path]:
    """The sample pictures of a step, in the order of their prompts."""
    found = paths_in(folder, f"step_{step:06d}_*.png")
    numbers = {path: number for path in found if (number := number_in(path, 2)) is not None}
    return sorted(numbers, key=lambda path: numbers[path])


def sampled_steps(folder: Path) -> list[int]:
    steps = (number_in(path, 1) for path in paths_in(folder, "step_*_*.png"))
    return sorted({step for step in steps if step is not None})


def _cells(files: Iterable[Path]) -> Iterable[Image.Image]:
    for file in files:
        image = pictures.decode_any_size(pictures.read_file(file))
        yield crop_to(image, Bucket(CELL, CELL))
