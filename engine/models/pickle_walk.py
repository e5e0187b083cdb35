"""Walks through a pickle's opcodes without obeying them: what tensors it would make, if any.

What tensors in plain containers need is little: an allow-list of opcodes, a shorter one than that
of torch's weights_only, and an exact list of globals. Imports no torch.
"""

from __future__ import annotations

import io
import pickletools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.models.pickle_values import (
    MAX_NESTING,
    STORAGES,
    Global,
    Parameters,
    Reason,
    Refused,
    Storage,
    make_ordered,
    make_parameter,
    make_size,
    make_storage,
    make_tensor,
    measure,
    take_parameters,
)

MAX_OPCODES = 500_000  # a checkpoint of SDXL has some 80,000
MAX_TEXT = 1 << 20
MAX_PICKLE_BYTES = 16 << 20
MAX_KEY_BITS = 64  # larger numbers can be chosen so that all their hashes are equal

_DTYPES = "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 bool".split()
_TENSOR, _PARAMETER = "_rebuild_tensor_v2", "_rebuild_parameter"
GLOBALS = frozenset(
    {
        ("collections", "OrderedDict"),
        ("torch._utils", _TENSOR),
        ("torch._utils", _PARAMETER),
        ("torch", "Size"),
        *(("torch", name) for name in (*STORAGES, *_DTYPES)),
    }
)
# What old checkpoints carry of their trainer: harmless most likely, but code all the same.
_LEFTOVER_PACKAGES = ("pytorch_lightning", "lightning", "lightning_fabric")
_LEFTOVER_GLOBALS = frozenset(
    {
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    }
)
# The embeddings of the first trainer are in a ParameterDict, whose attributes hold an empty set.
_PARAMETERS = ("torch.nn.modules.container", "ParameterDict")
_SETS = frozenset({("builtins", "set"), ("__builtin__", "set")})
_CALLS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "OrderedDict": make_ordered,
    "Size": make_size,
    _TENSOR: make_tensor,
    _PARAMETER: make_parameter,
}
_RUNS_CODE = frozenset(
    "GLOBAL STACK_GLOBAL INST OBJ NEWOBJ NEWOBJ_EX EXT1 EXT2 EXT4 PERSID".split()
)


@dataclass(frozen=True, slots=True)
class Walked:
    """What a harmless pickle would make: plain values, and a View for each tensor."""

    value: Any
    storages: dict[str, Storage]
    end: int  # where the byte after STOP lies
    has_parameters: bool = False  # a ParameterDict, which torch's safe loader does not make


def walk(data: bytes, start: int = 0) -> Walked:
    """`data` may hold more behind the pickle's end. Raises Refused."""
    machine = _Machine()
    opcodes = _opcodes(data, start)
    for count, (name, argument, place) in enumerate(opcodes):
        if count >= MAX_OPCODES:
            raise Refused("damaged", "too many opcodes")
        if (name == "PROTO") != (count == 0):
            raise Refused(_worst(name, opcodes), "a pickle of no protocol")
        if name == "STOP":
            value = machine.result()
            return Walked(value, machine.storages, place + 1, machine.has_parameters)
        obey = _OPCODES.get(name)
        if obey is None:
            raise Refused(_worst(name, opcodes), f"opcode {name}")
        try:
            obey(machine, argument)
        except (IndexError, KeyError) as error:
            raise Refused("damaged", f"opcode {name} finds nothing") from error
    raise Refused("damaged", "no end")


def _opcodes(data: bytes, start: int) -> Iterator[tuple[str, Any, int]]:
    stream = io.BytesIO(data)
    stream.seek(start)
    try:
        for opcode, argument, place in pickletools.genops(stream):
            yield opcode.name, argument, place or 0
    except (ValueError, IndexError, OverflowError, MemoryError) as error:
        raise Refused("damaged", str(error)) from error


def _worst(name: str, rest: Iterator[tuple[str, Any, int]]) -> Reason:
    """Whether a pickle that is refused anyway would run code: a person should be told."""
    try:
        for count, (following, _, _) in enumerate(rest):
            if name in _RUNS_CODE or count > MAX_OPCODES:
                break
            name = following
    except Refused:
        pass  # it breaks off, perhaps behind what would have been run already
    return "code" if name in _RUNS_CODE else "damaged"


class _Machine:
    """torch's machine, one stack for each open mark; its tensors are descriptions only."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}
        self.leftover = ""
        self.set_of = ""  # the set that was made, if any
        self.has_parameters = False

    def result(self) -> Any:
        leftover = self.leftover or ("" if self.has_parameters else self.set_of)
        if leftover:
            raise Refused("leftovers", leftover)
        if self.outer or len(self.stack) != 1:
            raise Refused("damaged", "not one value at the end")
        measure(self.stack[0], self.storages)
        return self.stack[0]

    def protocol(self, version: int) -> None:
        if version not in (2, 3, 4):  # the opcodes of 3 and 4 are refused one by one
            raise Refused("damaged", f"pickle protocol {version}")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def push_text(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise Refused("damaged", "a text that is too long")
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise Refused("damaged", "half a letter")  # no file could be written with it
        self.stack.append(text)

    def push_name(self, text: str) -> None:
        if not text.isascii():  # torch would read other letters than we do
            raise Refused("damaged", "a text of an unknown encoding")
        self.stack.append(text)

    def pop(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise Refused("damaged", "an empty stack")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def mark(self, _: object) -> None:
        if len(self.outer) >= MAX_NESTING:
            raise Refused("damaged", "too deep")
        self.outer.append(self.stack)
        self.stack = []

    def pop_mark(self) -> list[Any]:
        taken, self.stack = self.stack, self.outer.pop()
        return taken

    def remember(self, place: int) -> None:
        self.memo[place] = self.stack[-1]

    def recall(self, place: int) -> None:
        self.stack.append(self.memo[place])

    def extend(self, items: Sequence[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise Refused("damaged", "items for what is no list")
        self.stack[-1].extend(items)

    def update(self, items: Sequence[Any]) -> None:
        target = self.stack[-1]
        if type(target) not in (dict, OrderedDict) or len(items) % 2:
            raise Refused("damaged", "items for what is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            is_plain = key is None or type(key) in (str, int, float, bool)
            is_plain = is_plain or (type(key) is Global and key not in GLOBALS)  # a leftover
            if not is_plain or (type(key) is int and key.bit_length() > MAX_KEY_BITS):
                raise Refused("damaged", "a key that is neither text nor number")
            target[key] = value

    def find(self, argument: str) -> None:
        found = Global(*argument.split(" ", 1))
        is_leftover = (
            found in _LEFTOVER_GLOBALS or found.module.partition(".")[0] in _LEFTOVER_PACKAGES
        )
        if found in _SETS:
            self.set_of = ".".join(found)
        elif is_leftover:
            self.leftover = self.leftover or ".".join(found)
        elif found not in GLOBALS and found != _PARAMETERS:
            raise Refused("code", ".".join(found))
        self.stack.append(found)

    @staticmethod
    def _is_leftover(value: Any) -> bool:
        return type(value) is Global and value not in GLOBALS

    def call(self, function: Any, args: Any) -> None:
        if type(function) is not Global or type(args) is not tuple:
            raise Refused("code", "a call of what is no function")
        if function in _SETS and args == ([],):
            self.stack.append(())  # the empty one, which only a ParameterDict's attributes hold
        elif function == _PARAMETERS:
            raise Refused("code", "a call of ParameterDict")
        elif function not in GLOBALS:
            self.stack.append(function)  # a leftover makes a leftover
        elif function.name in _CALLS:
            self.stack.append(_CALLS[function.name](args))
        else:
            raise Refused("code", f"a call of {function.name}")

    def make_object(self, kind: Any, args: Any) -> None:
        if kind == _PARAMETERS and args == ():
            self.has_parameters = True
            self.stack.append(Parameters())
            return
        if not self._is_leftover(kind) or type(args) is not tuple:
            raise Refused("code", "an object of a class of its own")
        self.stack.append(kind)

    def build(self, state: Any) -> None:
        """Only what torch writes: the attribute of a state dict, which is not looked at later."""
        target = self.stack[-1]
        if type(target) is Parameters:
            take_parameters(target, state)
            return
        if self._is_leftover(target):
            return
        if type(target) is not OrderedDict or type(state) is not dict or set(state) - {"_metadata"}:
            raise Refused("code", "an object that sets its own attributes")

    def refer(self, key: Any) -> None:
        if type(key) is tuple and len(key) > 1 and self._is_leftover(key[1]):
            self.stack.append(key[1])  # the older container keeps a class with its source
            return
        made = make_storage(key)
        if self.storages.setdefault(made.key, made) != made:
            raise Refused("damaged", "a storage of two sizes")
        self.stack.append(made)


_OPCODES: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _Machine.protocol,
    "MARK": _Machine.mark,
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "BININT": _Machine.push,
    "BININT1": _Machine.push,
    "BININT2": _Machine.push,
    "LONG1": _Machine.push,
    "BINFLOAT": _Machine.push,
    "BINUNICODE": _Machine.push_text,
    "SHORT_BINSTRING": _Machine.push_name,
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_mark())),
    "TUPLE1": lambda machine, _: machine.push(tuple(machine.pop(1))),
    "TUPLE2": lambda machine, _: machine.push(tuple(machine.pop(2))),
    "TUPLE3": lambda machine, _: machine.push(tuple(machine.pop(3))),
    "APPEND": lambda machine, _: machine.extend(machine.pop(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.pop_mark()),
    "SETITEM": lambda machine, _: machine.update(machine.pop(2)),
    "SETITEMS": lambda machine, _: machine.update(machine.pop_mark()),
    "BINPUT": _Machine.remember,
    "LONG_BINPUT": _Machine.remember,
    "BINGET": _Machine.recall,
    "LONG_BINGET": _Machine.recall,
    "GLOBAL": _Machine.find,
    "REDUCE": lambda machine, _: machine.call(*machine.pop(2)),
    "NEWOBJ": lambda machine, _: machine.make_object(*machine.pop(2)),
    "BUILD": lambda machine, _: machine.build(*machine.pop(1)),
    "BINPERSID": lambda machine, _: machine.refer(*machine.pop(1)),
}
