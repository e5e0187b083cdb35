"""Caption files in the encodings that people have, which one wins, and the text trained on."""

from __future__ import annotations

import pytest

from engine.data.caption_files import CaptionBook
from engine.data.captions import CaptionError, compose, read_text, suggest_prompts
from engine.data.walk import walk

GERMAN = "ein Foto für Café-Gäste"
FRENCH = "une fenêtre naïve à l'été"
CHINESE = "一只戴帽子的猫"


@pytest.mark.parametrize("text", ["a photo", GERMAN, FRENCH, CHINESE, "кошка", "😀 cat"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_with_and_without_its_mark(tmp_path, text, encoding):
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    assert read_text(tmp_path / "a.txt") == text


@pytest.mark.parametrize("text", [GERMAN, FRENCH, "“quoted” – naïve", "für", "naïve"])
def test_old_western_text_is_not_taken_for_chinese(tmp_path, text):
    (tmp_path / "a.txt").write_bytes(text.encode("cp1252"))
    assert read_text(tmp_path / "a.txt") == text


@pytest.mark.parametrize("text", [CHINESE, "一张照片, photo of 猫", "臺灣的貓", "镕基"])
def test_old_chinese_text_is_read(tmp_path, text):
    (tmp_path / "a.txt").write_bytes(text.encode("gbk"))
    assert read_text(tmp_path / "a.txt") == text


@pytest.mark.parametrize("data", [b"a\0b", bytes(100), b"\x89PNG\r\n\x1a\n\0\0"])
def test_a_binary_file_is_no_caption(tmp_path, data):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(CaptionError, match="not a text file"):
        read_text(tmp_path / "a.txt")


def test_a_huge_file_is_no_caption(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"x" * 65_537)
    with pytest.raises(CaptionError, match="larger than 64 KiB"):
        read_text(tmp_path / "a.txt")


def test_line_breaks_and_doubled_spaces_become_one_space(tmp_path):
    (tmp_path / "a.txt").write_bytes(b" a photo\r\n of\t a  toy \n")
    assert read_text(tmp_path / "a.txt") == "a photo of a toy"


def caption_of(picture, own=None, content_hash="hash"):
    return CaptionBook(walk(picture.parent), own).read(picture, content_hash).text


def test_what_was_written_in_imprint_wins_then_txt_then_caption(tmp_path):
    picture, own = tmp_path / "pictures" / "a.b.png", tmp_path / "captions"
    own.mkdir()
    picture.parent.mkdir()
    assert caption_of(picture, own) == ""
    picture.with_suffix(".caption").write_text("from caption")
    assert caption_of(picture, own) == "from caption"
    picture.with_suffix(".txt").write_text("   \n")
    assert caption_of(picture, own) == "from caption"
    picture.with_suffix(".txt").write_text("from txt")
    assert caption_of(picture, own) == "from txt"
    (own / "hash.txt").write_text("from Imprint")
    assert caption_of(picture, own) == "from Imprint"
    assert caption_of(picture) == "from txt"
    assert caption_of(picture, own, "other") == "from txt"


@pytest.mark.parametrize(
    ("caption", "trigger", "word", "expected"),
    [
        ("", "sks", "cat", "a photo of sks cat"),
        ("", "", "cat", "a photo of cat"),
        ("", "", "", "a photo of subject"),
        ("a cat on a chair", "sks", "cat", "sks cat, a cat on a chair"),
        ("an sks cat", "sks", "cat", "an sks cat"),
        ("an SKS cat", "sks", "cat", "an SKS cat"),
        ("a cat with masks", "sks", "cat", "sks cat, a cat with masks"),
        ("{subject} on a chair", "sks", "cat", "sks cat on a chair"),
        ("a cat", "", "cat", "a cat"),
        ("小猫在睡觉", "小猫", "", "小猫在睡觉"),
        ("a (cat:1.2) <lora:x:1> {curly}", "", "", "a (cat:1.2) <lora:x:1> {curly}"),
        ("a c++ cat", "c++", "", "a c++ cat"),
    ],
)
def test_the_trigger_stands_in_every_text(caption, trigger, word, expected):
    assert compose(caption, "a photo of {subject}", trigger, word) == expected


def test_prompts_for_samples_are_the_first_two_texts_that_differ():
    assert suggest_prompts(["a", "a", "b", "c"], "", "") == ("a", "b")
    assert suggest_prompts([], "sks", "cat") == ("a photo of sks cat",)
