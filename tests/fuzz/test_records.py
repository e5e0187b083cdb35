"""Small files that a stranger may have written: each reader gives a value or one of our sentences,
and no text takes time with the square of its length."""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.cli import _parse_set
from engine.data import filters
from engine.data.caption_text import parse, tidy
from engine.data.captions import compose, is_weighted, names_trigger
from engine.emphasis import weigh
from engine.errors import UserError
from engine.file_names import safe_name, whole_number
from engine.foreign_settings import program_of
from engine.formats.png_text import parse_parameters
from engine.gallery_records import matcher
from engine.json_reading import NotParsed, parse_json, parse_toml
from engine.model_offers import without_secret
from engine.plain_text import whole_characters
from engine.project import Project
from engine.prompts import not_done, parse_emphasis, split_tags
from engine.trigger import as_called, calls, folded, prompt_calls, split, without
from tests.conftest import draw_pictures
from tests.engine_runs import require_finished, tiny_run, train
from tests.figures import SOAK, figure
from tests.fuzz.mutator import mutated, odd_json
from tests.fuzz.records import READERS, make_whole
from tests.timing import a_million_additions, cpu_seconds

KEPT = Path(__file__).parent / "kept" / "records"
ROUNDS = figure(25, 3_000)
EXAMPLES = figure(30, 20_000)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names that Windows does not take")


@pytest.fixture(scope="module")
def run(tiny_folder, tmp_path_factory) -> Path:
    project = Project(tmp_path_factory.mktemp("records") / "toy")
    data = tiny_run(
        tiny_folder, draw_pictures(project.images), project.runs, training={"steps": 2},
        checkpoints={"every_steps": 1}, sampling={"every_steps": 1},
    )  # fmt: skip
    return require_finished(train(data)).folder.path


@pytest.fixture(scope="module")
def wholes(run, tiny_folder, tmp_path_factory) -> Path:
    """A folder for each reader."""
    place = tmp_path_factory.mktemp("wholes")
    for name in READERS:
        (place / name).mkdir()
        make_whole(name, place / name, run, tiny_folder)
    return place


def readers_and_files() -> list[tuple[str, str]]:
    return [(name, file) for name, reader in READERS.items() for file in reader.files]


@pytest.mark.parametrize(("name", "file"), readers_and_files())
def test_a_record_of_any_content_is_read_or_refused_in_words(name, file, wholes, tmp_path):
    reader = READERS[name]
    whole = shutil.copytree(wholes / name, tmp_path / name)
    path = whole / file if (whole / file).exists() else next(whole.glob("*.imprint"))
    good, before = path.read_bytes(), _files(whole)
    reader.read(whole)  # the good one
    for number in range(ROUNDS):
        chance = random.Random(f"{name} {file} {number}")
        data = odd_json(good, chance) if chance.random() < 0.8 else mutated([good], chance, 1 << 20)
        path.write_bytes(data)
        try:
            reader.read(whole)
        except reader.refusals:
            pass
        except BaseException as error:
            (tmp_path / "found").write_bytes(data)
            error.add_note(f"{name}/{file}, round {number}: {data[:300]!r} ({tmp_path / 'found'})")
            raise
        if name == "project":  # it is written by what reads it
            _put_back(whole, before)
    path.write_bytes(good)
    reader.read(whole)


@pytest.mark.parametrize("kept", sorted(KEPT.glob("*/*")), ids=lambda path: path.parent.name + "-" + path.name)  # fmt: skip
def test_a_record_that_was_kept_is_read_or_refused(kept, wholes, tmp_path):
    """Named READER/number-FILE."""
    name, file = kept.parent.name, kept.name.partition("-")[2]
    whole = shutil.copytree(wholes / name, tmp_path / name)
    place = next(whole.rglob(file), whole / file)
    shutil.copy(kept, place)
    try:
        READERS[name].read(whole)
    except READERS[name].refusals:
        pass


def _files(folder: Path) -> set[Path]:
    return set(folder.iterdir())


def _put_back(folder: Path, before: set[Path]) -> None:
    for path in set(folder.iterdir()) - before:
        path.unlink()


# ---- texts ------------------------------------------------------------------------------------

Read = Callable[[str], object]


def _json(text: str) -> object:
    try:
        return parse_json(text)
    except NotParsed:
        return None


def _toml(text: str) -> object:
    try:
        return parse_toml(text)
    except NotParsed:
        return None


def _set(text: str) -> object:
    try:
        return _parse_set(text)
    except UserError:
        return None


def _search(text: str) -> object:
    from engine.gallery_records import Made

    return matcher(text, set())(Made(Path("a.png"), prompt=text))


TEXTS: dict[str, Read] = {
    "tags": split_tags,
    "emphasis": parse_emphasis,
    "not done": not_done,
    "weigh": lambda text: weigh(text, len(text) // 2, len(text) // 2, 1),
    "weigh at the end": lambda text: weigh(text, len(text), len(text), -1),
    "calls": lambda text: calls(text, "sks"),
    "calls a part": lambda text: calls(text, text[:64]),
    "prompt calls": lambda text: prompt_calls(text, "a"),
    "as called": lambda text: as_called(text[:200]),
    "without": lambda text: without(text, "a"),
    "split": lambda text: list(split(text, ["a", "aa", "("])),
    "folded": folded,
    "names trigger": lambda text: names_trigger(text, text[:5]),
    "compose": lambda text: compose(text, "a photo of {subject}", "sks", "toy"),
    "weighted": is_weighted,
    "caption": parse,
    "tidy": tidy,
    "file name": safe_name,
    "whole number": whole_number,
    "parameters": parse_parameters,
    "program": program_of,
    "search": _search,
    "filter": filters.matcher,
    "json": _json,
    "toml": _toml,
    "set": _set,
    "address": without_secret,
    "whole characters": whole_characters,
}
PIECES = (
    "(", ")", "[", "]", "(a:1.1)", "((a", "<", "<lora:", "<lora:a:1>", "BREAK ", "[a:b:", "[a|", "{a|", "__a", "\\", ",", '"',
    "'", ":", ": ", "a", "a ", "a:1, ", "\n", "\r\n", "{", '{"a":', '{"a":1},', "[1,", "a.", "a=", "a=1\n", "[[a]]\n", "#", "İ", "ß",
    "e\u0301", "\u0301", "红", "🐱", "\ud83d", "\0", "1", "9", "-", "_", "/", "@", "://", "%", "sks", "s", "Negative prompt: ", "Steps: 1, ",
    "1girl, ", "0.5", " :", "AND ", "\t", '""', '"""', "\u200d", "\ufe0f",
)  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not SOAK,
    suppress_health_check=list(HealthCheck),
)
@given(text=st.one_of(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.text(st.characters(), max_size=60)))  # fmt: skip
def test_no_text_is_too_odd_to_be_read(name, text):
    TEXTS[name](text)


FIRST, TIMES, LAST = 2_500, 4, figure(40_000, 160_000)  # what is shorter may be remembered
MOST_GROWTH = (
    4 * TIMES**2
)  # of the cost, where the length grows TIMES times twice; a square: TIMES**4
STARTS = ("", "(", "[a:", '"', "a = ", '{"a": "', "Steps: 1, Sampler: x, Seed: 1, b: ")


@pytest.mark.parametrize("name", TEXTS)
def test_the_time_to_read_a_text_grows_as_its_length_does(name):
    """Cheap ones are not looked at: their cost is that of the call."""
    unit = cpu_seconds(a_million_additions, rounds=2)
    pairs = list(itertools.product(STARTS, PIECES))
    chosen = pairs if SOAK else random.Random(name).sample(pairs, 12)
    for start, piece in chosen:
        costs: list[float] = []
        length = FIRST
        while length <= LAST:
            text = start + piece * (length // len(piece))
            costs.append(cpu_seconds(lambda text=text: TEXTS[name](text), rounds=1))
            if costs[-1] > unit and len(costs) > 2:
                now = cpu_seconds(lambda text=text: TEXTS[name](text), rounds=2)  # once more
                assert now <= MOST_GROWTH * costs[-3], (start, piece, length, costs)
            length *= TIMES


def test_a_key_that_is_twice_in_a_long_record_is_named_in_time_that_grows_as_the_record_does():
    costs = []
    for count in (1_000, 4_000, 16_000):
        keys = ", ".join(f'"k{number}": 1' for number in range(count))
        text = f'{{{keys}, "k{count - 1}": 2}}'
        with pytest.raises(NotParsed, match=f"k{count - 1}"):
            parse_json(text)
        costs.append(cpu_seconds(lambda text=text: _json(text), rounds=2))
    assert costs[2] <= MOST_GROWTH * costs[0], costs
