"""docs/bad-input.md: python -m tests.bad_input"""

from __future__ import annotations

from pathlib import Path

from tests.bad_input import test_catalogue  # noqa: F401 (fills the catalogue)
from tests.bad_input.catalogue import CATALOGUE, SECTIONS

PAGE = Path(__file__).parents[2] / "docs/bad-input.md"
HEAD = """# What people and their disks do, and what Imprint says to it

Every row is tried by `tests/bad_input`, with the message it must come to. *Taken* means that the input is simply used.
This page is written by `python -m tests.bad_input`.
"""


def page() -> str:
    lines = [HEAD]
    for title, numbers in SECTIONS.items():
        lines += [f"## {title}", "", "| # | input | says | code |", "|---|---|---|---|"]
        for number in numbers:
            lines += _rows(number)
        lines.append("")
    return "\n".join(lines)


def _rows(number: int) -> list[str]:
    if number in CATALOGUE.not_here:
        return [f"| {number} | {CATALOGUE.not_here[number]} | *not tried: see limits.md* | |"]
    found = [
        f"| {number} | {row.what} | {_cell(row.said) or '*taken*'} | {row.code} |"
        for row in CATALOGUE.rows
        if row.number == number
    ]
    for known, what, tests in CATALOGUE.elsewhere:
        if known == number:
            files = sorted({test.partition("::")[0] for test in tests})
            found.append(f"| {number} | {what} | {', '.join(f'`{file}`' for file in files)} | |")
    return found


def _cell(text: str) -> str:
    return f"“{text.replace('|', ' ')}”" if text else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
