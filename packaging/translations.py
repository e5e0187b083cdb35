"""Brings the translation files up to date: `make translations`.

New sentences come in unfinished: translate them in the .ts file (by hand, or with
pyside6-linguist), then run this again. FOLDER stands for resources/translations.

python packaging/translations.py [FOLDER]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "resources" / "translations"
# English is written in the source; only its plural forms need a file.
FILES = {
    "imprint_zh_CN": ["-target-language", "zh_CN"],
    "imprint_en": ["-target-language", "en", "-pluralonly"],
}


def update(folder: Path) -> None:
    """Read the source, write .ts and .qm."""
    sources = [
        path for part in ("desktop", "engine") for path in sorted((ROOT / part).rglob("*.py"))
    ]
    for name, options in FILES.items():
        written = folder / f"{name}.ts"
        flags = [*options, "-locations", "none", "-no-obsolete", "-silent"]
        _run("pyside6-lupdate", *flags, *sources, "-ts", written)
        _run("pyside6-lrelease", "-silent", written, "-qm", written.with_suffix(".qm"))


def _run(tool: str, *arguments: str | Path) -> None:
    found = shutil.which(tool, path=str(Path(sys.executable).parent))
    if found is None:
        raise SystemExit(f"{tool} is not beside {sys.executable}.")
    subprocess.run([found, *map(str, arguments)], check=True)


if __name__ == "__main__":
    update(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
