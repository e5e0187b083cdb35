"""A folder as the window reads it: the list at once, and each file only once."""

from __future__ import annotations

import os
import sqlite3

import pytest
from PIL import Image

from engine.data import readings
from engine.data.picture_index import PictureIndex
from engine.data.readings import Reading, read_one
from engine.data.survey import Listed, Surveyed, survey
from engine.errors import FolderMissing


@pytest.fixture
def index(tmp_path) -> PictureIndex:
    return PictureIndex(tmp_path / "cache" / "pictures.sqlite")


def surveyed(folder, index, captions=None) -> tuple[Listed, list[Surveyed]]:
    first, *rest = survey(folder, captions, index)
    assert isinstance(first, Listed)
    return first, rest


@pytest.fixture
def decoded(monkeypatch) -> list[int]:
    """Grows by one for each file that is decoded."""
    counted: list[int] = []
    decode = readings.pictures.decode

    def count(data, suffix=""):
        counted.append(len(data))
        return decode(data, suffix)

    monkeypatch.setattr(readings.pictures, "decode", count)
    return counted


def test_the_list_of_files_comes_before_any_is_read(image_folder, index, decoded):
    events = survey(image_folder, None, index)
    first = next(events)
    assert isinstance(first, Listed)
    assert [path.name for path in first.paths] == ["picture0.png", "picture1.png", "picture2.png"]
    assert decoded == []


def test_each_picture_is_read_looked_at_and_has_its_caption(image_folder, index):
    _, found = surveyed(image_folder, index)
    assert [one.row for one in found] == [0, 1, 2]
    assert found[1].caption.text == "a photo of a toy, number 1"
    assert all(one.reading.looks is not None for one in found)
    assert len({one.reading.content_hash for one in found}) == 3


def test_a_set_that_did_not_change_is_not_read_again(image_folder, index, decoded):
    _, first = surveyed(image_folder, index)
    assert len(decoded) == 3
    _, second = surveyed(image_folder, index)
    assert second == first
    assert len(decoded) == 3


def test_a_file_that_changed_is_read_again(image_folder, index, decoded):
    surveyed(image_folder, index)
    os.utime(image_folder / "picture1.png", ns=(1, 1))
    surveyed(image_folder, index)
    assert len(decoded) == 4


def test_what_a_file_held_before_is_told_with_what_it_holds_now(image_folder, index):
    _, first = surveyed(image_folder, index)
    assert [one.was for one in first] == ["", "", ""]
    with (image_folder / "picture1.png").open("ab") as file:
        file.write(b"more")
    _, second = surveyed(image_folder, index)
    assert [one.was for one in second] == ["", first[1].reading.content_hash, ""]
    _, third = surveyed(image_folder, index)
    assert [one.was for one in third] == ["", "", ""]


def test_a_damaged_index_is_as_good_as_none(image_folder, index, tmp_path):
    _, first = surveyed(image_folder, index)
    (tmp_path / "cache" / "pictures.sqlite").write_bytes(b"not a database")
    assert surveyed(image_folder, index)[1] == first


def test_an_index_with_strange_rows_is_as_good_as_none(image_folder, index, tmp_path):
    _, first = surveyed(image_folder, index)
    base = sqlite3.connect(tmp_path / "cache" / "pictures.sqlite")
    with base:
        base.execute("UPDATE readings_4 SET reading = '[1, 2]'")
    base.close()
    assert surveyed(image_folder, index)[1] == first


def test_what_cannot_be_used_stays_in_the_list_with_its_reason(image_folder, index):
    (image_folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (image_folder / "notes").write_text("# not a picture")
    first, found = surveyed(image_folder, index)
    names = [path.name for path in first.paths]
    assert names == ["broken.png", "picture0.png", "picture1.png", "picture2.png", "notes"]
    assert found[0].reading.refusal is not None
    assert found[0].reading.is_picture is False or "Damaged" in found[0].reading.refusal
    assert found[4].reading.is_picture is False


def test_the_same_file_twice_counts_once(image_folder, index):
    (image_folder / "copy.png").write_bytes((image_folder / "picture1.png").read_bytes())
    _, found = surveyed(image_folder, index)
    refused = [str(one.reading.refusal) for one in found if one.reading.refusal]
    assert refused == ["It is the same file as picture1.png."]  # which has a caption


def test_captions_without_a_picture_are_listed(image_folder, index):
    (image_folder / "lost.txt").write_text("nobody's")
    first, _ = surveyed(image_folder, index)
    assert [path.name for path in first.orphans] == ["lost.txt"]


def test_a_caption_that_cannot_be_read_is_told_and_the_picture_stays(image_folder, index):
    (image_folder / "picture0.txt").write_bytes(b"\0\1\2 binary")
    _, found = surveyed(image_folder, index)
    assert found[0].caption.problem is not None
    assert found[0].reading.refusal is None


def test_a_folder_that_is_none_gets_a_sentence(tmp_path, index):
    with pytest.raises(FolderMissing):
        list(survey(tmp_path / "nowhere", None, index))


def test_a_reading_survives_being_written_down(image_folder):
    for path in sorted(image_folder.iterdir()):
        reading = read_one(path, look=True)
        assert Reading.from_data(reading.as_data()) == reading


def test_a_picture_that_was_replaced_by_one_of_the_same_size_and_time_is_read_again(
    image_folder, index, decoded
):
    path = image_folder / "picture0.png"
    Image.new("RGB", (600, 600), "red").save(path, "BMP")
    _, before = surveyed(image_folder, index)
    status = path.stat()
    other = image_folder.parent / "other"
    Image.new("RGB", (600, 600), "blue").save(other, "BMP")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    _, after = surveyed(image_folder, index)
    assert after[0].reading.content_hash != before[0].reading.content_hash
