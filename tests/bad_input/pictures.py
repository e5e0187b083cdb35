"""Rows 1 to 31: files that are, or are called, pictures."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bad_input.catalogue import Place, picture, row, shown_by, untried

OF_A_PICTURE = "tests/engine/test_pictures.py"


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def beside_a_good_one(place: Place, name: str, data: bytes) -> list:
    """What is told; the good picture is used all the same."""
    place.file("good.png", encoded(picture(seed=9)))
    place.file(name, data)
    scan = place.scan()
    assert "good.png" in {item.path.name for item in scan.items}
    notices = scan.notices
    return [n for n in notices if n.facts.get("name") == name or "names" in n.facts]


def used(place: Place, name: str) -> bool:
    return name in {item.path.name for item in place.scan().items}


def png_of(width: int, height: int) -> bytes:
    """A header that promises so much, and hardly any data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@row(1, "an empty file", "IM-IMG-01", "The file is empty (0 bytes)")
def empty(place):
    return beside_a_good_one(place, "a.jpg", b"")


@row(2, "a web page called .jpg", "IM-IMG-01", "it looks like a web page")
def web_page(place):
    return beside_a_good_one(place, "a.jpg", b"<!DOCTYPE html><html>404</html>")


@row(3, "a picture that ends early", "IM-IMG-01", "Damaged: the picture data ends early")
def truncated(place):
    noise = np.random.default_rng(0).integers(0, 255, (96, 96, 3), np.uint8)
    data = encoded(Image.fromarray(noise), "JPEG")
    return beside_a_good_one(place, "a.jpg", data[: len(data) // 2])


@row(4, "a PNG called .jpg", "IM-IMG-02", "It is really a PNG file.")
def other_ending(place):
    told = beside_a_good_one(place, "a.jpg", encoded(picture()))
    assert used(place, "a.jpg")
    return told


@row(5, "a bomb of 3,600 megapixels", "IM-IMG-01", "3600 megapixels; the limit is 180")
def bomb(place):
    return beside_a_good_one(place, "a.png", png_of(60_000, 60_000))


@row(6, "a picture of 99 megapixels", "IM-IMG-02", "99 megapixels; read at 1/2 of its size.")
def large(place):
    told = beside_a_good_one(place, "a.jpg", encoded(Image.new("L", (11_000, 9_000)), "JPEG"))
    assert used(place, "a.jpg")
    return told


@row(7, "a picture of 8 x 8", "IM-IMG-01", "smaller than 64; enlarging it would teach blur")
def tiny(place):
    return beside_a_good_one(place, "a.png", encoded(Image.new("RGB", (8, 8))))


@row(8, "a strip of 10,000 x 70", "IM-IMG-02", "Very long, 143:1; most of it is cut away.")
def strip(place):
    return beside_a_good_one(place, "a.png", encoded(Image.new("RGB", (10_000, 70))))


@row(9, "an animation", "IM-IMG-02", "An animation: frame 1 of 3 is used.")
def animation(place):
    frames = [picture(seed=seed) for seed in range(3)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    return beside_a_good_one(place, "a.gif", data)


shown_by(10, "CMYK", f"{OF_A_PICTURE}::test_cmyk_becomes_the_colours_that_it_means")
shown_by(11, "16-bit grey", f"{OF_A_PICTURE}::test_sixteen_bit_grey_is_scaled_not_cut_to_white")


@row(12, "a float TIFF beyond 0 to 1", "IM-IMG-01", "HDR data is not supported")
def high_dynamic_range(place):
    values = np.linspace(0, 40, 96 * 96, dtype=np.float32).reshape(96, 96)
    return beside_a_good_one(place, "a.tif", encoded(Image.fromarray(values), "TIFF"))


@row(
    13,
    "a transparent picture with hidden colour",
    "IM-IMG-02",
    "The transparent part becomes white.",
)
def hidden_colour(place):
    return beside_a_good_one(place, "a.png", encoded(Image.new("RGBA", (96, 96), (255, 0, 0, 0))))


shown_by(
    14, "palettes, grey with alpha, one bit",
    f"{OF_A_PICTURE}::test_black_and_white_and_palettes_become_rgb",
    f"{OF_A_PICTURE}::test_what_is_transparent_becomes_white_never_its_hidden_colour",
)  # fmt: skip
shown_by(
    15, "colour profiles", f"{OF_A_PICTURE}::test_an_embedded_profile_is_converted_to_srgb"
)  # fmt: skip


@row(16, "a broken colour profile")
def broken_profile(place):
    told = beside_a_good_one(place, "a.png", encoded(picture(), icc_profile=b"garbage" * 20))
    assert used(place, "a.png")
    return told


shown_by(
    17, "cameras that were turned",
    f"{OF_A_PICTURE}::test_pictures_stand_upright_whatever_the_camera_was_turned_to",
    f"{OF_A_PICTURE}::test_impossible_orientations_are_ignored",
)  # fmt: skip


@row(18, "EXIF that is broken")
def broken_exif(place):
    told = beside_a_good_one(
        place, "a.jpg", encoded(picture(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    )
    assert used(place, "a.jpg")
    return told


@row(19, "a PSD file", "IM-IMG-01", "PSD is not supported; export it as JPEG or PNG")
def photoshop(place):
    return beside_a_good_one(place, "a.psd", b"8BPS\x00\x01" + bytes(100))


@row(19, "a drawing in SVG", "IM-IMG-01", "SVG is not supported")
def drawing(place):
    return beside_a_good_one(place, "a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")


@row(19, "a JPEG XL file", "IM-IMG-01", "JPEG XL is not supported; export it as JPEG or PNG.")
def jpeg_xl(place):
    return beside_a_good_one(place, "a.jxl", b"\xff\x0a" + bytes(100))


@row(19, "videos, raw files, archives", "IM-IMG-12", "Save single frames as JPEG or PNG.")
def videos(place):
    place.file("a.nef", b"MM\0*")
    place.file("a.zip", b"PK")
    return beside_a_good_one(place, "a.mp4", b"\0\0\0\x18ftypmp42")


@row(20, "the same file twice", "IM-IMG-01", "It is the same file as a.png.")
def twice(place):
    place.file("a.png", encoded(picture()))
    return beside_a_good_one(place, "b.png", encoded(picture()))


shown_by(
    20, "near copies",
    "tests/engine/test_looks.py::test_a_copy_that_was_shrunk_and_compressed_is_found",
    "tests/engine/test_findings.py::test_the_largest_of_near_copies_is_the_one_to_keep",
)  # fmt: skip


@row(22, "a link to a place outside", "IM-IMG-01", "It is a link to a place outside the folder.")
def link_outside(place):
    outside = place.folder.parent / "private.png"
    outside.write_bytes(encoded(picture()))
    (place.folder / "a.png").symlink_to(outside)
    (place.folder / "loop.png").symlink_to("loop.png")
    return beside_a_good_one(place, "b.txt", b"") + list(place.scan().notices)


@row(22, "a link to a folder outside", "IM-IMG-12", "Choose that place as the pictures")
def folder_outside(place):
    outside = place.folder.parent / "others"
    outside.mkdir()
    (outside / "a.png").write_bytes(encoded(picture()))
    (place.folder / "set1").symlink_to(outside, target_is_directory=True)
    return beside_a_good_one(place, "b.txt", b"")


@row(23, "a pipe called .png", "IM-IMG-01", "It is not a regular file.")
def pipe(place):
    os.mkfifo(place.folder / "a.png")
    place.file("good.png", encoded(picture()))
    return place.scan().notices


shown_by(
    24, "a picture that changes after it was looked at",
    "tests/engine/test_scan.py::test_a_picture_that_changes_after_the_scan_is_left_out_with_a_notice",
)  # fmt: skip


untried(25, "a file that another program has locked, on Windows")


@row(26, "names of emoji, of 255 bytes, with a new line, right to left")
def odd_names(place):
    names = ["😀.png", "a" * 251 + ".png", "a\nb.png", "\u202egnp.png", "é.png", "e\u0301.png"]
    for seed, name in enumerate(names):
        place.file(name, encoded(picture(seed=seed)))
    scan = place.scan()
    assert {item.path.name for item in scan.items} == set(names)
    return scan.notices


@row(26, "a name that is no text")
def name_of_bytes(place):
    Path(os.fsdecode(os.fsencode(place.folder) + b"/\xff\xfe.png")).write_bytes(encoded(picture()))
    place.file("b.png", encoded(picture(seed=1)))
    scan = place.scan()
    assert len(scan.items) == 2
    return scan.notices


@row(27, "what systems leave behind: .DS_Store, Thumbs.db")
def junk(place):
    for name in (".DS_Store", "Thumbs.db", "._a.doc", "~$a.docx", "desktop.ini"):
        place.file(name, b"\0\1\2")
    for seed in range(2):
        place.file(f"{seed}.png", encoded(picture(seed=seed)))
    return place.scan().notices


@row(
    27, "what systems leave behind: ._a.jpg, @eaDir", "IM-IMG-12", "Left out: ._a.jpg, @eaDir/ (1)."
)
def junk_like_pictures(place):
    place.file("._a.jpg", b"\0\5\x16\7")
    return beside_a_good_one(place, "@eaDir/a.jpg", encoded(picture()))


@row(27, "masks of another trainer", "IM-IMG-14", "Masks of 1 pictures: good-masklabel.png.")
def masks_of_another_trainer(place):
    told = beside_a_good_one(place, "good-masklabel.png", encoded(picture(seed=3).convert("1")))
    assert len(place.scan().items) == 1
    return told


@row(27, "class pictures beside the subject", "IM-IMG-12", "These look like class pictures")
def class_pictures(place):
    return beside_a_good_one(place, "reg/1_dog/a.png", encoded(picture()))


@row(27, "the folders of kohya's trainer", "IM-IMG-13", "10_sks dog (10 × “sks dog”)")
def folders_of_kohya(place):
    return beside_a_good_one(place, "10_sks dog/a.png", encoded(picture()))


@row(28, "a folder without a usable picture", "IM-IMG-10", "0 of 3 files")
def nothing_usable(place):
    from engine.check import check_pictures
    from engine.control import Control

    for name in ("a.png", "b.png", "c.png"):
        place.file(name, b"")
    *_, last = check_pictures(place.folder, None, Control())
    return last.error


@row(29, "one picture alone", "IM-IMG-05", "Pictures: 1. That works, but the result copies them.")
def one_alone(place):
    place.file("a.png", encoded(picture()))
    return place.scan().notices


shown_by(
    21, "a blank picture", "tests/engine/test_findings.py::test_one_thing_that_is_wrong_is_told_of_its_picture_alone"
)  # fmt: skip
shown_by(
    30, "thousands of files, deep folders",
    "tests/desktop/test_dataset_panel.py::test_ten_thousand_pictures_cost_no_more_to_draw_than_a_page_of_them",
    "tests/engine/test_scan.py::test_pictures_in_folders_inside_count_and_links_outside_do_not",
)  # fmt: skip
shown_by(
    31, "a mask of another size",
    "tests/engine/test_masks.py::test_the_mask_lies_on_the_latents_where_it_lay_on_the_picture",
)  # fmt: skip
