"""Where captions are found: the names of caption files and tables, and the fields in them.

Of several places the first one that holds words wins: files beside a picture in the order of
`sidecars`, then tables in the order of TABLES, those nearest to the picture first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

from engine.data.pictures import PICTURE_SUFFIXES
from engine.file_names import folded

# Plain text. .txt: everyone; .caption: sd-scripts, EveryDream; .cap: old forks; .tags: taggers.
TEXT_SUFFIXES = (".txt", ".caption", ".cap", ".tags")
JSON_SUFFIX = ".json"  # img2dataset (NAME.json), gallery-dl and Hydrus (NAME.png.json)

TABLES = (
    "metadata.jsonl", "metadata.csv",  # datasets' ImageFolder, diffusers
    "metadata.json",
    "captions.jsonl", "captions.json", "captions.csv",
    "meta_lat.json", "meta_clean.json", "meta_cap_dd.json", "meta_cap.json",  # sd-scripts, the last
    # step of its tools first: each step copies the file and adds to it
)  # fmt: skip
# A file of another name is a table if its content names pictures of the set.
TABLE_SUFFIXES = (".jsonl", ".csv", ".tsv", ".json")
PARQUET = ".parquet"  # needs a library which Imprint does not have

# Fields of a row or of a JSON file that hold a caption, the first that is there.
TEXT_FIELDS = ("caption", "text", "prompt", "captions", "texts", "additional_feature")
# Fields that hold tags: e621, Gelbooru and Danbooru through gallery-dl; Hydrus; taggers.
TAG_FIELDS = ("tags", "tag_string", "tag_string_general", "all known tags")
# Fields that name the picture: datasets, img2dataset's and other tables.
NAME_FIELDS = ("file_name", "filename", "file", "image", "image_path", "path", "image_file", "key")


def sidecars(picture: Path) -> Iterator[Path]:
    """The files that a caption may be in, whether they are there or not."""
    for suffix in TEXT_SUFFIXES:
        yield picture.with_suffix(suffix)
    for suffix in TEXT_SUFFIXES:  # photo.jpg.txt: gallery-dl, Hydrus, download tools
        yield picture.with_name(picture.name + suffix)
    yield picture.with_suffix(JSON_SUFFIX)
    yield picture.with_name(picture.name + JSON_SUFFIX)


class Sidecars:
    """The caption files of a set, by their pictures. Suffixes count in any case: IMG_1.TXT.

    The rest of a name too, where no picture has it to the letter: Windows and macOS take UP.PNG and
    up.txt for one name, and macOS writes é in two signs where others write one.
    """

    def __init__(self, texts: Iterable[Path], pictures: Iterable[Path]) -> None:
        self._files: dict[tuple[Path, str], list[Path]] = {}
        self._alike: dict[tuple[Path, str], list[Path]] = {}
        owned = {name for picture in pictures for name in _names_of(picture)}
        for path in sorted(texts, key=lambda path: (path.suffix != path.suffix.lower(), path)):
            self._files.setdefault(_spelled(path), []).append(path)
            if (path.parent, _spelled(path.with_suffix(""))[1]) not in owned:
                self._alike.setdefault(_folded(_spelled(path)), []).append(path)

    def of(self, picture: Path) -> list[Path]:
        """Those that are there, in the order of `sidecars`."""
        names = dict.fromkeys(map(_spelled, sidecars(picture)))
        found = [path for name in names for path in self._files.get(name, ())]
        alike = [path for name in names for path in self._alike.get(_folded(name), ())]
        return list(dict.fromkeys([*found, *alike]))


def _names_of(picture: Path) -> tuple[tuple[Path, str], tuple[Path, str]]:
    """What stands before the suffix of its caption files."""
    return (picture.parent, picture.stem), _spelled(picture)


def _folded(name: tuple[Path, str]) -> tuple[Path, str]:
    return name[0], folded(name[1])


def _spelled(path: Path) -> tuple[Path, str]:
    """With the suffixes in lower case, that of a picture too: IMG_1.JPG.txt."""
    inner = PurePath(path.stem).suffix
    stem = (
        path.stem.removesuffix(inner) + inner.lower()
        if inner.lower() in PICTURE_SUFFIXES
        else path.stem
    )
    return path.parent, stem + path.suffix.lower()


def is_caption_file(path: Path) -> bool:
    """By its name: a file beside a picture or a table."""
    return path.suffix.lower() in (*TEXT_SUFFIXES, *TABLE_SUFFIXES, PARQUET)


def is_table(path: Path) -> bool:
    return path.name.lower() in TABLES


def is_text_file(path: Path) -> bool:
    """Whether it is meant to be the caption of one picture, by its name."""
    name = path.name.lower()
    return path.suffix.lower() in TEXT_SUFFIXES and not name.startswith(("readme", "license"))
