"""Where captions are found: the names of caption files and tables, and the fields in them.

Of several places the first one that holds words wins: files beside a picture in the order of
`sidecars`, then tables in the order of TABLES, those nearest to the picture first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
# Tables that need a library which Imprint does not have.
UNREADABLE_TABLES = ("metadata.parquet", "captions.parquet")

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


def is_caption_file(path: Path) -> bool:
    """By its name: a file beside a picture or a table."""
    return (
        path.suffix.lower() in (*TEXT_SUFFIXES, JSON_SUFFIX)
        or path.name.lower() in TABLES
        or path.name.lower() in UNREADABLE_TABLES
    )


def is_table(path: Path) -> bool:
    return path.name.lower() in TABLES


def is_text_file(path: Path) -> bool:
    """Whether it is meant to be the caption of one picture, by its name."""
    name = path.name.lower()
    return path.suffix.lower() in TEXT_SUFFIXES and not name.startswith(("readme", "license"))
