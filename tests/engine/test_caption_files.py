"""Captions are found wherever the tools of the field put them, and what is passed over is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.data.caption_files import Caption, CaptionBook, captioned
from engine.data.caption_text import FROM_JSON, SEPARATOR, SEVERAL, TAGS, parse
from engine.data.walk import walk
from engine.dataset_notices import TablesLeftOut, TableUnreadable


def book_of(folder: Path, files: dict[str, str | bytes]) -> CaptionBook:
    """A set of these files; pictures are empty, since only captions are read."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return CaptionBook(walk(folder))


def caption(folder: Path, files: dict[str, str | bytes], picture: str = "a.png") -> Caption:
    return book_of(folder, {picture: "", **files}).read(folder / picture, "")


# ---- files beside a picture ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "a sks dog"),
        ("a.caption", "a sks dog"),  # sd-scripts
        ("a.cap", "a sks dog"),
        ("a.tags", "a sks dog"),
        ("a.png.txt", "a sks dog"),  # gallery-dl, Hydrus
        ("a.png.caption", "a sks dog"),
        ("a.json", '{"caption": "a sks dog", "url": "x", "width": 5}'),  # img2dataset
        ("a.json", '{"prompt": "a sks dog"}'),
        ("a.png.json", '{"text": "a sks dog"}'),
        ("a.json", '\ufeff{"Caption": "a  sks\\n dog"}'),
        ("a.json", '[{"caption": "a sks dog"}]'),
        ("metadata.jsonl", '{"file_name": "a.png", "text": "a sks dog"}\n'),  # datasets
        ("metadata.jsonl", '{"file_name": "./a.png", "additional_feature": "a sks dog"}'),
        ("metadata.jsonl", '{"file_name": "a.png", "my own column": "a sks dog"}'),
        ("metadata.jsonl", '{"image": "a.png", "prompt": "a sks dog"}'),
        ("metadata.csv", "file_name,text\na.png,a sks dog\n"),
        ("metadata.csv", 'text;file_name\n"a sks dog";a.png\n'),
        ("metadata.csv", "\ufefffile_name\tcaption\r\na.png\ta sks dog\r\n"),
        ("meta_cap.json", '{"a.png": {"caption": "a sks dog"}}'),  # sd-scripts
        ("meta_cap.json", '{"a": {"caption": "a sks dog"}}'),
        ("meta_lat.json", '{"/data/set/a.png": {"caption": "a sks dog"}}'),
        ("meta_lat.json", '{"C:\\\\data\\\\a.png": {"caption": "a sks dog"}}'),
        ("captions.json", '{"a.png": "a sks dog"}'),
        ("metadata.json", '[{"file_name": "a.png", "text": "a sks dog"}]'),
        ("captions.jsonl", '{"filename": "a.png", "caption": "a sks dog"}'),
    ],
)
def test_a_caption_is_found_where_tools_put_it(tmp_path, name, content):
    assert caption(tmp_path, {name: content}) == Caption("a sks dog")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"tags": ["1girl", "blue hair"]}, "1girl, blue hair"),
        ({"tag_string": "1girl blue_hair"}, "1girl, blue_hair"),  # Danbooru
        ({"tags": "1girl blue_hair"}, "1girl, blue_hair"),  # Gelbooru
        ({"tags": "1girl, blue hair"}, "1girl, blue hair"),
        ({"tags": {"general": ["1girl"], "artist": ["x y"]}}, "1girl, x y"),  # e621
        ({"all known tags": {"0": ["1girl", "blue hair"]}}, "1girl, blue hair"),  # Hydrus
        ({"caption": "a girl", "tags": ["1girl"]}, "a girl"),
    ],
)
def test_tags_of_download_tools_become_tags_with_commas(tmp_path, content, expected):
    assert caption(tmp_path, {"a.png.json": json.dumps(content)}).text == expected


def test_tags_follow_the_caption_in_the_tables_of_sd_scripts_as_it_joins_them(tmp_path):
    table = {"a": {"caption": "a sks dog", "tags": "park, sun"}}
    found = caption(tmp_path, {"meta_lat.json": json.dumps(table)})
    assert found.text == "a sks dog, park, sun"


def test_tables_reach_pictures_in_folders_and_the_nearest_one_goes_first(tmp_path):
    far = '{"file_name": "deep/a.png", "text": "far"}\n{"file_name": "deep/b.png", "text": "b"}'
    book = book_of(
        tmp_path,
        {"deep/a.png": "", "deep/b.png": "", "metadata.jsonl": far,
         "deep/metadata.jsonl": '{"file_name": "a.png", "text": "near"}'},
    )  # fmt: skip
    assert book.read(tmp_path / "deep/a.png", "").text == "near"
    assert book.read(tmp_path / "deep/b.png", "").text == "b"


def test_a_name_in_a_table_is_found_however_its_letters_are_composed(tmp_path):
    table = json.dumps({"file_name": "e\u0301.png", "text": "a sks dog"}, ensure_ascii=False)
    found = caption(tmp_path, {"metadata.jsonl": table}, picture="é.png")
    assert found.text == "a sks dog"


def test_one_caption_is_for_pictures_of_one_name_and_case_counts(tmp_path):
    book = book_of(tmp_path, {"a.png": "", "a.jpg": "", "a.txt": "one"})
    assert book.read(tmp_path / "a.png", "").text == book.read(tmp_path / "a.jpg", "").text == "one"


@pytest.mark.parametrize(
    ("picture", "name", "content"),
    [
        ("IMG_1.PNG", "IMG_1.TXT", "a sks dog"),
        ("IMG_1.PNG", "IMG_1.Caption", "a sks dog"),
        ("IMG_1.PNG", "IMG_1.JSON", '{"caption": "a sks dog"}'),
        ("IMG_1.PNG", "IMG_1.png.txt", "a sks dog"),
        ("IMG_1.png", "IMG_1.PNG.TXT", "a sks dog"),
        ("IMG_1.PNG", "METADATA.JSONL", '{"file_name": "IMG_1.PNG", "text": "a sks dog"}'),
        ("IMG_1.PNG", "metadata.jsonl", '{"file_name": "IMG_1.png", "text": "a sks dog"}'),
        ("IMG_1.png", "metadata.csv", "file_name,text\nIMG_1.PNG,a sks dog\n"),
    ],
)
def test_suffixes_and_names_of_tables_count_in_any_case(tmp_path, picture, name, content):
    book = book_of(tmp_path, {picture: "", name: content})
    assert book.read(tmp_path / picture, "").text == "a sks dog"
    assert book.walked.orphans == ()
    assert book.walked.captioned(book.walked.files) == [tmp_path / picture]


def test_of_two_captions_that_differ_in_case_the_lower_one_counts_and_the_other_is_said(tmp_path):
    found = caption(tmp_path, {"a.TXT": "a cat", "a.txt": "a dog"})
    assert found.text == "a dog"
    assert ".TXT says something else" in found.remarks[0]


def test_pictures_whose_names_differ_in_case_have_their_own_captions(tmp_path):
    book = book_of(tmp_path, {"a.png": "", "A.png": "", "a.txt": "small", "A.TXT": "large"})
    assert book.read(tmp_path / "a.png", "").text == "small"
    assert book.read(tmp_path / "A.png", "").text == "large"


# ---- which goes first ----------------------------------------------------------------------------

PLACES = [
    ("a.txt", "{}"), ("a.caption", "{}"), ("a.cap", "{}"), ("a.tags", "{}"),
    ("a.png.txt", "{}"), ("a.json", '{{"caption": "{}"}}'), ("a.png.json", '{{"text": "{}"}}'),
    ("metadata.jsonl", '{{"file_name": "a.png", "text": "{}"}}'),
    ("metadata.csv", "file_name,text\na.png,{}"),
    ("meta_cap.json", '{{"a": {{"caption": "{}"}}}}'),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(PLACES)))
def test_of_several_places_the_first_of_the_page_wins_and_the_rest_is_said(tmp_path, place):
    files: dict[str, str | bytes] = {
        name: form.format(f"from {name}") for name, form in PLACES[place:]
    }
    found = caption(tmp_path, files)
    assert found.text == f"from {PLACES[place][0]}"
    assert len(found.remarks) == len(files) - 1
    for other, _ in PLACES[place + 1 :]:
        short = other.removeprefix("a") if other.startswith("a.") else other
        assert any(f"{short} says something else" in remark for remark in found.remarks), other


def test_the_page_says_the_order_of_the_places():
    page = (Path(__file__).parents[2] / "docs/data-sets.md").read_text("utf-8")
    order = page[page.index("## Captions") :]
    places = [order.index(f"`{name.replace('a.', 'NAME.', 1)}`") for name, _ in PLACES[:3]]
    places += [order.index(f"`{name}`") for name in ("NAME.png.txt", "NAME.json", "metadata.jsonl")]
    assert places == sorted(places)


def test_places_that_say_the_same_are_no_news(tmp_path):
    found = caption(tmp_path, {"a.txt": "a sks dog", "a.json": '{"caption": "a sks dog"}'})
    assert found == Caption("a sks dog")


def test_an_empty_file_leaves_the_word_to_the_next_place(tmp_path):
    assert caption(tmp_path, {"a.txt": " \n", "a.caption": "from caption"}).text == "from caption"


def test_a_file_that_cannot_be_read_is_said_and_the_next_place_is_used(tmp_path):
    found = caption(tmp_path, {"a.txt": b"\0\1\2 binary", "a.caption": "from caption"})
    assert found.text == "from caption"
    assert found.problem == "a.txt is not a text file."


def test_json_of_something_else_is_said_where_there_is_no_caption(tmp_path):
    found = caption(tmp_path, {"a.json": '{"title": "x", "nodes": []}'})
    assert found.text == ""
    assert "no field called caption" in found.remarks[0]
    assert caption(tmp_path, {"a.txt": "words"}).remarks == ()


# ---- tables of any name --------------------------------------------------------------------------

KOHYA = '{"/data/set/a.png": {"caption": "a sks dog", "tags": "red"}, "b": {"tags": "sks, toy"}}'


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("meta.json", KOHYA, "a sks dog, red"),
        ("dataset.json", KOHYA, "a sks dog, red"),
        ("tags.json", '{"a": {"tags": ["sks", "dog"]}}', "sks, dog"),
        ("labels.csv", "file_name,text\na.png,a sks dog\n", "a sks dog"),
        ("train.jsonl", '{"file_name": "a.png", "text": "a sks dog"}\n', "a sks dog"),
        ("metadata.tsv", "file_name\ttext\na.png\ta sks dog\n", "a sks dog"),
        ("deep/../Train.JSONL", '{"image": "a.PNG", "prompt": "a sks dog"}', "a sks dog"),
    ],
)
def test_a_table_of_any_name_is_read_where_it_names_pictures_of_the_set(
    tmp_path, name, content, expected
):
    (tmp_path / "deep").mkdir()
    book = book_of(tmp_path, {"a.png": "", name: content})
    assert book.read(tmp_path / "a.png", "").text == expected
    assert book.notices == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("concepts.json", '[{"name": "a", "path": "x", "text": {"prompt_source": "sample"}}]'),
        ("meta.json", '{"another.png": {"caption": "a sks dog"}}'),
        ("dataset.json", '{"labels": [["a.png", 5]]}'),
        ("tags.json", "{ broken"),
        ("labels.csv", "file_name,width\na.png,512\n"),
        ("train.jsonl", "\0\1\2"),
        ("metadata.tsv", ""),
        ("b.json", '{"caption": "of a picture that is gone"}'),
    ],
)
def test_what_might_be_a_table_and_is_none_is_named(tmp_path, name, content):
    book = book_of(tmp_path, {"a.png": "", name: content})
    assert book.read(tmp_path / "a.png", "") == Caption()
    (notice,) = book.notices
    assert isinstance(notice, TablesLeftOut)
    assert notice.sentence.startswith(f"Left out: {name}.")


def test_a_table_of_a_known_name_goes_before_one_of_another(tmp_path):
    row = '{{"file_name": "a.png", "text": "{}"}}'
    files = {name: row.format(name) for name in ("a_first.jsonl", "metadata.jsonl")}
    assert caption(tmp_path, files).text == "metadata.jsonl"


# ---- tables that cannot be used ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("metadata.parquet", "PAR1", "Save it as metadata.jsonl or metadata.csv."),
        ("metadata.jsonl", '{"file_name": "a.png", "text": "x"}\n{"file', "line 2 is broken"),
        ("metadata.json", '[\n{"file_name": "a.png",,', "line 2 is broken"),
        ("metadata.jsonl", '{"width": 5}', "no column that names files"),
        ("metadata.csv", "file_name,text\n", "no column that names files"),
        ("metadata.csv", "", "no column that names files"),
        ("meta_cap.json", "[" * 100_000, "is broken"),
        ("metadata.jsonl", b"\x00\x01\x02", "not a text file"),
    ],
)
def test_a_table_that_cannot_be_used_is_named_with_the_reason(tmp_path, name, content, said):
    book = book_of(tmp_path, {"a.png": "", name: content})
    (notice,) = book.notices
    assert isinstance(notice, TableUnreadable)
    assert said in notice.sentence
    assert name in notice.sentence
    assert book.read(tmp_path / "a.png", "") == Caption()


# ---- what is in a file ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected", "remark"),
    [
        ("tag_a\ntag_b\nsks\ntag_c", "tag_a, tag_b, sks, tag_c", TAGS),
        ("1girl\r\nblue eyes\r\nlooking at viewer\r\n", "1girl, blue eyes, looking at viewer",
         TAGS),
        ("character:foo\nseries:bar baz", "character:foo, series:bar baz", TAGS),  # Hydrus
        ("少女\n青い髪\n笑顔", "少女, 青い髪, 笑顔", TAGS),
        ("a photo\nof a toy", "a photo of a toy", None),
        ("a woman sitting on\na red sofa", "a woman sitting on a red sofa", None),
        ("1girl, solo,\nblue hair,\nsks", "1girl, solo, blue hair, sks", None),
        ("The picture shows a dog. It is red.\nThe ground is grey.",
         "The picture shows a dog. It is red. The ground is grey.", None),
        ("A first paragraph here.\n\nAnd a second one here.",
         "A first paragraph here. And a second one here.", None),
        ("sks |||dog, park", "sks, dog, park", SEPARATOR),
        ("sks, cat, |||", "sks, cat", SEPARATOR),
        ("sksx, cat,", "sksx, cat", None),  # as taggers write them
        (", sksx, cat", "sksx, cat", None),
        ("{x} {} {0.__class__}", "{x} {} {0.__class__}", None),
        ('{"unknown": "a"}', '{"unknown": "a"}', None),
        ("  one   line \n", "one line", None),
        ("", "", None),
    ],
)  # fmt: skip
def test_lines_of_a_file_become_one_caption(text, expected, remark):
    written = parse(text)
    assert written.text == expected
    assert written.choices == ()
    assert [said.template for said in written.remarks] == ([remark] if remark else [])


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("a sks dog\r\na photo of sks\r\n", ("a sks dog", "a photo of sks")),
        ("1girl, solo\n1girl, blue hair", ("1girl, solo", "1girl, blue hair")),
        ("一只戴帽子的猫\n一只坐在沙发上的猫", ("一只戴帽子的猫", "一只坐在沙发上的猫")),
    ],
)
def test_several_captions_in_a_file_are_choices_and_it_is_said(text, choices):
    written = parse(text)
    assert written.text == choices[0]
    assert written.choices == choices
    assert [said.template for said in written.remarks] == [SEVERAL]


def test_json_in_a_text_file_is_read_as_json(tmp_path):
    written = parse('{"prompt": "a sks dog", "seed": 5}')
    assert written.text == "a sks dog"
    assert [said.template for said in written.remarks] == [FROM_JSON]


def test_captions_written_in_imprint_win_over_tables(tmp_path):
    files = {"a.png": "", "metadata.jsonl": '{"file_name": "a.png", "text": "theirs"}'}
    own = tmp_path / "own"
    own.mkdir()
    (own / "hash.txt").write_text("mine")
    book_of(tmp_path / "set", dict(files))
    book = CaptionBook(walk(tmp_path / "set"), own)
    assert book.read(tmp_path / "set/a.png", "hash").text == "mine"


def test_only_files_named_by_a_pictures_sum_count_as_captions_of_imprint(tmp_path):
    own = tmp_path / "captions"
    own.mkdir()
    (own / f"{'a' * 64}.txt").write_text("a toy")
    (own / "mine.txt").write_text("not of Imprint")
    assert captioned(own) == {"a" * 64}
    (tmp_path / "link").symlink_to(own)
    assert captioned(tmp_path / "link") == frozenset()
    assert captioned(tmp_path / "nowhere") == captioned(None) == frozenset()
