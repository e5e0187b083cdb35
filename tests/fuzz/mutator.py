"""Files that are almost right: what a parser believes longest."""

from __future__ import annotations

import json
import random
import struct
import zlib
from typing import Any

ODD_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
WORDS = (
    b"{", b"}", b"[" * 40, b'"', b"\\u0000", b"NaN", b"1e999", b"-1", b"null", b"..", b"\0", b"\xff\xfe",
    b"data_offsets", b"__metadata__", b"F16", b"cposix\nsystem\n", b"R.", b"parameters", b"acTL",
    b"IHDR", b"iCCP", b"eXIf", b"<lora:x:1>", b"=", b"'''",
)  # fmt: skip
ODD = (
    None, True, -1, 0, 10**30, 1e308, "", "²", "../../..", "/dev/zero", "x" * 70_000, [], {}, [[]],
    {"event": "StepFinished"}, "\x1b]0;title\x07", "a\nb", float("nan"),
    "\ud83d", "\0", 2**63, -(2**64), 1e-320, {"": None}, [{}, []], "0", "１", {"a": {"b": [1]}}, [0] * 5_000,
)  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n"


def mutated(seeds: list[bytes], chance: random.Random, longest: int) -> bytes:
    """One of the seeds, changed in one place or a few; its sums are mended half of the time."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        chance.choice(CHANGES)(data, chance)
    if chance.random() < 0.1:
        other = chance.choice(seeds)
        cut = chance.randrange(len(data) + 1)
        data = data[:cut] + other[chance.randrange(len(other) + 1) :]
    del data[longest:]
    if chance.random() < 0.5:
        data = bytearray(mended(bytes(data)))
    return bytes(data)


def mended(data: bytes) -> bytes:
    """The sums of a PNG's chunks and the length before a safetensors header made right again, so
    that not every change ends at the first check."""
    if data.startswith(PNG):
        return _with_right_sums(data)
    end = data.find(b"}}") + 2
    if end > 8 and data[8:9] == b"{":
        return struct.pack("<Q", end - 8) + data[8:]
    return data


def _with_right_sums(data: bytes) -> bytes:
    out, place = bytearray(PNG), len(PNG)
    while place + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, place)
        chunk = data[place + 4 : place + 8 + size]
        if len(chunk) < size + 4:
            break
        out += data[place : place + 4] + chunk + struct.pack(">I", zlib.crc32(chunk))
        place += size + 12
    return bytes(out + data[place:])


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _put_number(data: bytearray, chance: random.Random) -> None:
    number = chance.choice(ODD_NUMBERS)
    form = chance.choice([form for form in "BHIQ" if number < 256 ** struct.calcsize(form)])
    packed = struct.pack(chance.choice("<>") + form, number)
    at = chance.randrange(len(data) + 1)
    data[at : at + len(packed)] = packed


def _put_word(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    word = chance.choice(WORDS)
    data[at : at + chance.choice((0, len(word)))] = word


def _put_digits(data: bytearray, chance: random.Random) -> None:
    """Another number where one stands in letters."""
    places = [at for at, byte in enumerate(data[:4096]) if 48 <= byte < 58]
    if places:
        at = chance.choice(places)
        data[at : at + 1] = str(chance.choice((*ODD_NUMBERS, -1, 10**30))).encode()


def _remove(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    del data[at : at + chance.choice((1, 2, 4, 16, 200))]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    part = data[at : at + chance.choice((1, 4, 16, 64))]
    data[at:at] = part * chance.choice((1, 2, 50))


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data) + 1) :]


CHANGES = (_flip, _flip, _flip, _put_number, _put_number, _put_word, _put_digits, _remove, _repeat, _cut)  # fmt: skip


def odd_json(data: bytes, chance: random.Random) -> bytes:
    """The same with a value of another kind, a key twice, or brackets around brackets. Of lines of
    JSON one is changed; what is no JSON is changed as any bytes are."""
    text = data.decode("utf-8", "replace")
    lines = text.split("\n") if text.count("\n{") else [text]
    place = chance.randrange(len(lines))
    try:
        value = json.loads(lines[place])
    except ValueError:
        return mutated([data], chance, 1 << 20)
    for _ in range(chance.choice((1, 1, 2, 4))):
        value = with_odd_value(value, chance)
    line = json.dumps(value, ensure_ascii=chance.random() < 0.7)
    match chance.randrange(8):
        case 0 if line.startswith("{") and line != "{}":
            line = "{" + f"{line[1:-1]}, {line[1:-1]}" + "}"
        case 1:
            depth = chance.choice((10, 70, 5_000))
            line = "[" * depth + line + "]" * depth
        case 2:
            line = line.replace(chance.choice("0123456789"), "9" * 5_000, 1)
    lines[place] = line
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def with_odd_value(data: Any, chance: random.Random) -> Any:
    """JSON data with something else in one place."""
    if isinstance(data, dict) and data and chance.random() < 0.85:
        key = chance.choice(sorted(data))
        return {**data, key: with_odd_value(data[key], chance)}
    if isinstance(data, list) and data and chance.random() < 0.7:
        place = chance.randrange(len(data))
        return [*data[:place], with_odd_value(data[place], chance), *data[place + 1 :]]
    return chance.choice(ODD)
