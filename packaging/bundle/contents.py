"""What goes into the installed program, on every system: one list for all spec files.

Runs inside PyInstaller, from the spec files; needs only the standard library.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
ICONS = BUILD / "icons"
LICENCES = BUILD / "licences"
VERSION = re.search(r'^VERSION = "(.+)"$', (ROOT / "engine/version.py").read_text("utf-8"), re.M)[1]

# Beside the program's own modules: (what, where in the program).
DATA = [
    (str(ROOT / "resources"), "resources"),
    (str(ROOT / "LICENSE"), "."),
    (str(ROOT / "CHANGELOG.md"), "."),
    (str(LICENCES), "licences"),
]

# Imported by names that stand in tables, so that PyInstaller cannot see them.
OWN_PACKAGES = ("engine", "desktop")

# These ask importlib.metadata for their own or each other's version when they are imported.
METADATA = (
    "torch", "diffusers", "transformers", "peft", "accelerate", "tokenizers", "huggingface_hub",
    "safetensors", "numpy", "regex", "requests", "tqdm", "filelock", "pyyaml", "packaging",
    "pillow", "pydantic", "PySide6_Essentials", "pyqtgraph", "psutil",
)  # fmt: skip

# What the program never imports, and what of it would only take room.
EXCLUDED = (
    "pytest", "_pytest", "hypothesis", "IPython", "tkinter", "_tkinter", "pyqtgraph.opengl",
    "pyqtgraph.examples", "matplotlib", "scipy", "pandas", "torchvision", "torchaudio",
    "tensorboard", "PyInstaller", "setuptools", "pip", "PySide6.QtQml", "PySide6.QtQuick",
    "PySide6.QtDesigner", "PySide6.QtHelp", "PySide6.QtUiTools", "PySide6.QtSql",
    "PySide6.QtTest", "PySide6.QtConcurrent", "hf_xet", "lib2to3", "pydoc_data", "turtledemo",
)  # fmt: skip

# Files that PyInstaller's hooks bring and nothing opens, by the path inside the program.
# `make bundle` tells what each saves.
LEFT_OUT = {
    "PyTorch's tests": r"torch/(test/|bin/.*test|lib/lib(torchbind_test|jitbackend_test"
    r"|backend_with_compiler|aoti_custom_ops))",
    "PyTorch's compiler of formats": r"torch/bin/protoc",  # torch_shm_manager must be there
    "Qt's translations into other languages": r"PySide6/Qt/translations/(?!qt(base)?_zh_CN)",
}


def hidden_imports() -> list[str]:
    """All modules of ours, as dotted names."""
    found = []
    for package in OWN_PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found.append(name.removesuffix(".__init__"))
    return found


def note_left_out(entries: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """PyInstaller's table without them; what it saved is written to build/left_out.json."""
    saved = dict.fromkeys(LEFT_OUT, 0)
    kept = []
    for entry in entries:
        plain = entry[0].replace("\\", "/")
        reason = next((why for why, what in LEFT_OUT.items() if re.search(what, plain)), None)
        if reason is None:
            kept.append(entry)
        elif Path(entry[1]).is_file():
            saved[reason] += Path(entry[1]).stat().st_size
    file = BUILD / "left_out.json"
    before = json.loads(file.read_text("utf-8")) if file.exists() else {}
    total = {why: before.get(why, 0) + size for why, size in saved.items()}
    file.write_text(json.dumps(total, indent=2) + "\n", encoding="utf-8")
    return kept
