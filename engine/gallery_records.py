"""Pictures that were made: what their own text says, stars, and how they are searched.

Everything is read from the files; the stars lie in one small file beside them.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from PIL import UnidentifiedImageError

from engine import storage
from engine.formats.png_text import parse_parameters, read_parameters

STARS = "stars.json"
_TAG = re.compile(r"<(lora|hypernet):([^:>]+):([^>]+)>")


@dataclass(frozen=True, slots=True)
class Made:
    """One picture, as its own text describes it. Missing facts are empty."""

    path: Path
    prompt: str = ""  # without tags
    negative: str = ""
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: str = ""
    size: tuple[int, int] | None = None
    model: str = ""
    addons: tuple[tuple[str, float], ...] = field(default=())  # name, weight

    @property
    def has_text(self) -> bool:
        return self.steps is not None or bool(self.prompt)


def read_made(path: Path) -> Made:
    """Never raises: a picture without a text, or of another program, has what it has."""
    try:
        found = parse_parameters(read_parameters(path))
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError):
        return Made(path)
    prompt = found["Prompt"]
    tags = tuple((name, _number(weight, 1.0) or 0.0) for _, name, weight in _TAG.findall(prompt))
    size = None
    if found.get("Size-1", "").isdigit() and found.get("Size-2", "").isdigit():
        size = (int(found["Size-1"]), int(found["Size-2"]))
    return Made(
        path=path,
        prompt=" ".join(_TAG.sub("", prompt).split()),
        negative=found["Negative prompt"],
        seed=_whole(found.get("Seed")),
        steps=_whole(found.get("Steps")),
        guidance=_number(found.get("CFG scale"), None),
        sampler=found.get("Sampler", ""),
        size=size,
        model=found.get("Model", ""),
        addons=tags,
    )


def matcher(query: str, starred: set[str]) -> Callable[[Made], bool]:
    """`cat seed:123 lora:my-cat star`: all terms must hold; plain words are of the prompt."""
    try:
        terms = shlex.split(query.lower())
    except ValueError:  # a quotation mark that is still being typed
        terms = query.lower().split()
    tests = [_test(term, starred) for term in terms]
    return lambda made: all(test(made) for test in tests)


def _test(term: str, starred: set[str]) -> Callable[[Made], bool]:
    key, colon, value = term.partition(":")
    if term in ("star", "is:star", "starred"):
        return lambda made: made.path.name in starred
    if colon and key == "seed" and value.isdigit():
        return lambda made: made.seed == int(value)
    if colon and key in ("lora", "addon"):
        return lambda made: any(value in name.lower() for name, _ in made.addons)
    if colon and key == "model":
        return lambda made: value in made.model.lower()
    return lambda made: term in made.prompt.lower() or term in made.path.name.lower()


def load_stars(folder: Path) -> set[str]:
    with suppress(OSError, ValueError, TypeError):
        return {str(name) for name in json.loads((folder / STARS).read_text("utf-8"))}
    return set()


def save_stars(folder: Path, names: set[str]) -> None:
    """Raises OutputNotWritable or DiskFull."""
    storage.write_json(folder / STARS, sorted(names))


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"-?\d{1,20}", text) else None


def _number(text: str | None, default: float | None) -> float | None:
    try:
        return float(text) if text else default
    except ValueError:
        return default


def without_addons(made: Made, base: Path) -> str:
    """The latest picture in `base` of the same seed and prompt; empty where there is none, or
    where the picture was drawn without add-ons itself."""
    if not made.addons or made.seed is None:
        return ""
    for path in sorted(base.glob(f"*_seed{made.seed}.png"), reverse=True):
        if read_made(path).prompt == made.prompt:
            return str(path)
    return ""
