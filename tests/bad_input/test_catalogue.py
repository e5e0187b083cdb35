"""Every row of the catalogue, tried; and none is left out."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from engine.errors import Message
from tests.bad_input import (  # noqa: F401 (each fills the catalogue)
    addons,
    captions,
    disk,
    hardware,
    models,
    network,
    pictures,
    settings,
    user,
)
from tests.bad_input.catalogue import CATALOGUE, LAST, Place, Row, words_of

ROOT = Path(__file__).parents[2]


def name_of(row: Row) -> str:
    return f"{row.number}-{row.act.__name__}"


@pytest.fixture
def place(tmp_path, tiny_folder, image_folder) -> Place:
    folder = tmp_path / "input"
    folder.mkdir()
    return Place(folder, tiny_folder, image_folder)


@pytest.mark.parametrize("row", CATALOGUE.rows, ids=name_of)
def test_the_input_comes_to_its_sentence(row, place):
    came = row.act(place)
    if came is None:
        told = []
    elif isinstance(came, Iterable) and not isinstance(came, str):
        told = list(came)
    else:
        told = [came]
    if not row.said:
        assert told == []
        return
    fitting = [said for said in told if row.said in words_of(said)]
    assert fitting, [words_of(said) for said in told]
    assert "Traceback" not in words_of(fitting[0])
    if row.code:
        codes = [said.code for said in fitting if isinstance(said, Message)]
        assert row.code in codes, codes


def test_every_number_of_the_catalogue_has_its_row():
    assert CATALOGUE.numbers == set(range(1, LAST + 1))


def test_the_tests_that_stand_elsewhere_are_there():
    for number, _, tests in CATALOGUE.elsewhere:
        assert tests, number
        for test in tests:
            file, _, name = test.partition("::")
            tree = ast.parse((ROOT / file).read_text("utf-8"))
            names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert name in names, (number, test)


def test_what_cannot_be_tried_here_is_named_among_the_limits():
    limits = (ROOT / "docs/limits.md").read_text("utf-8")
    for number in CATALOGUE.not_here:
        assert f"row {number}:" in limits, number


def test_the_page_is_what_the_catalogue_says():
    from tests.bad_input.__main__ import page

    assert (ROOT / "docs/bad-input.md").read_text("utf-8") == page()
