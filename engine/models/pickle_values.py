"""What a vetted pickle can make: plain containers, storages, and views of these as tensors.

The makers stand for the functions that torch would call; they check what torch would believe.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, NamedTuple

from engine.wording import printable

MAX_NESTING = 64
MAX_VALUES = 200_000  # when each value is counted as often as it is referred to
MAX_RANK = 8
MAX_SIZE = 1 << 31
MAX_STORAGE_ITEMS = 1 << 40

STORAGES = {
    "FloatStorage": ("F32", 4), "HalfStorage": ("F16", 2), "BFloat16Storage": ("BF16", 2),
    "DoubleStorage": ("F64", 8), "IntStorage": ("I32", 4), "LongStorage": ("I64", 8),
    "ShortStorage": ("I16", 2), "CharStorage": ("I8", 1), "ByteStorage": ("U8", 1),
    "BoolStorage": ("BOOL", 1),
}  # fmt: skip

Reason = Literal["code", "leftovers", "cut", "damaged"]


class Refused(Exception):
    """Raised with the reason and what was found."""

    def __init__(self, reason: Reason, what: str) -> None:
        self.reason: Reason = reason
        self.what = printable(what[:100])
        super().__init__(f"{reason}: {what}")


class Storage(NamedTuple):
    """A run of numbers that lies outside the pickle, under a key."""

    kind: str
    key: str
    num_items: int

    @property
    def num_bytes(self) -> int:
        return self.num_items * STORAGES[self.kind][1]


@dataclass(frozen=True, slots=True)
class View:
    """A tensor: the part of a storage that it shows. All sizes are counted in items."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def num_bytes(self) -> int:
        return prod(self.shape) * STORAGES[self.storage.kind][1]

    @property
    def is_whole(self) -> bool:
        """Whether it shows the storage as it lies there, so that it needs no copy."""
        place = 1
        for size, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if size != 1 and stride != place:
                return False
            place *= size
        return place == self.storage.num_items


class Global(NamedTuple):
    module: str
    name: str


def make_storage(key: Any) -> Storage:
    if type(key) is not tuple or len(key) not in (5, 6) or key[0] != "storage":
        raise Refused("code", "a reference to something outside")
    _, kind, name, location, num_items, *view = key
    is_named = type(kind) is Global and kind.module == "torch" and kind.name in STORAGES
    if not (is_named and type(name) is str and type(location) is str and view in ([], [None])):
        raise Refused("damaged", "an odd storage")
    return Storage(kind.name, name, _count(num_items, MAX_STORAGE_ITEMS))


def _count(number: Any, most: int) -> int:
    if type(number) is not int or not 0 <= number <= most:
        raise Refused("damaged", "a size that makes no sense")
    return number


def make_tensor(args: tuple[Any, ...]) -> View:
    storage, offset, shape, strides, needs_grad, hooks, *metadata = _exactly(args, 6, 7)
    if type(storage) is not Storage or metadata not in ([], [None]):
        raise Refused("damaged", "a tensor of nothing")
    _flags(needs_grad, hooks)
    if not (type(shape) is type(strides) is tuple and len(shape) == len(strides) <= MAX_RANK):
        raise Refused("damaged", "a shape that makes no sense")
    for size, stride in zip(shape, strides, strict=True):
        _count(size, MAX_SIZE)
        _count(stride, MAX_STORAGE_ITEMS)
    if prod(max(size, 1) for size in shape) > MAX_STORAGE_ITEMS:  # torch multiplies past a zero
        raise Refused("damaged", "a shape that makes no sense")
    num_items = prod(shape)
    last = _count(offset, MAX_STORAGE_ITEMS) + sum(
        (size - 1) * stride for size, stride in zip(shape, strides, strict=True)
    )
    if num_items and (last >= storage.num_items or num_items > storage.num_items):
        raise Refused("damaged", "a tensor larger than its storage")
    return View(storage, offset, shape, strides)


def make_parameter(args: tuple[Any, ...]) -> View:
    view, needs_grad, hooks = _exactly(args, 3, 3)
    _flags(needs_grad, hooks)
    if type(view) is not View:
        raise Refused("damaged", "a parameter of nothing")
    return view


def _flags(needs_grad: Any, hooks: Any) -> None:
    if type(needs_grad) is not bool or type(hooks) is not OrderedDict or hooks:
        raise Refused("damaged", "a tensor with hooks")


class Parameters(dict[str, View]):
    """What a torch.nn.ParameterDict holds; nothing of the class itself is ever made."""


def take_parameters(target: Parameters, state: Any) -> None:
    """From the attributes that torch wrote, the tensors alone."""
    held = state.get("_parameters") if type(state) is dict else None
    if not isinstance(held, dict):
        raise Refused("damaged", "parameters of nothing")
    for key, value in held.items():
        if type(key) is not str or type(value) is not View:
            raise Refused("damaged", "a parameter that is no tensor")
        target[key] = value


def make_ordered(args: tuple[Any, ...]) -> OrderedDict[Any, Any]:
    _exactly(args, 0, 0)
    return OrderedDict()


def make_size(args: tuple[Any, ...]) -> tuple[int, ...]:
    (sizes,) = _exactly(args, 1, 1)
    if type(sizes) is not tuple or len(sizes) > MAX_RANK:
        raise Refused("damaged", "a shape that makes no sense")
    return tuple(_count(size, MAX_SIZE) for size in sizes)


def _exactly(args: tuple[Any, ...], least: int, most: int) -> tuple[Any, ...]:
    if not least <= len(args) <= most:
        raise Refused("damaged", "a call with other arguments")
    return args


def measure(value: Any, storages: dict[str, Storage]) -> None:
    """What the value costs whoever walks through it and copies its views; raises Refused.

    A list that is referred to ten times counts ten times, so that ten such lists inside each
    other do not pass as ten.
    """
    budget = 2 * sum(storage.num_bytes for storage in storages.values())
    left, todo = MAX_VALUES, list[tuple[Any, int]]([(value, 0)])
    while todo:
        item, depth = todo.pop()
        if isinstance(item, View):
            budget -= 0 if item.is_whole else item.num_bytes
        if isinstance(item, Storage) or not isinstance(item, dict | list | tuple):
            continue
        left -= len(item)
        if left < 0 or depth >= MAX_NESTING:
            raise Refused("damaged", "lists inside lists without end")
        children = item.values() if isinstance(item, dict) else item
        todo.extend((child, depth + 1) for child in children)
    if budget < 0:
        raise Refused("damaged", "tensors that show the same numbers too often")
