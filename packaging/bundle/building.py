"""Builds the installed program for this system: `make bundle`.

A clean environment of its own, PyInstaller, a look at what came out, and the archive that people
download. What it measured stands in build/bundle.json.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import tarfile
from pathlib import Path

import contents
import virtual_environment as venv
from virtual_environment import ROOT

BUILD = ROOT / "build"
DIST = ROOT / "dist"
PROGRAM = DIST / "Imprint"
SPECS = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}
MIB = 2**20
UNWANTED = ("pytest", "_pytest", "hypothesis", "tkinter", "IPython", "opengl")


class BundleProblem(Exception):
    """What came out is not what people should get."""


def build() -> int:
    """All of it, in the environment of `venv.VENV`; returns the exit code."""
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


def require_clean(program: Path) -> None:
    """Raises BundleProblem where tools for tests came along, or what people need did not."""
    inside = program / "_internal"
    names = {path.name.lower() for path in inside.iterdir()}
    found = [name for name in UNWANTED if name in names]
    if found:
        raise BundleProblem(f"These do not belong into the program: {', '.join(found)}.")
    needed = ("resources/starter_model", "resources/translations", "licences/README.md", "LICENSE")
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
