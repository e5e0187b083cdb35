"""Hostile torch files, written by hand, and a child process that counts what they set off.

As a script: vets and loads each file that it is told of on standard input, and says as JSON what
came of it. Nothing here is dangerous: what would run could at most touch a canary file.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import sys
import time
import zipfile
from collections.abc import Mapping

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
CANARY = "canary"
TOUCH = f"open({CANARY!r}, 'w')"
FLOATS = struct.pack("<4f", 1, 2, 3, 4)


# Pickles, opcode by opcode --------------------------------------------------------------------


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    return pickle.dumps(value, 2)[2:-1]


def found(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def call(module: str, name: str, *args: str) -> bytes:
    return found(module, name) + b"(" + b"".join(map(text, args)) + b"tR"


def whole(*opcodes: bytes) -> bytes:
    return b"\x80\x02" + b"".join(opcodes) + b"."


def inside(value: bytes) -> bytes:
    """A pickle of a dictionary that holds the value."""
    return whole(b"}", text("word"), value, b"s")


def storage(num_items: bytes = number(4), key: str = "0", kind: str = "FloatStorage") -> bytes:
    parts = (text("storage"), found("torch", kind), text(key), text("cpu"), num_items)
    return b"(" + b"".join(parts) + b"%VIEW%" + b"tQ"


def tensor(
    stored: bytes | None = None,
    *,
    offset: bytes = number(0),
    shape: tuple[int, ...] = (4,),
    strides: tuple[int, ...] = (1,),
    hooks: bytes = b"ccollections\nOrderedDict\n)R",
) -> bytes:
    sizes = (b"(" + b"".join(map(number, sizes)) + b"t" for sizes in (shape, strides))
    shown, stepped = sizes
    args = (stored or storage(), offset, shown, stepped, b"\x89", hooks)
    return found("torch._utils", "_rebuild_tensor_v2") + b"(" + b"".join(args) + b"tR"


# Containers ------------------------------------------------------------------------------------


def zipped(
    data: bytes,
    storages: Mapping[str, bytes] | None = None,
    *,
    root: str = "archive",
    more: Mapping[str, bytes] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    file = io.BytesIO()
    members = {"data.pkl": data.replace(b"%VIEW%", b""), "version": b"3\n"}
    for key, stored in ({"0": FLOATS} if storages is None else storages).items():
        members[f"data/{key}"] = stored
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in (members | dict(more or {})).items():
            archive.writestr(zipfile.ZipInfo(f"{root}/{name}"), content, compression)
    return file.getvalue()


def legacy(data: bytes, storages: Mapping[str, bytes] | None = None, item_bytes: int = 4) -> bytes:
    stored = {"0": FLOATS} if storages is None else storages
    if b"%VIEW%" not in data:
        stored = {}
    system = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {}}
    head = b"".join(pickle.dumps(value, 2) for value in (MAGIC, PROTOCOL, system))
    tail = b"".join(
        struct.pack("<Q", len(items) // item_bytes) + items for items in stored.values()
    )
    return head + data.replace(b"%VIEW%", b"N") + pickle.dumps(list(stored), 2) + tail


# What would run ---------------------------------------------------------------------------------

_CALLS = {
    "os.system": ("os", "system", f"touch {CANARY}"),
    "posix.system": ("posix", "system", f"touch {CANARY}"),
    "nt.system": ("nt", "system", f"touch {CANARY}"),
    "eval": ("builtins", "eval", TOUCH),
    "exec": ("builtins", "exec", TOUCH),
    "exec of Python 2": ("__builtin__", "eval", TOUCH),
    "compile": ("builtins", "compile", TOUCH, "", "exec"),
    "subprocess": ("subprocess", "getoutput", f"touch {CANARY}"),
    "Popen": ("subprocess", "Popen", "true"),
    "runpy": ("runpy", "_run_code", TOUCH),
    "timeit": ("timeit", "timeit", TOUCH),
    "pip": ("pip", "main", "download"),
    "code": ("code", "interact", "x"),
    "idlelib": ("idlelib.run", "Executive", "x"),
    "pty": ("pty", "spawn", "true"),
    "cProfile": ("cProfile", "run", TOUCH),
    "trace": ("trace", "Trace", "x"),
    "attrgetter": ("operator", "attrgetter", "system"),
    "methodcaller": ("operator", "methodcaller", "system", "true"),
    "partial": ("functools", "partial", "x"),
    "getattr": ("builtins", "getattr", "x", "upper"),
    "__import__": ("builtins", "__import__", "antigravity"),
    "torch.load": ("torch.serialization", "load", "file.pt"),
    "torch.hub": ("torch.hub", "load", "x", "y"),
    "collect_env": ("torch.utils.collect_env", "run", f"touch {CANARY}"),
    "execWrapper": ("torch.jit.unsupported_tensor_ops", "execWrapper", TOUCH),
    "dynamo": ("torch._dynamo.guards", "GuardBuilder.get", TOUCH),
    "symbolic shapes": (
        "torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression", TOUCH,
    ),
    "cpp_extension": ("torch.utils.cpp_extension", "load_inline", "x"),
    "inductor": ("torch._inductor.codecache", "compile_file", "x"),
    "runstring": ("numpy.testing._private.utils", "runstring", TOUCH, "x"),
    "numpy object array": ("numpy.core.multiarray", "_reconstruct", "x"),
    "import_module": ("importlib", "import_module", "antigravity"),
    "webbrowser": ("webbrowser", "open", "http://127.0.0.1:9"),
    "urllib": ("urllib.request", "urlopen", "http://127.0.0.1:9"),
    "DNS": ("socket", "gethostbyname", "localhost"),
    "rmtree": ("shutil", "rmtree", CANARY),
    "io.open": ("io", "open", CANARY, "w"),
    "_load_from_bytes": ("torch.storage", "_load_from_bytes", "x"),
    "dotted name": ("collections", "OrderedDict.fromkeys", "x"),
    "dotted way round": ("torch", "_utils._rebuild_tensor_v2", "x"),
    "Lightning's name as a way in": ("os", "pytorch_lightning"),
}  # fmt: skip
_SYSTEM = text("posix") + text("system") + b"\x93" + b"(" + text(f"touch {CANARY}") + b"tR"
_MEMO = text("posix") + b"q\x000" + text("system") + b"q\x010h\x00h\x01\x93(" + text("true") + b"tR"
CODE = {name: inside(call(*made)) for name, made in _CALLS.items()} | {
    "name from the stack": inside(_SYSTEM),
    "name from the memo": inside(_MEMO),
    "protocol 4": b"\x80\x04\x95" + struct.pack("<Q", len(_SYSTEM) + 1) + _SYSTEM + b".",
    "INST": inside(b"(" + text(f"touch {CANARY}") + b"iposix\nsystem\n"),
    "OBJ": inside(b"(" + found("posix", "system") + text("true") + b"o"),
    "NEWOBJ": inside(found("collections", "OrderedDict") + b")\x81"),
    "NEWOBJ_EX": inside(found("collections", "OrderedDict") + b")}\x92"),
    "EXT1": inside(b"\x82\x01"),
    "EXT2": inside(b"\x83\x01\x00"),
    "EXT4": inside(b"\x84\x01\x00\x00\x00"),
    "persistent id as text": inside(b"Pfile\n"),
    "persistent id of a module": inside(b"(" + text("module") + b"NNNNtQ"),
    "persistent id of a number": inside(b"K\x05Q"),
    "payload, then a broken tail": b"\x80\x02" + call(*_CALLS["posix.system"]) + b"\xff\xff",
    "payload, then nothing": b"\x80\x02" + call(*_CALLS["posix.system"]),
    "state for a tensor": inside(tensor() + b"}" + text("x") + b"K\x01sb"),
    "state of a dictionary's own": inside(
        found("collections", "OrderedDict") + b")R}" + text("items") + b"K\x01sb"
    ),
    "call of a dtype": inside(found("torch", "float32") + b")R"),
    "call of a text": inside(text("x") + b")R"),
    "call of a storage": inside(found("torch", "FloatStorage") + b"K\x05\x85R"),
}

# What would cost or confuse ---------------------------------------------------------------------


def _laughs() -> bytes:
    levels = b"".join(
        b"](" + (b"h" + bytes([level])) * 10 + b"eq" + bytes([level + 1]) for level in range(12)
    )
    return inside(b"(]q\x00" + levels + b"t")


_HOOKED = b"ccollections\nOrderedDict\n)R" + b"K\x01" + found("collections", "OrderedDict") + b"s"
ODD = {
    "billion laughs": _laughs(),
    "tuples of tuples as a key": whole(b"})" + b"2\x86" * 60 + b"Ns"),
    "a list inside itself": inside(b"]q\x00h\x00a"),
    "lists a thousand deep": inside(b"]" * 1000 + b"a" * 999),
    "marks a million deep": inside(b"(" * 1_000_000),
    "a million numbers": inside(b"](" + b"K\x01" * 1_000_000 + b"e"),
    "a text of 2 MiB": inside(text("x" * (2 << 20))),
    "a text of 4 GiB": inside(b"X\xff\xff\xff\xff"),
    "bytes of 2^60": inside(b"\x8e" + struct.pack("<Q", 1 << 60)),
    "a long of 2^31": inside(b"\x8b\xff\xff\xff\x7f"),
    "a million digits": inside(b"L" + b"9" * 1_000_000 + b"L\n"),
    "keys of one hash": inside(
        b"}(" + b"".join(number(k * (2**61 - 1)) + b"K\x01" for k in range(8, 5000)) + b"u"
    ),
    "items for a text": whole(text("x"), text("a"), text("b"), b"s"),
    "items for a tensor": whole(b"}", text("x"), tensor(), b"K\x00K\x01s", b"s"),
    "more for a tuple": inside(b")(K\x01e"),
    "an odd number of items": whole(b"}(K\x01u"),
    "an empty stack": whole(b"a"),
    "an unknown memo": inside(b"h\x07"),
    "two values": whole(b"}}"),
    "no value": whole(),
    "an open mark": whole(b"}("),
    "an unknown opcode": whole(b"}", b"\xfe"),
    "no end": b"\x80\x02}",
    "no protocol": b"}.",
    "protocol 9": b"\x80\x09}.",
    "a set": inside(b"\x8f"),
    "larger than its storage": inside(tensor(shape=(5,))),
    "past its storage": inside(tensor(offset=number(1))),
    "strides past its storage": inside(tensor(shape=(2,), strides=(4,))),
    "one number shown a million times": inside(tensor(shape=(1 << 20,), strides=(0,))),
    "one number shown five times": inside(tensor(shape=(5,), strides=(0,))),
    "sizes whose product overflows": inside(tensor(shape=(1 << 31, 1 << 31, 4), strides=(0, 0, 0))),
    "a size below zero": inside(tensor(shape=(-4,))),
    "a stride below zero": inside(tensor(strides=(-1,))),
    "an offset below zero": inside(tensor(offset=number(-1))),
    "an offset of 2^63": inside(tensor(offset=number(1 << 63))),
    "an offset that is text": inside(tensor(offset=text("0"))),
    "two hundred dimensions": inside(tensor(shape=(1,) * 200, strides=(1,) * 200)),
    "fewer strides": inside(tensor(shape=(2, 2))),
    "a tensor with hooks": inside(tensor(hooks=_HOOKED)),
    "a tensor of a text": inside(tensor(text("0"))),
    "a storage of 2^50": inside(tensor(storage(number(1 << 50)))),
    "a storage of 2^62": inside(tensor(storage(number(1 << 62)))),
    "a storage below zero": inside(tensor(storage(number(-1)))),
    "a storage of True": inside(tensor(storage(b"\x88"))),
    "a storage that is not there": inside(tensor(storage(key="7"))),
    "a storage by a path": inside(tensor(storage(key="../version"))),
    "a storage of two sizes": inside(storage() + storage(number(2)) + b"\x86"),
    "a storage of two kinds": inside(storage() + storage(kind="IntStorage") + b"\x86"),
    "a shorter storage": inside(tensor(storage(number(3)), shape=(3,))),
    "the numbers shown thousands of times": inside(
        b"](" + tensor(shape=(3,)) + b"q\x01" + b"h\x01" * 5000 + b"e"
    ),
}
LEFTOVERS = {
    "a class of Lightning's": whole(
        b"}", found("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint"), b"}s"
    ),
    "a class that is called": inside(call("lightning.pytorch.callbacks", "ModelCheckpoint")),
    "a number of NumPy's": inside(
        found("numpy.core.multiarray", "scalar")
        + b"("
        + found("numpy", "dtype")
        + b"("
        + text("f8")
        + b"\x89\x88tR(K\x03"
        + text("<")
        + b"NNNtb"
        + call("_codecs", "encode", "12345678", "latin1")
        + b"tR"
    ),
}


# The child --------------------------------------------------------------------------------------

_WATCHED = (
    "os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn", "exec",
    "compile", "import", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname",
    "urllib.Request", "webbrowser.open", "shutil.rmtree", "os.remove", "os.mkdir",
)  # fmt: skip


def _watch(events: list[str]) -> None:
    def hook(event: str, args: tuple) -> None:
        writes = event == "open" and isinstance(args[2], int) and args[2] & 0o103
        if event in _WATCHED or writes:
            events.append(f"{event} {args!r}"[:200])

    sys.addaudithook(hook)


def main() -> None:
    import resource
    from pathlib import Path

    from engine.errors import UserError
    from engine.models.pickle_gate import load_pickle, vet_pickle
    from tests.timing import a_million_additions, cpu_seconds

    warm, files = json.load(sys.stdin)
    for file in warm:  # what is imported late has been imported then
        load_pickle(Path(file))
    unit = cpu_seconds(a_million_additions)
    events: list[str] = []
    _watch(events)
    for file in files:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start, said = time.process_time(), []
        for function in (vet_pickle, load_pickle):
            try:
                function(Path(file))
                said.append("")
            except UserError as error:
                said.append(type(error).__name__)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        cost = (time.process_time() - start) / unit
        print(json.dumps([file, said, cost, grown, events.copy()]))
        events.clear()


if __name__ == "__main__":
    main()
