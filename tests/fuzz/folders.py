"""A whole run or project, damaged as no one would think of: files cut, exchanged, renamed, made into
folders, pipes and links, and JSON whose values are of another kind."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.mutator import mutated, with_odd_value

Change = Callable[[Path, random.Random, Path], None]


def damage(folder: Path, chance: random.Random, decoy: Path) -> list[str]:
    """Change one to four things; returns what was done, to be told where it finds something."""
    done = []
    for _ in range(chance.choice((1, 1, 2, 4))):
        paths = sorted(path for path in folder.rglob("*") if path.name != ".lock")
        if not paths:
            break
        path, change = chance.choice(paths), chance.choice(CHANGES)
        done.append(f"{change.__name__} {path.relative_to(folder)}")
        change(path, chance, decoy)
    return done


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_plain(path: Path) -> bool:
    """A file, and no link to one of the user's that an earlier change made."""
    return path.is_file() and not path.is_symlink()


def delete(path: Path, chance: random.Random, decoy: Path) -> None:
    _remove(path)


def change_bytes(path: Path, chance: random.Random, decoy: Path) -> None:
    if _is_plain(path):
        path.write_bytes(mutated([path.read_bytes()], chance, 1 << 20))


def cut(path: Path, chance: random.Random, decoy: Path) -> None:
    if _is_plain(path):
        os.truncate(path, chance.randrange(path.stat().st_size + 1))


def make_folder(path: Path, chance: random.Random, decoy: Path) -> None:
    _remove(path)
    path.mkdir()


def make_link(path: Path, chance: random.Random, decoy: Path) -> None:
    """To a file or a folder of the user, to nothing, or to itself."""
    targets = [decoy, decoy / "Documents", decoy / ".bashrc", decoy / "nothing", path]
    _remove(path)
    path.symlink_to(chance.choice(targets))


def make_pipe(path: Path, chance: random.Random, decoy: Path) -> None:
    _remove(path)
    os.mkfifo(path)


def rename(path: Path, chance: random.Random, decoy: Path) -> None:
    names = ("step_²", "step_000001", ".tmp-mine", ".old-x-1-0123abcd", "x" * 200, "con", "a\nb")
    target = path.with_name(chance.choice(names))
    if not os.path.lexists(target):
        path.rename(target)


def exchange(path: Path, chance: random.Random, decoy: Path) -> None:
    others = [one for one in sorted(path.parent.iterdir()) if one != path]
    if others:
        other, aside = chance.choice(others), path.with_name("exchanged")
        path.rename(aside)
        other.rename(path)
        aside.rename(other)


def odd_value(path: Path, chance: random.Random, decoy: Path) -> None:
    """In a JSON file, or in one line of it."""
    if not _is_plain(path):
        return
    lines = path.read_text("utf-8", "replace").split("\n")
    whole = path.suffix in {".json", ".imprint"}
    places = [0] if whole else [chance.randrange(len(lines))]
    for place in places:
        try:
            data = json.loads("\n".join(lines) if whole else lines[place])
        except ValueError:
            return
        text = json.dumps(with_odd_value(data, chance))
        lines = [text] if whole else [*lines[:place], text, *lines[place + 1 :]]
    path.write_text("\n".join(lines), "utf-8")


CHANGES: tuple[Change, ...] = (
    delete, change_bytes, cut, make_folder, make_link, make_pipe, rename, exchange,
    odd_value, odd_value, odd_value,
)  # fmt: skip


def make_decoy(folder: Path) -> None:
    """A home of somebody, with everything that must stay as it is."""
    for name, text in {
        ".bashrc": "alias ll='ls -l'\n",
        "Documents/thesis.txt": "chapter 1",
        "Documents/.hidden": "mine",
        "Documents/step_000001_0.png": "a picture",
        "Documents/00001_seed7.png": "a picture",
        "Documents/.tmp-work/draft.txt": "work",
        "webui/models/Lora/mine.safetensors": "weights",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def everything_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }
