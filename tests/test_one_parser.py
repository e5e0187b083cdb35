"""Only engine/json_reading.py parses JSON and TOML: each of thirty other places had forgotten one
of deep brackets, long numbers, a key that occurs twice and NaN."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARSER = ROOT / "engine" / "json_reading.py"
OF_JSON = {"load", "loads", "JSONDecoder"}
OF_PYDANTIC = {"model_validate_json", "validate_json", "parse_raw"}
OTHERS = {"tomllib", "tomli", "orjson", "simplejson", "ujson"}


def parsing(tree: ast.AST) -> Iterator[str]:
    """What parses JSON or TOML, by the names that a reader sees."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names if one.name in OTHERS)
            case ast.ImportFrom(module="json", names=names):
                yield from (f"json.{one.name}" for one in names if one.name in OF_JSON)
            case ast.ImportFrom(module=str(module)) if module in OTHERS:
                yield module
            case ast.Attribute(value=ast.Name(id="json"), attr=name) if name in OF_JSON:
                yield f"json.{name}"
            case ast.Attribute(attr=name) if name in OF_PYDANTIC:
                yield name


def test_no_other_module_parses():
    program = [*(ROOT / "engine").rglob("*.py"), *(ROOT / "desktop").rglob("*.py")]
    found = {
        f"{file.relative_to(ROOT).as_posix()}: {name}"
        for file in [*program, ROOT / "main.py"]
        if file != PARSER
        for name in parsing(ast.parse(file.read_text("utf-8")))
    }
    assert found == set()


def test_the_one_that_parses_is_found():
    assert set(parsing(ast.parse(PARSER.read_text("utf-8")))) == {"json.JSONDecoder", "tomllib"}


@pytest.mark.parametrize(
    "code",
    [
        "json.loads(text)", "json.load(file)", "import tomllib", "from json import loads as read",
        "from tomllib import load", "Model.model_validate_json(text)", "map(json.loads, lines)",
        "TypeAdapter(dict).validate_json(text)", "json.JSONDecoder().decode(text)",
    ],
)  # fmt: skip
def test_a_parser_is_found(code):
    assert list(parsing(ast.parse(code)))


@pytest.mark.parametrize("code", ["json.dumps(data)", "from json import dumps", "torch.load(path)"])
def test_what_writes_is_none(code):
    assert not list(parsing(ast.parse(code)))
