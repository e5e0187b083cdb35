"""Where masks of other trainers are, by name: which picture a file masks, if any."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePath

from engine.file_names import folded
from engine.wording import QT_TRANSLATE_NOOP

MARK = "-mask"  # of a mask that Imprint copies
SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"))
# NAME-masklabel.png: OneTrainer. NAME-mask, NAME_mask: ai-toolkit's scripts, TagGUI, rembg's users.
_MASK = re.compile(r"^(?P<picture>.+?)(?:[-_. ]mask(?:label)?|[-_]masklabel)$", re.IGNORECASE)
_LABEL = re.compile(r"[-_]masklabel$", re.IGNORECASE)
_CONDITION = re.compile(r"^(?P<picture>.+)[-_]condlabel$", re.IGNORECASE)  # OneTrainer
# masks/NAME.png beside NAME.png, or beside images/NAME.png: ai-toolkit, SimpleTuner, data sets.
FOLDERS = frozenset(
    ("mask", "masks", "_mask", "_masks", "masklabel", "masklabels", "mask_images", "image_masks")
)

LONE_MASK = QT_TRANSLATE_NOOP(
    "engine",
    "By its name it is a mask, but there is no picture of that name. To learn from masks, choose "
    "their folder as the pictures.",
)
CONDITION = QT_TRANSLATE_NOOP(
    "engine", "A conditioning picture of OneTrainer; Imprint does not use these."
)


def is_condition(path: PurePath) -> bool:
    return _CONDITION.match(path.stem) is not None


def is_label(path: PurePath) -> bool:
    """Whether the name is a mask's and cannot be a picture's."""
    return _LABEL.search(path.stem) is not None


def masked_names(path: PurePath) -> Iterator[PurePath]:
    """The pictures, without their suffix, that a file of this name would be the mask of."""
    if path.suffix.lower() not in SUFFIXES:
        return
    if found := _MASK.match(path.stem):
        name = found["picture"]
        yield path.with_name(name)
        if PurePath(name).suffix.lower() in SUFFIXES:  # a.png-mask.png
            yield path.with_name(PurePath(name).stem)


def is_mask_folder(name: str) -> bool:
    return name.lower() in FOLDERS


def in_mask_folder(path: PurePath) -> bool:
    """Of a path below the folder of the set."""
    return any(map(is_mask_folder, path.parts[:-1]))


class Stems:
    """Pictures by their paths without suffix: to the letter, or else by a name that one system or
    another takes for the same."""

    def __init__(self, pictures: Iterable[PurePath]) -> None:
        self._exact = {path.with_suffix(""): path for path in pictures}
        self._alike = {folded(str(stem)): path for stem, path in self._exact.items()}

    def get(self, stem: PurePath) -> PurePath | None:
        return self._exact.get(stem) or self._alike.get(folded(str(stem)))


def beside_mask_folder(
    path: PurePath,
    stems: Stems,
    folders: Mapping[PurePath, Collection[PurePath]],
) -> PurePath | None:
    """The picture that `masks/NAME.png` belongs to: NAME beside the folder, or in one beside it.

    `folders`: the folders in each folder; all paths are below the set's folder.
    """
    parts = path.parts
    place = next(n for n, part in enumerate(parts) if is_mask_folder(part))
    above, below = PurePath(*parts[:place]), PurePath(*parts[place + 1 :])
    names = [below.with_suffix(""), *masked_names(below)]
    places = [above, *folders.get(above, ())]
    found = (stems.get(place / name) for name in names for place in places)
    return next((picture for picture in found if picture is not None), None)
