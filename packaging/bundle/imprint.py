"""The part of a spec file that is the same on every system."""

from __future__ import annotations

import sys
from pathlib import Path

from PyInstaller.building.api import COLLECT, EXE, PYZ
from PyInstaller.building.build_main import Analysis
from PyInstaller.utils.hooks import collect_data_files, copy_metadata

sys.path.insert(0, str(Path(__file__).parent))

import contents


def analysis() -> Analysis:
    """Both programs come of one main.py."""
    data = list(contents.DATA)
    for name in contents.METADATA:
        data += copy_metadata(name)
    for name in ("qtawesome", "superqt", "pyqtgraph"):
        data += collect_data_files(name, excludes=["**/examples/**"])
    found = Analysis(
        [str(contents.ROOT / "main.py")],
        pathex=[str(contents.ROOT)],
        datas=data,
        hiddenimports=contents.hidden_imports(),
        excludes=list(contents.EXCLUDED),
        # Source beside the compiled modules: torch and transformers read their own.
        module_collection_mode={"torch": "pyz+py", "transformers": "pyz+py", "diffusers": "pyz+py"},
    )
    found.binaries = contents.note_left_out(found.binaries)
    found.datas = contents.note_left_out(found.datas)
    return found


def programs(found: Analysis, *, two: bool, **window: object) -> COLLECT:
    """`imprint`, a window, and `imprint-cli` with a console: on Windows a program has one or none.
    Elsewhere that makes no difference, and `imprint-cli` is a link (`two=False`): each program
    holds all modules once more, 80 MB."""
    archive = PYZ(found.pure)
    common = {"exclude_binaries": True, "upx": False, **window}
    made = [EXE(archive, found.scripts, [], name="imprint", console=False, **common)]
    if two:
        made.append(EXE(archive, found.scripts, [], name="imprint-cli", console=True, **common))
    return COLLECT(*made, found.binaries, found.datas, name="Imprint", upx=False)
