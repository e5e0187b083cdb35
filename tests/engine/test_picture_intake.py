"""What belongs together stays together, and nothing that is in the project is written over."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PIL import Image

from engine import storage
from engine.data.scan import Scan, scan_folder
from engine.picture_intake import copy_pictures, take_pictures
from engine.project import Project


def picture(path: Path, color: str, caption: str = "", mask: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (600, 600), color).save(path)
    if caption:
        path.with_suffix(".txt").write_text(caption)
    if mask:
        Image.new("L", (600, 600), mask).save(path.with_name(f"{path.stem}-mask.png"))
    return path


def learnt(folder: Path) -> dict[str, tuple[str, str]]:
    """By the colour of the picture: its caption, and the shade of its mask."""
    scan = next(found for found in scan_folder(folder) if isinstance(found, Scan))
    found = {}
    for item in scan.items:
        with Image.open(item.path) as opened:
            color = f"{opened.convert('RGB').getpixel((0, 0))[0]:02x}"
        shade = ""
        if item.mask is not None:
            with Image.open(item.mask) as opened:
                shade = str(opened.convert("L").resize((1, 1)).getpixel((0, 0)))
        found[color] = (item.caption, shade)
    return found


@pytest.mark.parametrize("suffixes", [("png", "png"), ("png", "bmp"), ("PNG", "png")])
def test_two_pictures_of_one_stem_keep_their_own_captions_and_masks(tmp_path, suffixes):
    first = picture(tmp_path / f"x/a.{suffixes[0]}", "#110000", "a red cat", "white")
    second = picture(tmp_path / f"y/a.{suffixes[1]}", "#ee0000", "a blue dog", "black")
    project = Project(tmp_path / "toy")
    own = take_pictures([first, second], project, None)
    assert learnt(own) == {"11": ("a red cat", "255"), "ee": ("a blue dog", "0")}
    later = picture(tmp_path / "z/A.bmp", "#550000", "a green fox")
    take_pictures([later], project, str(own))
    assert learnt(own)["55"] == ("a green fox", "")
    assert learnt(own)["11"] == ("a red cat", "255")


@pytest.mark.parametrize(
    "name", ["a.txt", "a.caption", "a.json", "a-mask.png", "a.png.txt", "A.TXT"]
)
def test_what_a_user_wrote_into_the_folder_is_never_written_over(tmp_path, name):
    own = tmp_path / "toy/images"
    own.mkdir(parents=True)
    (own / name).write_bytes(b"by hand")
    copy_pictures([picture(tmp_path / "z/a.png", "#330000", "dropped", "white")], own)
    assert (own / name).read_bytes() == b"by hand"
    assert learnt(own)["33"] == ("dropped", "255")


def test_the_same_picture_again_is_no_second_one_and_leaves_its_caption(tmp_path):
    own = tmp_path / "images"
    source = picture(tmp_path / "z/a.png", "#330000", "dropped")
    copy_pictures([source], own)
    (own / "a.txt").write_text("written since")
    copy_pictures([source], own)
    assert sorted(path.name for path in own.iterdir()) == ["a.png", "a.txt"]
    assert (own / "a.txt").read_text() == "written since"


def test_a_link_that_leads_nowhere_is_a_name_that_is_taken(tmp_path):
    own = tmp_path / "images"
    own.mkdir()
    (own / "a.png").symlink_to(tmp_path / "drive/a.png")
    copy_pictures([picture(tmp_path / "z/a.png", "#330000")], own)
    assert (own / "a.png").is_symlink()
    assert (own / "a-2.png").is_file()


def test_a_copy_is_as_private_as_its_source(tmp_path):
    source = picture(tmp_path / "z/a.png", "#330000", "mine")
    for path in (source, source.with_suffix(".txt")):
        path.chmod(0o600)
    copy_pictures([source], tmp_path / "images")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "images").iterdir()}
    assert modes == {0o600}


def test_whatever_the_order_and_the_names_each_picture_keeps_what_is_its_own(tmp_path):
    chance = random.Random(7)
    stems, suffixes = ["a", "A", "a-2", "b.c", "b", "a-mask-1"], ["png", "bmp", "PNG"]
    files = [
        picture(
            tmp_path / f"{n}/{chance.choice(stems)}.{chance.choice(suffixes)}",
            f"#{n + 16:02x}0000",
            f"caption {n}",
        )
        for n in range(20)
    ]
    chance.shuffle(files)
    own = tmp_path / "images"
    for place in range(0, 20, 5):
        copy_pictures(files[place : place + 5], own)
    expected = {f"{n + 16:02x}": (f"caption {n}", "") for n in range(20)}
    assert learnt(own) == expected


def test_what_is_made_for_a_project_is_for_its_user_alone(tmp_path):
    project = Project(tmp_path / "toy")
    project.save_draft({"name": "toy"})
    assert project.folder.stat().st_mode & 0o077 == 0
    assert storage.mark_of(project.folder).kind == "project"
