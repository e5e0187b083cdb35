"""What large pictures cost: memory by the byte when decoded, told before anything is decoded."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from engine.data import colours, pictures
from engine.data.picture_cost import MOST_BYTES, factor_of
from engine.data.pictures import PictureError, decode, decode_alpha

MEBIBYTES = 1100  # of one picture at work, the program itself not counted
UNITS = 400  # millions of additions; a count of TIFF directories costs thousands
ROOT = Path(__file__).parents[2]
CHILD = """
import json, sys, time
from pathlib import Path
from engine.data.pictures import _known_formats
from engine.data.readings import read_one
from tests.timing import a_million_additions, cpu_seconds

def peak():  # of this process alone; ru_maxrss would begin with that of the tests
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024

_known_formats()
unit, before, began = cpu_seconds(a_million_additions), peak(), time.process_time()
reading = read_one(Path(sys.argv[1]), look=True)
cost = (time.process_time() - began) / unit
said = str(reading.refusal) if reading.refusal else [reading.width, reading.height]
print(json.dumps([peak() - before, cost, said, [str(remark) for remark in reading.remarks]]))
"""
TINY_WEBP = (
    b"RIFF\x18\0\0\0WEBPVP8L\x0c\0\0\0/" + struct.pack("<I", 13_415 | 13_415 << 14) + bytes(7)
)


def png(width: int, height: int, depth: int, colour: int, row: bytes) -> bytes:
    """All rows alike, so that 180 megapixels are some hundred kilobytes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(b"\0" + row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def directory(tags: dict[int, tuple[int, int, int]], following: int) -> bytes:
    entries = (struct.pack("<HHII", tag, *value) for tag, value in sorted(tags.items()))
    return struct.pack("<H", len(tags)) + b"".join(entries) + struct.pack("<I", following)


def float_tiff(side: int, rows: int) -> bytes:
    """Grey 0.5; all its strips are the same bytes of the file."""
    strip = zlib.compress(struct.pack("<f", 0.5) * side * rows)
    count, start = side // rows, 8 + len(strip) + len(strip) % 2
    tags = {
        256: (4, 1, side), 257: (4, 1, side), 258: (3, 1, 32), 259: (3, 1, 8), 262: (3, 1, 1),
        273: (4, count, start), 277: (3, 1, 1), 278: (4, 1, rows),
        279: (4, count, start + 4 * count), 339: (3, 1, 3),
    }  # fmt: skip
    tables = struct.pack(f"<{count}I", *[8] * count)
    tables += struct.pack(f"<{count}I", *[len(strip)] * count)
    head = b"II*\0" + struct.pack("<I", start + len(tables)) + strip + bytes(len(strip) % 2)
    return head + tables + directory(tags, 0)


def tiff_of_many_directories(count: int) -> bytes:
    tags = {
        256: (4, 1, 64), 257: (4, 1, 64), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1),
        273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, 64), 279: (4, 1, 4096),
    }  # fmt: skip
    first, size = 8 + 4096, len(directory(tags, 0))
    places = [first + number * size for number in range(count)] + [0]
    directories = (directory(tags, following) for following in places[1:])
    return b"II*\0" + struct.pack("<I", first) + bytes(4096) + b"".join(directories)


def large_jpeg(path: Path) -> None:
    """In a process of its own, which gives its memory back."""
    code = "import sys; from PIL import Image; Image.new('RGB', (12000, 8400)).save(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


def cost_of(path: Path) -> tuple[float, float, object, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return tuple(json.loads(done.stdout))


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="no such table of a process here"
)


@needs_proc
@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.webp", TINY_WEBP, "Reading it takes about 2.8 GiB of memory"),
        ("grey16.png", png(13_400, 13_400, 16, 0, b"\x12\x34" * 13_400), [4467, 4467]),
        ("rgba.png", png(13_400, 13_400, 8, 6, b"\x12\x34\x56\x80" * 13_400), [4467, 4467]),
        ("float.tif", float_tiff(10_000, 100), [5000, 5000]),
        ("one_strip.tif", float_tiff(11_000, 11_000), "Reading it takes about 1.1 GiB of memory"),
        ("directories.tif", tiff_of_many_directories(100_000), [64, 64]),
    ],
    ids=["webp", "grey", "transparent", "float", "strip", "directories"],
)
def test_a_small_file_takes_a_gibibyte_at_most_or_is_refused(name, data, said, tmp_path):
    assert len(data) < 12_000_000
    (tmp_path / name).write_bytes(data)
    mebibytes, units, result, _ = cost_of(tmp_path / name)
    assert result == said if isinstance(said, list) else str(result).startswith(said)
    assert mebibytes < MEBIBYTES
    assert units < UNITS


@needs_proc
def test_a_jpeg_of_100_megapixels_is_decoded_at_half_its_size(tmp_path):
    large_jpeg(tmp_path / "a.jpg")
    mebibytes, units, size, remarks = cost_of(tmp_path / "a.jpg")
    assert size == [6000, 4200]
    assert remarks == ["101 megapixels; read at 1/2 of its size."]
    assert mebibytes < 400
    assert units < UNITS


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def every_kind() -> dict[str, bytes]:
    noise = np.random.default_rng(0)
    rgba = Image.fromarray(noise.integers(0, 256, (90, 70, 4), np.uint8), "RGBA")
    rgb, exif = rgba.convert("RGB"), Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    grey16 = Image.fromarray(noise.integers(0, 65536, (90, 70), np.uint16))
    real = Image.fromarray(noise.random((90, 70), np.float32))
    palette = rgb.quantize(16)
    return {
        "RGB": saved(rgb), "RGBA": saved(rgba), "LA": saved(rgba.convert("LA")),
        "1": saved(rgb.convert("1")), "L": saved(rgb.convert("L")), "P": saved(palette),
        "P with a colour that is none": saved(palette, transparency=3),
        "RGB with a colour that is none": saved(rgb, transparency=(3, 3, 3)),
        "I;16": saved(grey16), "I;16 of TIFF": saved(grey16, "TIFF"), "F": saved(real, "TIFF"),
        "CMYK": saved(rgb.convert("CMYK"), "JPEG"), "turned": saved(rgb, "JPEG", exif=exif),
        "profile": saved(rgb, icc_profile=profile), "interlaced": saved(rgb, "GIF", interlace=1),
    }  # fmt: skip


@pytest.mark.parametrize("kind", every_kind())
def test_strips_give_what_the_whole_picture_gives(kind, monkeypatch):
    data = every_kind()[kind]
    whole, alpha = decode(data).image, decode_alpha(data)
    monkeypatch.setattr(colours, "STRIP", 7 * 70)
    assert decode(data).image.tobytes() == whole.tobytes()
    again = decode_alpha(data)
    assert (again and again.tobytes()) == (alpha and alpha.tobytes())


@pytest.mark.parametrize("kind", every_kind())
def test_a_reduced_picture_looks_like_the_whole_one(kind, monkeypatch):
    data = every_kind()[kind]
    whole = decode(data).image
    monkeypatch.setattr(pictures, "factor_of", lambda *size: 2 if max(size) > 60 else 1)
    small = decode(data).image
    assert small.size == (whole.width // 2, whole.height // 2)
    average = np.asarray(whole.resize(small.size, Image.Resampling.BOX), np.float32)
    assert (
        np.abs(np.asarray(small, np.float32) - average).mean() < 20
    )  # of pictures that differ: 40


def test_sixteen_bits_come_to_the_nearest_of_eight():
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.rint(values / 257).astype(np.uint8)
    found = decode(saved(Image.fromarray(values))).image.getchannel("R")
    assert np.array_equal(np.asarray(found), expected)


def test_pictures_up_to_64_megapixels_keep_their_size():
    assert factor_of(8000, 8000) == 1
    assert factor_of(8001, 8000) == 2
    assert factor_of(13_400, 13_400) == 3


def test_the_memory_that_a_tile_would_take_is_told_before_it_is_taken():
    tags = {
        256: (4, 1, 80), 257: (4, 1, 80), 258: (3, 1, 8), 259: (3, 1, 8), 262: (3, 1, 1),
        277: (3, 1, 1), 322: (4, 1, 1 << 20), 323: (4, 1, 1 << 20), 324: (4, 1, 8), 325: (4, 1, 8),
    }  # fmt: skip
    data = b"II*\0" + struct.pack("<I", 16) + bytes(8) + directory(tags, 0)
    with pytest.raises(PictureError, match="GiB of memory; the limit is 1 GiB"):
        decode(data)
    assert MOST_BYTES == 1 << 30
