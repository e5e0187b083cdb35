"""Pictures that were made: what their own text says, stars, and how they are searched.

Everything is read from the files; the stars lie in one small file beside them.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import UnidentifiedImageError

from engine import records
from engine.config import STARTER
from engine.file_names import whole_number
from engine.formats.png_text import parse_parameters, read_parameters
from engine.models.catalog import STARTER_TITLE
from engine.prompts import Tag, split_tags
from engine.records import NotRead
from engine.regular_files import paths_in
from engine.samplers import sampler_called
from engine.settings import NUM_SEEDS

STARS = "stars.json"
# Keys of a picture's text that are read here, or that change nothing about the picture.
_SET = frozenset(
    {"Prompt", "Negative prompt", "Steps", "Sampler", "Schedule type", "CFG scale", "Seed",
     "Size-1", "Size-2", "Model", "Clip skip", "Version"}
)  # fmt: skip
_OURS = "CPU"  # where noise is drawn
_WHOLE = re.compile(r"-?[0-9]{1,20}")


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
    clip_skip: int = 1
    tags: tuple[Tag, ...] = ()  # add-ons as the prompt has them
    left_out: tuple[str, ...] = ()  # what the text says and Imprint cannot do, as "key: value"

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
    prompt, tags = split_tags(prompt)
    named, schedule = found.get("Sampler", ""), found.get("Schedule type", "")
    sampler = sampler_called(named, schedule)
    width, height = _whole(found.get("Size-1")), _whole(found.get("Size-2"))
    return Made(
        path=path,
        prompt=" ".join(prompt.split()),
        negative=found["Negative prompt"],
        seed=_seed(found.get("Seed")),
        steps=_whole(found.get("Steps")),
        guidance=_number(found.get("CFG scale")),
        sampler=sampler or named,
        size=None if width is None or height is None else (width, height),
        model=found.get("Model", ""),
        addons=tuple((tag.name, tag.weight) for tag in tags),
        clip_skip=_whole(found.get("Clip skip")) or 1,
        tags=tuple(tags),
        left_out=_left_out(found, sampler),
    )


def not_set(made: Made, base_model: str) -> list[str]:
    """What of a picture's text the form cannot be set to, while this base model is chosen."""
    title = STARTER_TITLE if base_model == STARTER else Path(base_model).stem
    other = [f"Model: {made.model}"] if made.model not in ("", title) else []
    return [*other, *made.left_out]


def _left_out(found: Mapping[str, str], sampler: str | None) -> tuple[str, ...]:
    """What else the picture depends on, as far as its text says."""
    told = []
    if found.get("Seed") and _seed(found["Seed"]) is None:
        told.append(f"Seed: {found['Seed']}")
    if sampler is None and found.get("Sampler"):
        told.append(" ".join(filter(None, (found["Sampler"], found.get("Schedule type")))))
    for key, value in found.items():
        is_hash = key.endswith(("hash", "hashes", "Hashes"))
        if key not in _SET and not is_hash and (key, value) != ("RNG", _OURS):
            told.append(f"{key}: {value}")
    return tuple(told)


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
    if colon and key == "seed" and (seed := whole_number(value)) is not None:
        return lambda made: made.seed == seed
    if colon and key in ("lora", "addon"):
        return lambda made: any(value in name.lower() for name, _ in made.addons)
    if colon and key == "model":
        return lambda made: value in made.model.lower()
    return lambda made: term in made.prompt.lower() or term in made.path.name.lower()


def load_stars(folder: Path) -> set[str]:
    """None where there is no list, or where it cannot be read: `save_stars` keeps it then."""
    try:
        return set(records.read_json(folder / STARS, list[str]))
    except NotRead:
        return set()


def save_stars(folder: Path, names: set[str]) -> None:
    """Raises OutputNotWritable or DiskFull."""
    records.write_json(folder / STARS, sorted(names), list[str])


def _whole(text: str | None) -> int | None:
    return int(text) if text and _WHOLE.fullmatch(text) else None


def _seed(text: str | None) -> int | None:
    """None where Imprint cannot draw with it."""
    seed = _whole(text)
    return seed if seed is not None and 0 <= seed < NUM_SEEDS else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "nan")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def without_addons(made: Made, base: Path) -> str:
    """The latest picture in `base` of the same seed and prompt; empty where there is none, or
    where the picture was drawn without add-ons itself."""
    if not made.addons or made.seed is None:
        return ""
    for path in reversed(paths_in(base, f"*_seed{made.seed}.png")):
        if read_made(path).prompt == made.prompt:
            return str(path)
    return ""
