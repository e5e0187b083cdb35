"""A folder of pictures as people have it: what is used, what is said, and nothing is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from engine.check import check_pictures
from engine.control import Control
from engine.data.picture_index import PictureIndex
from engine.data.scan import Scan, scan_folder
from engine.data.survey import survey
from engine.dataset_notices import FewPictures, PictureSkipped
from engine.errors import FolderMissing, NoPictures
from engine.events import Noticed, PictureChecked, RunFailed, RunFinished, as_json
from engine.project import cache_folder
from tests.conftest import draw_pictures
from tests.engine_runs import left_by, require_finished, resume, stop_after, tiny_run, train


def scanned(folder: Path) -> Scan:
    *_, last = scan_folder(folder)
    assert isinstance(last, Scan)
    return last


def checked(folder: Path) -> list:
    return list(check_pictures(folder, None, Control()))


def state_of(folder: Path) -> dict[str, tuple]:
    """Names, sizes, times and contents of everything in a folder."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns,
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [folder, *sorted(folder.rglob("*"))]
    }


def test_good_pictures_are_listed_with_their_captions_and_sizes(image_folder):
    events = checked(image_folder)
    pictures = [event for event in events if isinstance(event, PictureChecked)]
    assert [Path(picture.path).name for picture in pictures] == [
        "picture0.png", "picture1.png", "picture2.png",
    ]  # fmt: skip
    assert {(picture.width, picture.height) for picture in pictures} == {(96, 96)}
    assert pictures[1].caption == "a photo of a toy, number 1"
    assert len({picture.content_hash for picture in pictures}) == 3
    assert events[-1] == RunFinished(steps=3, stopped_early=False, exports=())


@pytest.mark.parametrize("missing", ["not there", "picture0.png"])
def test_a_folder_that_is_none_gets_a_sentence(image_folder, missing):
    (failed,) = checked(image_folder / missing)
    assert isinstance(failed, RunFailed)
    assert isinstance(failed.error, FolderMissing)
    assert "is not there or is not a folder" in failed.error.sentence


def test_a_folder_without_a_usable_picture_says_how_many_files_it_looked_at(tmp_path):
    assert isinstance(checked(tmp_path)[-1].error, NoPictures)
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "b.png").write_bytes(b"<html>")
    (tmp_path / "c.txt").write_text("a caption")
    events = checked(tmp_path)
    assert "0 of 2 files" in events[-1].error.sentence
    assert "Add at least one picture" in events[-1].error.advice
    notices = [event.notice for event in events[:-1] if isinstance(event, Noticed)]
    skipped = [notice.facts["name"] for notice in notices if isinstance(notice, PictureSkipped)]
    assert skipped == ["a.jpg", "b.png"]


def test_one_picture_is_enough_with_a_warning(tmp_path):
    draw_pictures(tmp_path, 1)
    scan = scanned(tmp_path)
    assert len(scan.items) == 1
    (notice,) = scan.notices
    assert isinstance(notice, FewPictures)
    assert (
        str(notice) == "Pictures: 1. That works, but the result copies them. 8 or more are better."
    )


@pytest.mark.parametrize(
    ("files", "kept"),
    [
        ({}, "a.png"),
        ({"b.txt": "a cat"}, "b.png"),
        ({"a.txt": " ", "b.txt": "a cat"}, "b.png"),
        ({"a.txt": "a dog", "b.txt": "a cat"}, "a.png"),
        ({"metadata.jsonl": '{"file_name": "b.png", "text": "a cat"}'}, "b.png"),
        ({"b-mask.png": ""}, "b.png"),
        ({"a-mask.png": "", "b.txt": "a cat"}, "b.png"),
        ({"a.txt": "a dog", "b.txt": "a cat", "b-mask.png": ""}, "b.png"),
    ],
)
def test_of_copies_the_one_with_a_caption_and_a_mask_is_kept(tmp_path, files, kept):
    draw_pictures(tmp_path, 1)
    (tmp_path / "picture0.txt").unlink()
    data = (tmp_path / "picture0.png").read_bytes()
    (tmp_path / "picture0.png").rename(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(data)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content.encode() or data)
    (item,) = scanned(tmp_path).items
    assert item.path.name == kept
    index = PictureIndex(tmp_path / "cache" / "pictures.sqlite")
    listed, *found = survey(tmp_path, None, index)
    used = [listed.paths[one.row].name for one in found if one.reading.refusal is None]
    assert used == [kept]
    assert sorted(one.row for one in found) == [0, 1]


def test_pictures_of_one_size_stay_in_their_order_whatever_is_beside_them(tmp_path):
    for name, colour in (("a", 0), ("b", 90), ("c", 200)):
        Image.new("RGB", (64, 64), (colour, 10, 10)).save(tmp_path / f"{name}.bmp")
    (tmp_path / "b.txt").write_text("a cat")
    assert [item.path.name for item in scanned(tmp_path).items] == ["a.bmp", "b.bmp", "c.bmp"]


def test_bad_files_are_named_and_the_rest_is_used(image_folder):
    os.mkfifo(image_folder / "fifo.jpg")
    (image_folder / "empty.png").touch()
    (image_folder / "page.jpg").write_text("<!doctype html>")
    whole = (image_folder / "picture0.png").read_bytes()
    (image_folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    Image.new("RGB", (8, 8)).save(image_folder / "tiny.png")
    scan = scanned(image_folder)
    assert len(scan.items) == 3
    skipped = {n.facts["name"]: n.sentence for n in scan.notices if isinstance(n, PictureSkipped)}
    assert "not a regular file" in skipped["fifo.jpg"]
    assert "empty (0 bytes)" in skipped["empty.png"]
    assert "web page" in skipped["page.jpg"]
    assert "Damaged" in skipped["cut.png"]
    assert "8 x 8 pixels: smaller than 64" in skipped["tiny.png"]
    assert len(skipped) == 5


def test_junk_and_files_that_promise_no_picture_are_passed_over_in_silence(image_folder):
    for name in (".DS_Store", "._notes.txt", "Thumbs.db", "desktop.ini", "~$notes.docx"):
        (image_folder / name).write_bytes(b"junk")
    (image_folder / "readme.md").write_text("hello")
    (image_folder / ".hidden").mkdir()
    (image_folder / ".hidden/config").write_text("of some program")
    scan = scanned(image_folder)
    assert len(scan.items) == 3
    assert scan.notices == ()


@pytest.mark.parametrize(
    "name",
    [
        "😀 cat.png",
        "a\nb.png",
        "שלום.png",
        "e\u0301.png",
        "x" * 250 + ".png",
        "-rf.png",
        "%s{}.png",
    ],
)
def test_odd_names_are_no_obstacle(tmp_path, name):
    Image.new("RGB", (70, 70)).save(tmp_path / "plain.png")
    (tmp_path / "plain.png").rename(tmp_path / name)
    assert [item.path.name for item in scanned(tmp_path).items] == [name]


def test_a_name_that_is_no_text_still_reaches_the_report(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    try:
        os.rename(tmp_path / "plain.png", os.fsencode(tmp_path) + b"/\xff.png")  # noqa: PTH104
    except OSError:
        pytest.skip("this file system wants UTF-8")
    events = checked(tmp_path)
    for event in events:
        as_json(event).encode("utf-8")
    assert isinstance(events[-1], RunFailed)


def test_pictures_in_folders_inside_count_and_links_outside_do_not(image_folder, tmp_path):
    draw_pictures(image_folder / "more", 5)
    draw_pictures(tmp_path / "outside", 1)
    (image_folder / "link.png").symlink_to(tmp_path / "outside/picture0.png")
    (image_folder / "loop").symlink_to(image_folder, target_is_directory=True)
    (image_folder / "inner.png").symlink_to(image_folder / "picture0.png")
    scan = scanned(image_folder)
    assert len(scan.items) == 5  # three, and the two of five that are other files
    assert any("link.png" in notice.sentence for notice in scan.notices)


def test_the_folder_of_pictures_is_never_written_to(tiny_folder, image_folder, tmp_path):
    (image_folder / "bad.jpg").write_bytes(b"<html>")
    before = state_of(image_folder)
    data = tiny_run(
        tiny_folder, image_folder, tmp_path / "runs",
        sampling={"every_steps": 2}, dataset={"folder": str(image_folder), "flip": True},
    )  # fmt: skip
    stopped = require_finished(train(data, stop_after(1)))
    require_finished(resume(stopped.folder))
    checked(image_folder)
    assert state_of(image_folder) == before


def test_a_picture_that_changes_after_the_scan_is_left_out_with_a_notice(
    tiny_folder, image_folder, tmp_path
):
    def watch(event, control):
        if getattr(event, "stage", None) is not None and event.stage.value == "scan":
            (image_folder / "picture1.png").write_bytes(b"changed")

    trained = train(tiny_run(tiny_folder, image_folder, tmp_path), watch)
    require_finished(trained)
    (notice,) = [event.notice for event in trained.of(Noticed)]
    assert "picture1.png" in notice.sentence


def test_a_damaged_cache_is_made_anew(tiny_folder, pictures_folder, tmp_path):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path)
    first = require_finished(train(data))
    cached = sorted(cache_folder().glob("*"))
    assert len(cached) == 3
    cached[0].write_bytes(b"")
    cached[1].write_bytes(cached[1].read_bytes()[:-3])
    assert left_by(require_finished(train(data)).folder) == left_by(first.folder)


def test_a_cache_that_cannot_be_written_costs_a_notice_not_the_run(
    tiny_folder, pictures_folder, tmp_path
):
    cache_folder().parent.mkdir(parents=True, exist_ok=True)
    cache_folder().write_text("a file in the way")
    trained = require_finished(train(tiny_run(tiny_folder, pictures_folder, tmp_path)))
    (notice,) = [event.notice for event in trained.of(Noticed)]
    assert "could not be kept" in notice.sentence
