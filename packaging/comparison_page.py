"""Writes docs/comparison.md and its sheets out of two comparisons: equal steps, equal time.

    python main.py compare tests/benchmarks/subjects/*.json --seeds 3 --out build/comparison
    python main.py compare tests/benchmarks/subjects/*.json --seeds 2 --seconds 75 \\
        --out build/comparison-seconds
    python packaging/comparison_page.py build/comparison build/comparison-seconds
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/comparison.md"
IMAGES = ROOT / "docs/images"


def section(folder: Path, heading: str) -> str:
    """What the report of a comparison says below its title, one level deeper."""
    text = (folder / "report.md").read_text("utf-8").split("\n", 1)[1]
    text = re.sub(r"^## ", "### ", text, flags=re.MULTILINE)
    return f"## {heading}\n{text.rstrip()}\n"


def keep_sheets(folder: Path) -> None:
    """The sheets in 256 colours: a third of the bytes, and no difference to be seen."""
    for sheet in sorted(folder.glob("*.png")):
        with Image.open(sheet) as image:
            small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
            small.save(IMAGES / f"comparison-{sheet.name}", optimize=True)


def main(steps: Path, seconds: Path) -> None:
    before, mark, _ = PAGE.read_text("utf-8").partition("<!-- made by packaging/comparison_page.py")
    keep_sheets(steps)
    equal = re.sub(r"\]\((\w+\.png)\)", r"](images/comparison-\1)", section(steps, "Equal steps"))
    # Its sheets tell nothing that those of equal steps do not.
    timed = re.sub(r"!\[.*\n+", "", section(seconds, "Equal time"))
    PAGE.write_text(f"{before}{mark} -->\n\n{equal}\n{timed}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
