"""What one file turned out to be: a usable picture, or the reason why it is none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data import pictures
from engine.data.looks import Looks, look_at
from engine.wording import Phrase


@dataclass(frozen=True, slots=True)
class Reading:
    """Of a picture: its facts. Of anything else: why it cannot be used."""

    content_hash: str = ""  # sha256 of the file
    width: int = 0  # upright, after EXIF rotation
    height: int = 0
    remarks: tuple[Phrase, ...] = ()
    looks: Looks | None = None
    refusal: Phrase | None = None
    is_picture: bool = True  # False where the file holds something else altogether

    def as_data(self) -> dict[str, Any]:
        """For JSON; `from_data` takes it back."""
        looks = self.looks
        return {
            "content_hash": self.content_hash,
            "width": self.width,
            "height": self.height,
            "remarks": [_phrase_data(remark) for remark in self.remarks],
            "looks": looks and _looks_data(looks),
            "refusal": self.refusal and _phrase_data(self.refusal),
            "is_picture": self.is_picture,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Reading:
        """Raises KeyError or TypeError where the data are not ours."""
        looks, refusal = data["looks"], data["refusal"]
        return cls(
            content_hash=data["content_hash"],
            width=data["width"],
            height=data["height"],
            remarks=tuple(_phrase(told) for told in data["remarks"]),
            looks=_looks(looks) if looks else None,
            refusal=_phrase(refusal) if refusal else None,
            is_picture=data["is_picture"],
        )


def read_one(path: Path, *, look: bool = False) -> Reading:
    """Read, decode and, where asked, look at one file. Never raises for what a file holds."""
    try:
        data = pictures.read_file(path)
        picture = pictures.decode(data, path.suffix)
    except pictures.PictureError as error:
        is_other = isinstance(error, pictures.NoPicture)
        is_picture = not is_other or isinstance(error, pictures.OtherFormat)
        return Reading(refusal=error.reason, is_picture=is_picture)
    width, height = picture.image.size
    looks = look_at(picture.image, transparent=picture.is_transparent) if look else None
    return Reading(hashlib.sha256(data).hexdigest(), width, height, picture.remarks, looks)


def _looks_data(looks: Looks) -> list[Any]:
    """The two long numbers as texts: a number of a file may have no more than 20 digits."""
    return [hex(looks.fingerprint), hex(looks.colours), looks.sharpness, looks.transparent]


def _looks(data: list[Any]) -> Looks:
    fingerprint, colours, sharpness, transparent = data
    return Looks(int(fingerprint, 16), int(colours, 16), sharpness, transparent)


def _phrase_data(phrase: Phrase) -> list[Any]:
    return [phrase.template, phrase.facts]


def _phrase(data: list[Any]) -> Phrase:
    template, facts = data
    return Phrase(template, **facts)
