"""Names that Windows, macOS and Linux spell in different ways belong together."""

from __future__ import annotations

import unicodedata

import pytest
from PIL import Image

from engine.data.caption_files import CaptionBook
from engine.data.walk import walk

NFD = unicodedata.normalize("NFD", "é")
NFC = unicodedata.normalize("NFC", "é")


def make(folder, *names):
    for name in names:
        if name.endswith(".txt"):
            (folder / name).write_text(f"caption of {name}", "utf-8")
        else:
            Image.new("RGB", (64, 64)).save(folder / name)


def captions(folder) -> dict[str, str]:
    walked = walk(folder)
    book = CaptionBook(walked)
    assert not [name for path in walked.orphans if (name := path.name)]
    return {path.name: book.read(path, "0").text for path in walked.files}


@pytest.mark.parametrize(
    ("picture", "caption"),
    [(f"{NFD}.png", f"{NFC}.txt"), (f"{NFC}.png", f"{NFD}.txt"), ("UP.PNG", "up.txt"),
     ("a.png", "A.png.txt"), ("straße.png", "STRASSE.txt")],
)  # fmt: skip
def test_a_caption_whose_name_another_system_wrote_belongs_to_its_picture(
    tmp_path, picture, caption
):
    make(tmp_path, picture, caption)
    assert captions(tmp_path) == {picture: f"caption of {caption}"}


def test_a_name_to_the_letter_goes_first_and_takes_the_caption_from_no_other(tmp_path):
    make(tmp_path, "a.png", "a.txt", "A.png")
    if len(list(tmp_path.iterdir())) < 3:
        pytest.skip("this file system takes A.png and a.png for one")
    assert captions(tmp_path) == {"a.png": "caption of a.txt", "A.png": ""}


@pytest.mark.parametrize("mask", [f"{NFC}-mask.png", f"masks/{NFC}.png", f"{NFC.upper()}_mask.png"])
def test_a_mask_whose_name_another_system_wrote_belongs_to_its_picture(tmp_path, mask):
    (tmp_path / "masks").mkdir()
    make(tmp_path, f"{NFD}.png", mask)
    walked = walk(tmp_path)
    assert [path.name for path in walked.files] == [f"{NFD}.png"]
    assert walked.masks == {tmp_path / f"{NFD}.png": tmp_path / mask}
