"""Builds the installed program for this system: `make bundle`.

A clean environment of its own, PyInstaller, a look at what came out, and the archive that people
download. What it measured stands in build/bundle.json.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import bootstrap
import contents
import virtual_environment as venv
from virtual_environment import ROOT

BUILD = ROOT / "build"
DIST = ROOT / "dist"
PROGRAM = DIST / "Imprint"
SPECS = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}
MIB = 2**20
MOST_MIB = 1200  # with the PyTorch for cards it would be thousands
CARD_TABLE = ROOT / "resources/card_pack.json"
UNWANTED = ("pytest", "_pytest", "hypothesis", "tkinter", "IPython", "opengl")


class BundleProblem(Exception):
    """What came out is not what people should get."""


def build() -> int:
    """All of it, in the environment of `venv.VENV`; returns the exit code."""
    require_right_table(bootstrap.read_pins()["torch"])
    python = str(venv.python_path())
    for stale in (PROGRAM, BUILD / "pyinstaller", BUILD / "left_out.json"):
        shutil.rmtree(stale, ignore_errors=True) if stale.is_dir() else stale.unlink(True)
    _call([python, "packaging/bundle/icons.py", str(contents.ICONS)])
    _call([python, "packaging/bundle/licences.py", str(contents.LICENCES)])
    spec = f"packaging/{SPECS[platform.system()]}/imprint.spec"
    _call([
        python, "-m", "PyInstaller", spec, "--noconfirm", "--log-level", "WARN",
        "--distpath", str(DIST), "--workpath", str(BUILD / "pyinstaller"),
    ])  # fmt: skip
    if not (PROGRAM / "imprint-cli.exe").exists():
        (PROGRAM / "imprint-cli").symlink_to("imprint")
    require_clean(PROGRAM)
    facts = {"unpacked_mib": round(size_of(PROGRAM) / MIB)}
    if platform.system() == "Linux":
        archive = pack_linux()
        facts |= {"archive": archive.name, "packed_mib": round(archive.stat().st_size / MIB)}
    left_out = json.loads((BUILD / "left_out.json").read_text("utf-8"))
    facts["left_out_mib"] = {why: round(size / MIB, 1) for why, size in left_out.items()}
    (BUILD / "bundle.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(facts, indent=2))
    return 0


def require_right_table(torch: str, path: Path = CARD_TABLE) -> None:
    """Raises BundleProblem for a table of what cards need that was made for another build."""
    if not path.exists():
        return
    table = json.loads(path.read_text("utf-8"))
    python = "cp{}{}".format(*sys.version_info)
    if table["torch"].partition("+")[0] != torch or table["python"] != python:
        raise BundleProblem(
            f"{path.name} is for PyTorch {table['torch']} and {table['python']}, this build is for "
            f"{torch} and {python}. Make it anew with card_table.py, or remove it."
        )


def require_clean(program: Path) -> None:
    """Raises BundleProblem where tools for tests came along, or what people need did not."""
    inside = program / "_internal"
    names = {path.name.lower() for path in inside.iterdir()}
    found = [name for name in UNWANTED if name in names]
    if found:
        raise BundleProblem(f"These do not belong into the program: {', '.join(found)}.")
    if size_of(program) > MOST_MIB * MIB:
        has = size_of(program) // MIB
        raise BundleProblem(f"The program has {has} MiB: was the PyTorch for cards installed?")
    needed = ("resources/starter_model", "resources/translations", "licences/README.md",
              "licences/pyside6/LGPL-3.0.txt", "LICENSE")  # fmt: skip
    missing = [name for name in needed if not (inside / name).exists()]
    if missing:
        raise BundleProblem(f"These are missing in the program: {', '.join(missing)}.")


def size_of(folder: Path) -> int:
    """Bytes, links counted once."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


def pack_linux() -> Path:
    """One folder with the program, what the desktop shows of it, and its installer."""
    name = f"Imprint-{contents.VERSION}-linux"
    archive = DIST / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        tar.add(PROGRAM, f"{name}/program")
        for script in ("install.sh", "uninstall.sh", "imprint.desktop", "imprint.xml"):
            tar.add(ROOT / "packaging/linux" / script, f"{name}/{script}")
        for icon in sorted(contents.ICONS.glob("imprint-*.png")):
            tar.add(icon, f"{name}/icons/{icon.name}")
        tar.add(ROOT / "resources/icons/imprint.svg", f"{name}/icons/imprint.svg")
    return archive


def _call(command: list[str]) -> None:
    if subprocess.call(command, cwd=ROOT) != 0:
        raise BundleProblem(f"This failed: {' '.join(command)}")
