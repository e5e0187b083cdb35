"""Rows 32 to 39: what is written beside pictures."""

from __future__ import annotations

from engine.data.findings import Seen, examine
from engine.data.looks import Looks
from tests.bad_input.catalogue import Place, picture, row, shown_by
from tests.bad_input.pictures import encoded

OF_A_CAPTION = "tests/engine/test_captions.py"


def captioned(place: Place, text: bytes, suffix: str = ".txt"):
    """The one picture that has this caption, and what is told of it."""
    for seed in range(2):
        place.file(f"{seed}.png", encoded(picture(seed=seed)))
    place.file(f"0{suffix}", text)
    scan = place.scan()
    return scan.items[0].caption, scan.notices


def told_of(caption: str, trigger: str = "zwx") -> list:
    sharp = Looks(fingerprint=0, colours=0, sharpness=500.0, transparent=False)
    others = [
        Seen(f"{n}", f"{n}.png", "zwx cat", 800, 600, Looks(0xFFFF << 16 * n, 0, 500.0, False))
        for n in range(1, 6)
    ]
    seen = [Seen("0", "0.png", caption, 800, 600, sharp), *others]
    return [finding.message for finding in examine(seen, (), resolution=512, trigger=trigger)]


@row(32, "a picture without a caption", "IM-CAP-01", "so the standard one is used: 0.png")
def missing(place):
    return told_of("")


@row(33, "a caption of blanks")
def blanks(place):
    caption, notices = captioned(place, b" \n\t  \r\n")
    assert caption == ""
    return notices


@row(34, "a caption in UTF-16 or with a mark")
def with_a_mark(place):
    caption, notices = captioned(place, "a café".encode("utf-16"))
    assert caption == "a café"
    return notices


shown_by(
    34, "captions in old Western and Chinese encodings",
    f"{OF_A_CAPTION}::test_old_western_text_is_not_taken_for_chinese",
    f"{OF_A_CAPTION}::test_old_chinese_text_is_read",
)  # fmt: skip


@row(34, "a caption in another old encoding", "IM-CAP-08", "Not in UTF-8; read as Korean (EUC-KR).")
def in_an_old_encoding(place):
    caption, notices = captioned(place, "파란 머리의 소녀, sks".encode("cp949"))
    assert caption == "파란 머리의 소녀, sks"
    return notices


@row(35, "a caption of binary data", "IM-IMG-02", "0.txt is not a text file.")
def binary(place):
    caption, notices = captioned(place, b"a\0b" * 20)
    assert caption == ""
    return notices


@row(35, "a caption of a megabyte", "IM-IMG-02", "0.txt is larger than 64 KiB; it is no caption.")
def huge(place):
    return captioned(place, b"a " * 500_000)[1]


@row(
    36,
    "a caption of more than 75 tokens",
    "IM-CAP-05",
    "More than 75 tokens in the caption of 0.png",
)
def long(place):
    return told_of("zwx " + "word " * 80)


@row(37, "weights and tags of prompts in a caption", "IM-CAP-07", "Written as for a prompt")
def weights(place):
    return told_of("zwx (red:1.3) <lora:hat:1>")


@row(37, "braces in a caption")
def braces(place):
    from engine.data.captions import compose

    caption, notices = captioned(place, b"{x} {} {0.__class__}")
    assert compose(caption, "", "zwx", "toy") == "zwx toy, {x} {} {0.__class__}"
    return notices


@row(
    38, "a .txt and a .caption that disagree", "IM-CAP-08", ".txt is used; .caption says something"
)
def two_files(place):
    place.file("0.caption", b"a red toy")
    caption, notices = captioned(place, b"a toy")
    assert caption == "a toy"
    return notices


@row(38, "several captions in a file", "IM-CAP-08", "One of them is drawn each time")
def several_lines(place):
    return captioned(place, b"a sks dog\na photo of sks")[1]


@row(38, "captions in a Parquet file", "IM-CAP-09", "Save it as metadata.jsonl or metadata.csv.")
def parquet(place):
    place.file("metadata.parquet", b"PAR1")
    return captioned(place, b"")[1]


shown_by(
    38, "two captions for one picture",
    f"{OF_A_CAPTION}::test_what_was_written_in_imprint_wins_then_txt_then_caption",
)  # fmt: skip


@row(
    39,
    "the trigger word is in no caption",
    "IM-CAP-03",
    "The trigger word is not in the caption of 0.png",
)
def without_trigger(place):
    return told_of("a cat")


shown_by(
    39, "a trigger word that means something else",
    "tests/desktop/test_wizard.py::test_the_word_is_made_of_the_name_and_means_nothing_else",
)  # fmt: skip
