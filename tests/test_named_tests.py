"""The documents that name tests name such as are there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.conftest import ROOT

TESTS = {
    file.relative_to(ROOT).as_posix(): {
        node.name
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    for file in (ROOT / "tests").rglob("test_*.py")
}
NAMES = set().union(*TESTS.values())


@pytest.mark.parametrize("document", ["docs/repairs.md", "docs/security.md"])
def test_each_test_that_a_document_names_is_there(document):
    text = (ROOT / document).read_text("utf-8")
    named = set(re.findall(r"`((?:tests/)?[\w/]*test_\w+(?:\.py)?)`", text))
    assert len(named) > 20
    files = {name for name in named if name.endswith(".py")}
    known = {*TESTS, *(name.removeprefix("tests/engine/") for name in TESTS)}
    assert files - known == set()
    assert {name for name in named - files if "/" not in name} - NAMES == set()
