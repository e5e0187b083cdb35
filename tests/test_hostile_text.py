"""Text of strangers costs time that grows with its length, not with its square."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import random
import re
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import FrameType

import pytest
from PIL import Image, PngImagePlugin

import desktop
import engine
from engine.data import filters
from engine.data.caption_files import CaptionBook
from engine.data.caption_tables import TableError, read_table
from engine.data.captions import compose, is_weighted
from engine.data.tokens import count_tokens
from engine.data.walk import Walked
from engine.emphasis import weigh
from engine.file_names import safe_name
from engine.foreign_settings import program_of
from engine.formats.front_ends import rule_of
from engine.formats.lora_keys import split_key
from engine.gallery_records import Made, matcher, read_made
from engine.json_reading import NotParsed, parse_json, parse_toml
from engine.models.catalog import SD1, SDXL
from engine.plain_text import whole_characters
from engine.prompts import BREAK, TokenPiece, make_chunks, not_done, parse_emphasis, split_tags
from engine.trigger import as_called, prompt_calls, without
from engine.trigger_rules import rare_word
from tests.attacks import SIZE, general_texts, texts_against
from tests.timing import a_million_additions, cpu_seconds

ROOT = Path(__file__).parents[1]
UNITS = 8  # so many millions of additions: a square of 64 KiB costs 40 and more
OF_PYTHON = 8  # so much dearer is a function that looks at each letter by itself
METHODS = ("finditer", "fullmatch")  # the first begins with a search
WITH_PATTERN = {
    "compile",
    "match",
    "search",
    "fullmatch",
    "sub",
    "subn",
    "split",
    "findall",
    "finditer",
}
# Files whose functions make expressions of their own, and why these are safe.
MADE_LATER = {
    "engine/doctor.py": "a folder's path, escaped",
    "engine/evaluation/exam.py": "the class word, escaped",
    "engine/formats/front_ends.py": "used with fullmatch, tried below",
    "engine/install.py": "the same",
    "engine/methods/lora/targets.py": "for the names of the model's own layers",
}

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a CPU timer")


class TooDear(Exception):
    """Raised in the middle of a match that has cost more than a linear one can."""


def _stop(number: int, frame: FrameType | None) -> None:
    raise TooDear


@cache
def unit() -> float:
    """CPU seconds of this machine."""
    return cpu_seconds(a_million_additions)


def require_cheap(work: Callable[[], object], what: str, units: int = UNITS) -> None:
    """The work is cut off where it takes more than so many million additions."""
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, units * unit())
    try:
        work()
    except TooDear:
        pytest.fail(f"{what} costs more than {units} million additions")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def patterns() -> dict[re.Pattern, str]:
    """Every compiled expression that a module of the product holds, by its module and name."""
    found: dict[re.Pattern, str] = {}
    for package in (engine, desktop):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                for pattern in _patterns_in(value):
                    found.setdefault(pattern, f"{module.name}.{name}")
    return found


def _patterns_in(value: object) -> Iterator[re.Pattern]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list | set | frozenset):
        for inside in value:
            yield from _patterns_in(inside)
    elif type(value) is dict:
        yield from _patterns_in([*value, *value.values()])


def try_hard(pattern: re.Pattern, methods: tuple[str, ...], what: str) -> None:
    def match(method: str, text: str | bytes) -> None:
        found = getattr(pattern, method)(text)
        if method == "finditer":
            deque(found, maxlen=0)

    for text in (*general_texts(), *texts_against(pattern)):
        given = text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text
        for method in methods:
            require_cheap(lambda m=method, g=given: match(m, g), f"{what}.{method}({text[:40]!r}…)")


def hostile_texts() -> dict[str, str]:
    """For whole functions, whose expressions are tried one by one below."""
    units = (
        "a", "0", " ", "\n", ",", "(", ")", "[", ":", '"', "\\", "<lora:a", "<lora:a:1> ", "(a",
        "(a:1.1) ", "(a:1", "BREAK ", "a, ", "photo of a cat\n", "|||", "a|", "aa: 1, ", 'aa: "',
        "\u4e00", "\u0130", "\ufdfa", "\u0301\u0316", "\u1160", "\ud800",
    )  # fmt: skip
    texts = {repr(unit): unit * (SIZE // len(unit)) for unit in units}
    some = random.Random(0).choices("a0 ()[]{}<>:,|\\\"'_-.\n\u0301\u4e00", k=SIZE)
    nested = "(" * (SIZE // 2) + ":1.1)" * (SIZE // 10)
    deep = '{"tags":' * 900 + '"a"' + "}" * 900
    return texts | {"mixed": "".join(some), "nested": nested, "deep": deep}


def read_picture(text: str, place: Path) -> Made:
    about = PngImagePlugin.PngInfo()
    about.add_itxt("parameters", whole_characters(text))
    Image.new("L", (8, 8)).save(place / "a.png", pnginfo=about)
    return read_made(place / "a.png")


def read_caption(text: str, place: Path) -> None:
    for name in ("a.txt", "a.json"):
        (place / name).write_text(text, encoding="utf-8", errors="replace")
    for old in ("cp1252", "utf-16-le"):
        (place / f"{old}.txt").write_text(text, encoding=old, errors="ignore")
    pictures = tuple(place / name for name in ("a.png", "cp1252.png", "utf-16-le.png"))
    book = CaptionBook(Walked(place, files=pictures, texts=frozenset(place.iterdir())))
    for picture in pictures:
        caption = book.read(picture, "").text
        compose(caption, "", "sks", "cat")
        count_tokens(caption)
        is_weighted(caption)


def read_table_of_captions(text: str, place: Path) -> None:
    rows = {"file_name": "a.png", "text": text}, {"file_name": text, "text": "a"}
    (place / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (place / "b.csv").write_text(f"file_name,text\na.png,{text}", "utf-8", "replace")
    for name in ("metadata.jsonl", "b.csv"):
        with suppress(TableError):
            read_table(place / name)


def read_settings(text: str, place: Path) -> None:
    del place
    program_of(text)
    for parse in (parse_json, parse_toml):
        with suppress(NotParsed):
            parse(text)


def read_prompt(text: str, place: Path) -> None:
    del place
    bare, _ = split_tags(text)
    not_done(text)
    pieces = parse_emphasis(bare)
    make_chunks([p if p is BREAK else TokenPiece((1, 2), p.weight, True) for p in pieces], 2)
    prompt_calls(text, "sks")
    without(text, "a")
    weigh(text, len(text) - 1, len(text), 1)


def name_something(text: str, place: Path) -> None:
    del place
    safe_name(text)
    rare_word(text)
    as_called(text)
    split_key(text)


def search_for(text: str, place: Path) -> None:
    matcher(text, set())(Made(place / "a.png", prompt="a"))
    filters.matcher(text)


READERS = (
    read_picture, read_caption, read_table_of_captions, read_settings, read_prompt, name_something,
    search_for,
)  # fmt: skip


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_64_kib_of_any_text_cost_no_more_than_ordinary_text(read, tmp_path):
    for number, (name, text) in enumerate(hostile_texts().items()):
        place = tmp_path / str(number)
        place.mkdir()
        what = f"{read.__name__} of {name}"
        require_cheap(lambda t=text, p=place: read(t, p), what, OF_PYTHON * UNITS)


def test_no_expression_of_the_product_backtracks_far():
    found = patterns()
    assert len(found) > 70
    for pattern, name in found.items():
        try_hard(pattern, METHODS, name)


@pytest.mark.parametrize(
    ("pattern", "methods"),
    [
        *[
            (rule_of(name, family), ("fullmatch",))
            for name in ("kohya", "diffusers", "hypernetwork", "checkpoint", "embedding")
            for family in (SD1, SDXL)
        ],
        (rule_of("diffusers_folder", SD1), ("fullmatch",)),
    ],
)
def test_expressions_that_are_made_later_do_not_backtrack_far(pattern, methods):
    try_hard(re.compile(pattern), methods, pattern[:40])


def _calls_of_re(path: Path) -> Iterator[str]:
    """Calls inside functions that make an expression, or use one that has no name."""
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.Lambda)
    )
    for function in functions:
        for node in ast.walk(function):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name)) if (
                    name in WITH_PATTERN
                ):
                    yield f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"


def test_every_expression_has_a_name_in_its_module_so_that_it_is_tried_here():
    files = [path for name in ("engine", "desktop") for path in (ROOT / name).rglob("*.py")]
    found = {place for path in files for place in _calls_of_re(path)}
    assert {place for place in found if place.partition(":")[0] not in MADE_LATER} == set()
    assert {place.partition(":")[0] for place in found} == set(MADE_LATER)


def test_a_number_of_5000_digits_in_a_picture_is_no_number(tmp_path):
    digits = "1" * 5000
    text = f"a cat\nSteps: {digits}, Size: {digits}x64, Seed: 1, Size-1: \u00b2, Size-2: {digits}"
    made = read_picture(text, tmp_path)
    assert (made.steps, made.size, made.seed) == (None, None, 1)


def test_half_a_character_in_a_caption_costs_one_question_mark(tmp_path):
    read_table_of_captions("\ud800", tmp_path)
    found = read_table(tmp_path / "metadata.jsonl").find(tmp_path / "a.png")
    assert found is not None
    assert found.text == "?"
    assert count_tokens("\ud800 cat") == count_tokens("? cat")
