"""Only engine/storage writes, renames, replaces, copies, deletes and makes folders.

Each of the losses that strangers found came from a place that did so by itself; see
docs/decisions/0014-one-room-that-writes.md.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOM = ROOT / "engine" / "storage"
ALLOWED = {  # file: what it may call, for a reason
    "engine/terminal.py": {"os.open"},  # /dev/null, in the place of a terminal that is gone
}
OF_A_PATH = {
    "write_text", "write_bytes", "rename", "unlink", "rmdir", "mkdir", "touch", "symlink_to",
    "hardlink_to", "chmod", "lchmod",
}  # fmt: skip
OF_OS = {
    "remove", "rename", "renames", "replace", "unlink", "rmdir", "removedirs", "mkdir", "makedirs",
    "link", "symlink", "truncate", "chmod", "chown", "utime", "mkfifo", "mknod",
}  # fmt: skip
HARMLESS = {"shutil": {"disk_usage", "which", "copyfileobj"}, "tempfile": {"gettempdir"}}
OF_LIBRARIES = {
    "send2trash", "extractall", "save_file", "save_pretrained", "QSaveFile", "moveToTrash",
    "savez", "tofile", "imwrite", "sanitize_metadata",
}  # fmt: skip
WRITING_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC"}


def program() -> list[Path]:
    files = [*(ROOT / "engine").rglob("*.py"), *(ROOT / "desktop").rglob("*.py")]
    return sorted(file for file in files if not file.is_relative_to(ROOM))


def writing_calls(tree: ast.AST) -> Iterator[str]:
    """The calls that write, by the names that a reader sees."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            owner, _, method = name.rpartition(".")
            if _writes(node, owner, method):
                yield name


def _writes(call: ast.Call, owner: str, method: str) -> bool:
    if owner.split(".", maxsplit=1)[0] in (
        "storage",
        "records",
        "config_file",
    ):  # the room, and what uses it
        return False
    if owner == "os":
        flags = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)}
        return method in OF_OS or (method == "open" and bool(flags & WRITING_FLAGS))
    if owner in HARMLESS:
        return method not in HARMLESS[owner]
    if method == "open":
        texts = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
        return any(text in _writing_modes() for text in texts if isinstance(text, str))
    if method == "replace":  # a text takes two, a dataclass and a time take keywords
        return bool(owner) and len(call.args) == 1 and not call.keywords
    return (method in OF_A_PATH and bool(owner)) or method in OF_LIBRARIES


def _writing_modes() -> set[str]:
    plain = {"w", "a", "x", "r+"}
    return {f"{one}{more}" for one in plain for more in ("", "b", "t", "+", "b+", "+b")} | {"rb+"}


def test_no_other_module_writes():
    found = {
        f"{name}: {call}"
        for file in program()
        for name in [file.relative_to(ROOT).as_posix()]
        for call in writing_calls(ast.parse(file.read_text("utf-8")))
        if call not in ALLOWED.get(name, set())
    }
    assert found == set()


@pytest.mark.parametrize(
    "code",
    [
        "path.write_text(text)", "path.replace(target)", "Path(x).rename(y)", "open(x, 'w')",
        "path.open('ab+')", "os.open(x, os.O_WRONLY | os.O_CREAT)", "os.replace(a, b)",
        "shutil.rmtree(x)", "tempfile.mkdtemp()", "folder.mkdir(parents=True)",
        "zip_.extractall(folder)", "send2trash(path)", "path.open(mode='wb')", "path.unlink()",
    ],
)  # fmt: skip
def test_a_call_that_writes_is_found(code):
    assert list(writing_calls(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    ["text.replace('a', 'b')", "replace(made, name='x')", "path.open('rb')", "storage.touch(x)",
     "moment.replace(tzinfo=None)", "os.open(x, os.O_RDONLY)", "shutil.disk_usage(x)"],
)  # fmt: skip
def test_a_call_that_only_reads_is_not(code):
    assert not list(writing_calls(ast.parse(code)))
