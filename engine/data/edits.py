"""What is done to a picture before it is trained on; its file stays as it is.

The instructions lie in the run's settings, by the sha256 of the file, so that a run says by
itself what it saw. They are carried out in this order: turned, mirrored, cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image
from pydantic import Field, model_validator

from engine.settings import Settings

if TYPE_CHECKING:
    from engine.data.scan import ImageItem

Box = tuple[float, float, float, float]
SMALLEST_SHARE = 0.01  # of a side: less than that is a slip of the mouse

_TURNS = {
    1: Image.Transpose.ROTATE_270,
    2: Image.Transpose.ROTATE_180,
    3: Image.Transpose.ROTATE_90,
}


class PictureEdit(Settings):
    """Instructions for one picture."""

    left_out: bool = False
    quarter_turns: int = Field(default=0, ge=0, le=3)  # clockwise
    mirrored: bool = False  # left and right changed over, after turning
    # Left, top, right, bottom as shares of the turned and mirrored picture.
    crop: Box | None = None
    repeats: int = Field(
        default=1, ge=1, le=100
    )  # how often it counts, beside the set's own repeats

    @model_validator(mode="after")
    def _crop_is_an_area(self) -> PictureEdit:
        if self.crop is not None:
            left, top, right, bottom = self.crop
            if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
                raise ValueError("crop must be left < right, top < bottom, all within 0 and 1")
            if min(right - left, bottom - top) < SMALLEST_SHARE:
                raise ValueError(f"crop must keep at least {SMALLEST_SHARE:.0%} of each side")
        return self

    @property
    def changes_the_picture(self) -> bool:
        return bool(self.quarter_turns or self.mirrored or self.crop)

    @property
    def key(self) -> str:
        """Tells edits that show the same from those that do not; empty where nothing changes."""
        if not self.changes_the_picture:
            return ""
        return f"{self.quarter_turns}-{int(self.mirrored)}-{self.crop}"


NO_EDIT = PictureEdit()


def edited(items: Iterable[ImageItem], edits: Mapping[str, PictureEdit]) -> list[ImageItem]:
    """The pictures that are trained on, with their edits and the sizes that those leave."""
    found = []
    for item in items:
        edit = edits.get(item.content_hash, NO_EDIT)
        if edit.left_out:
            continue
        width, height = size_after(item.width, item.height, edit)
        found.append(replace(item, width=width, height=height, edit=edit))
    return found


def apply(image: Image.Image, edit: PictureEdit) -> Image.Image:
    """The picture as it is trained on. Takes masks, too, whatever their size."""
    if edit.quarter_turns:
        image = image.transpose(_TURNS[edit.quarter_turns])
    if edit.mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if edit.crop is not None:
        image = image.crop(_pixels(image.width, image.height, edit.crop))
    return image


def size_after(width: int, height: int, edit: PictureEdit) -> tuple[int, int]:
    """Width and height of a picture of this size after `apply`."""
    if edit.quarter_turns % 2:
        width, height = height, width
    if edit.crop is None:
        return width, height
    left, top, right, bottom = _pixels(width, height, edit.crop)
    return right - left, bottom - top


def turned(edit: PictureEdit, quarters: int) -> PictureEdit:
    """The edit with the picture, as it is shown, turned clockwise; the crop keeps its content."""
    crop = edit.crop
    for _ in range(quarters % 4):
        if crop is not None:
            left, top, right, bottom = crop
            crop = (1 - bottom, left, 1 - top, right)
    # A mirrored picture that turns clockwise was turned the other way before it was mirrored.
    turns = edit.quarter_turns + (-quarters if edit.mirrored else quarters)
    return _with(edit, quarter_turns=turns % 4, crop=crop)


def mirrored(edit: PictureEdit) -> PictureEdit:
    """The edit with the picture, as it is shown, mirrored; the crop keeps its content."""
    crop = edit.crop
    if crop is not None:
        left, top, right, bottom = crop
        crop = (1 - right, top, 1 - left, bottom)
    return _with(edit, mirrored=not edit.mirrored, crop=crop)


def with_change(now: PictureEdit, was: PictureEdit, will: PictureEdit) -> PictureEdit:
    """`now` with what differs between `was` and `will`. An undo takes back its own step, and
    nothing that another window has set for the picture since."""
    names = (name for name in type(now).model_fields if getattr(was, name) != getattr(will, name))
    return now.model_copy(update={name: getattr(will, name) for name in names})


def cropped(edit: PictureEdit, crop: Box | None) -> PictureEdit:
    """The edit with another crop; the whole picture is no crop at all."""
    return _with(edit, crop=None if crop == (0, 0, 1, 1) else crop)


def left_out(edit: PictureEdit, out: bool) -> PictureEdit:
    return _with(edit, left_out=out)


def repeated(edit: PictureEdit, count: int) -> PictureEdit:
    return _with(edit, repeats=count)


def shown_as_it_is(edit: PictureEdit) -> PictureEdit:
    """The edit without what changes the picture."""
    return _with(edit, quarter_turns=0, mirrored=False, crop=None)


def _with(edit: PictureEdit, **changes: object) -> PictureEdit:
    return PictureEdit.model_validate({**edit.model_dump(), **changes})


def _pixels(width: int, height: int, crop: Box) -> tuple[int, int, int, int]:
    """At least one pixel each way."""
    left, top = int(crop[0] * width), int(crop[1] * height)
    right, bottom = round(crop[2] * width), round(crop[3] * height)
    return left, top, max(right, left + 1), max(bottom, top + 1)
