"""Old encodings are guessed right for short captions, and the guess is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.data.caption_files import CaptionBook
from engine.data.encodings import NAMES, NotText, decode
from engine.data.scan import Scan, scan_folder
from engine.data.walk import walk
from engine.dataset_notices import CaptionRemark
from tests.conftest import draw_pictures

TEXTS = {
    "cp932": [
        "1人の女の子、青い髪、赤いリボン, sks",
        "1girl, sks, 青い髪, 笑顔",
        "sks, ブルー",
        "女の子",
    ],
    "euc_jp": ["1girl, sks, 青い髪, 笑顔", "sks, ブルー, スカート", "白い服を着た女の子"],
    "cp949": [
        "파란 머리의 소녀, sks",
        "a photo of sks girl, 파란 머리",
        "고양이",
        "흰 셔츠를 입은 남자",
    ],
    "gb18030": [
        "一只戴帽子的猫",
        "一张照片, photo of 猫",
        "穿红色裙子的女孩站在海边",
        "白猫",
        "臺灣的貓",
    ],
    "big5": ["一個藍髮女孩, sks", "穿紅色裙子的女孩站在海邊"],
    "cp1251": ["девочка с синими волосами, sks", "photo of sks, красное платье", "кошка"],
    "koi8_r": ["девочка с синими волосами, sks", "кошка"],
    "cp1250": ["sks, zażółć gęślą jaźń", "sks, žlutý kůň na louce"],
    "cp1252": ["sks, Bär im grünen Gras", "une fenêtre naïve à l'été", "niña con sombrero, año"],
    "cp1253": ["ένα κορίτσι, sks", "όμορφη γάτα, sks"],
    "cp1254": ["sks, mavi saçlı kız, ışık"],
    "cp1255": ["חתול שחור, sks"],
    "cp1256": ["قطة سوداء, sks"],
    "cp1257": ["graži mergaitė žalioje pievoje"],
    "cp874": ["ผู้หญิง, sks"],
    "utf_16_le": [
        "1人の女の子、青い髪",
        "a photo of sks",
        "девочка с синими волосами, sks",
        "a\nb",
    ],
    "utf_16_be": ["a photo of sks", "一只戴帽子的猫, sks"],
}
CASES = [(encoding, text) for encoding, texts in TEXTS.items() for text in texts]


@pytest.mark.parametrize(("encoding", "text"), CASES)
def test_a_short_text_in_an_old_encoding_is_read_and_the_guess_has_a_name(encoding, text):
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert decoded.guessed in NAMES


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("text", ["a café", "😀 猫", "кошка"])
def test_unicode_that_says_so_is_no_guess(text, encoding):
    data = text.encode(encoding)
    if encoding == "utf-32-be":
        data = b"\0\0\xfe\xff" + data
    assert decode(data).text == text
    assert decode(data).guessed == ""


@pytest.mark.parametrize(
    "data", [b"a\0b", b"a\0b" * 20, bytes(100), b"\x89PNG\r\n\x1a\n\0\0", bytes(range(256))]
)
def test_bytes_that_are_no_text_are_refused(data):
    with pytest.raises(NotText):
        decode(data)


@pytest.mark.parametrize(
    ("data", "text", "guessed"),
    [
        (b"a photo of sks cat\x0bsitting", "a photo of sks cat sitting", ""),
        (b"a cat\x1a", "a cat ", ""),
        ("für\x1b".encode(), "für ", ""),
        ("一只猫\x0b坐着".encode(), "一只猫 坐着", ""),
        (b"\xef\xbb\xbfa cat\x01", "a cat ", ""),
        ("девочка с синими\x0bволосами".encode("cp1251"), "девочка с синими волосами", "cp1251"),
    ],
)
def test_a_stray_control_character_is_a_blank(data, text, guessed):
    decoded = decode(data)
    assert (decoded.text, decoded.guessed) == (text, guessed)


def test_a_stray_control_character_does_not_make_a_guess_of_the_sets_encoding():
    assert decode(b"a cat\x0bsitting", ["cp1251"]).guessed == ""


def test_more_controls_than_a_text_has_are_no_text():
    with pytest.raises(NotText):
        decode(b"\x01a\x02b\x03")


def test_a_caption_with_a_stray_control_character_is_used(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "a.txt").write_bytes(b"a photo of sks cat\x0bsitting")
    caption = CaptionBook(walk(tmp_path)).read(tmp_path / "a.png", "")
    assert (caption.text, caption.problem) == ("a photo of sks cat sitting", None)


def test_the_other_files_of_a_set_decide_what_one_file_alone_cannot(tmp_path):
    """Kanji alone fit other encodings as well."""
    texts = ["青い髪の女の子", "赤いリボンの女の子", "着物", "白いシャツの男の子"]
    assert decode("着物".encode("euc_jp")).text != "着物"
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.png").touch()
        (tmp_path / f"{number}.txt").write_bytes(text.encode("euc_jp"))
    book = CaptionBook(walk(tmp_path))
    assert [book.read(tmp_path / f"{n}.png", "").text for n in range(4)] == texts


def test_files_of_several_encodings_in_one_set_are_each_read_in_their_own(tmp_path):
    texts = {"cp949": "파란 머리의 소녀, sks", "cp1251": "девочка с синими волосами",
             "cp932": "1人の女の子、青い髪", "utf_8": "a café"}  # fmt: skip
    for encoding, text in texts.items():
        (tmp_path / f"{encoding}.png").touch()
        (tmp_path / f"{encoding}.txt").write_bytes(text.encode(encoding))
    book = CaptionBook(walk(tmp_path))
    assert {e: book.read(tmp_path / f"{e}.png", "").text for e in texts} == texts


def test_a_guess_is_said_once_for_all_its_pictures(tmp_path):
    draw_pictures(tmp_path, 5)
    for number in range(5):
        path = tmp_path / f"picture{number}.txt"
        path.write_bytes(f"девочка с синими волосами, {number}".encode("cp1251"))
    *_, scan = scan_folder(tmp_path)
    assert isinstance(scan, Scan)
    said = [notice for notice in scan.notices if isinstance(notice, CaptionRemark)]
    assert len(said) == 1
    assert "picture0.png, picture1.png, picture2.png" in said[0].sentence
    assert "read as Cyrillic (Windows-1251)" in said[0].sentence


def test_a_table_in_an_old_encoding_is_read_and_said(tmp_path):
    (tmp_path / "猫.png").touch()
    table = "file_name,text\n猫.png,一只戴帽子的猫坐在沙发上\n"
    (tmp_path / "metadata.csv").write_bytes(table.encode("gb18030"))
    caption = CaptionBook(walk(tmp_path)).read(Path(tmp_path, "猫.png"), "")
    assert caption.text == "一只戴帽子的猫坐在沙发上"
    assert "Chinese (GB18030)" in caption.remarks[0]
