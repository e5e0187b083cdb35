"""Walks through a pickle's opcodes without obeying any of them, and refuses what is not needed.

What tensors in plain containers need is little: an allow-list of opcodes, an exact list of
globals. Imports no torch.
"""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_OPCODES = 2_000_000
MAX_NESTING = 64
MAX_TEXT = 1 << 20
MAX_PICKLE_BYTES = 16 << 20

STORAGES = {
    "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "DoubleStorage": 8,
    "IntStorage": 4, "LongStorage": 8, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1,
    "BoolStorage": 1,
}  # fmt: skip
GLOBALS = frozenset(
    {
        ("collections", "OrderedDict"),
        ("torch._utils", "_rebuild_tensor_v2"),
        ("torch._utils", "_rebuild_parameter"),
        ("torch", "Size"),
        *(("torch", name) for name in STORAGES),
    }
)
# Old checkpoints carry a callback of their trainer: harmless leftovers, but code all the same.
LEFTOVERS = ("pytorch_lightning", "lightning", "lightning_fabric")

_OPCODES = frozenset(
    """
    PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE
    INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT
    STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE
    BINBYTES SHORT_BINBYTES
    EMPTY_DICT DICT SETITEM SETITEMS EMPTY_LIST LIST APPEND APPENDS
    EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
    PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET MEMOIZE
    GLOBAL STACK_GLOBAL REDUCE BUILD BINPERSID
    """.split()
)
_OPENS = frozenset("EMPTY_DICT EMPTY_LIST EMPTY_TUPLE MARK".split())


class Refused(Exception):
    """Raised with the reason: "code", "leftovers" or "damaged"."""

    def __init__(self, reason: str, what: str = "") -> None:
        self.reason = reason
        self.what = what
        super().__init__(f"{reason}: {what}")


@dataclass(slots=True)
class Walk:
    """What a pickle names, once it has proven harmless."""

    globals: set[tuple[str, str]] = field(default_factory=set)
    end: int = 0  # where the byte after STOP lies


def walk(data: bytes, start: int = 0) -> Walk:
    """Raises Refused. `data` may hold more behind the pickle's end."""
    found = Walk()
    texts: list[str] = []
    memo: dict[int, str | None] = {}
    last: str | None = None
    marks = 0
    for count, (opcode, argument, place) in enumerate(_opcodes(data[start:])):
        name = opcode.name
        if count > MAX_OPCODES or name not in _OPCODES:
            raise Refused("damaged" if count > MAX_OPCODES else "code", name)
        if isinstance(argument, str | bytes) and len(argument) > MAX_TEXT:
            raise Refused("damaged", "a text that is too long")
        if isinstance(argument, int) and argument.bit_length() > 64 * 8:
            raise Refused("damaged", "a number that is too long")
        marks += (name in ("MARK",)) - (name in ("TUPLE", "SETITEMS", "APPENDS", "DICT", "LIST"))
        if marks > MAX_NESTING:
            raise Refused("damaged", "too deep")
        if name == "GLOBAL":
            module, _, attribute = str(argument).partition(" ")
            _allow(found, module, attribute)
        elif name == "STACK_GLOBAL":
            if len(texts) < 2:
                raise Refused("code", "a name that is not spelled out")
            _allow(found, texts[-2], texts[-1])
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            memo[int(argument)] = last
        elif name == "MEMOIZE":
            memo[len(memo)] = last
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            last = memo.get(int(argument))
            if last is not None:
                texts.append(last)
            continue
        elif name == "STOP":
            found.end = start + place + 1
            return found
        last = argument if isinstance(argument, str) and "UNICODE" in name else None
        if last is not None:
            texts = [*texts[-1:], last]
        elif name == "STACK_GLOBAL":
            texts = []
    raise Refused("damaged", "no end")


def _allow(found: Walk, module: str, attribute: str) -> None:
    if module.split(".", maxsplit=1)[0] in LEFTOVERS:
        raise Refused("leftovers", f"{module}.{attribute}"[:100])
    if (module, attribute) not in GLOBALS:
        raise Refused("code", f"{module}.{attribute}"[:100])
    found.globals.add((module, attribute))


def _opcodes(data: bytes) -> Iterator[tuple[pickletools.OpcodeInfo, object, int]]:
    try:
        for opcode, argument, place in pickletools.genops(data):
            yield opcode, argument, place or 0
    except (ValueError, IndexError, UnicodeDecodeError, OverflowError, MemoryError) as error:
        raise Refused("damaged", str(error)[:100]) from error
