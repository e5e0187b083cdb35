"""Gathers the licences of all that the installed program brings along.

python packaging/bundle/licences.py FOLDER

Each package's own files, as it ships them, and one page that says which package is under what.
"""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath

LICENCE_WORDS = ("licen", "copying", "notice", "authors")
BUILD_ONLY = {"pyinstaller", "pyinstaller-hooks-contrib", "altgraph", "pip", "setuptools"}
QT_NOTE = """\
Qt and PySide6 are used under the LGPL version 3. They lie beside this program as libraries of
their own (the folder PySide6), so that you may put others in their place; their source is at
https://download.qt.io/. The texts of the licence, and of the GPL that it builds upon, are in the
folder pyside6.
"""
TEXTS = Path(__file__).parent / "texts"  # as https://www.gnu.org/licenses/ has them


def main(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows = []
    for found in sorted(distributions(), key=lambda each: each.name.lower()):
        name = found.name.lower()
        if name in BUILD_ONLY:
            continue
        texts = _texts(found)
        for text in texts:
            target = folder / name / _below_metadata(text)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(text.locate()), target)
        kept = f"`{name}/`" if texts else "its licence is named in its metadata only"
        rows.append(f"- {found.name} {found.version}: {_named(found)}; {kept}")
    shutil.copytree(TEXTS, folder / "pyside6")
    page = ["# What Imprint brings along", "", QT_NOTE, *rows, ""]
    (folder / "README.md").write_text("\n".join(page), encoding="utf-8")


def _texts(found: Distribution) -> list:
    """The licence files among what a package installed beside its metadata."""
    return [
        file
        for file in found.files or ()
        if ".dist-info" in str(file)
        and any(word in Path(str(file)).name.lower() for word in LICENCE_WORDS)
        and Path(str(file.locate())).is_file()
    ]


def _below_metadata(file: PurePosixPath) -> PurePosixPath:
    """Its own place: what a package brings along from others has the same names."""
    parts = file.parts
    start = next(number for number, part in enumerate(parts) if part.endswith(".dist-info"))
    return PurePosixPath(*parts[start + 1 :])


def _named(found: Distribution) -> str:
    told = found.metadata
    expression = told.get("License-Expression") or ""
    classes = [
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier") or ()
        if line.startswith("License")
    ]
    return expression or ", ".join(classes) or (told.get("License") or "unknown").split("\n")[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
