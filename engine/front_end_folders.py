"""Where other programs look for trained files: told by their own folders, never guessed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.formats.front_ends import A1111, COMFY, FORGE, INVOKE, SDNEXT
from engine.regular_files import is_there, paths_in

_A1111_PLACES = {
    "lora": "models/Lora",
    "embedding": "embeddings",
    "hypernetwork": "models/hypernetworks",
    "checkpoint": "models/Stable-diffusion",
}
PLACES = {
    A1111: _A1111_PLACES,
    FORGE: _A1111_PLACES,
    SDNEXT: {**_A1111_PLACES, "embedding": "models/embeddings"},
    COMFY: {
        "lora": "models/loras",
        "embedding": "models/embeddings",
        "hypernetwork": "models/hypernetworks",
        "checkpoint": "models/checkpoints",
    },
    INVOKE: {},  # it keeps a list of its own; files are added on its page of models
}
# What people and installers call the folders; looked for below a few usual places.
_NAMES = (
    "stable-diffusion-webui", "stable-diffusion-webui-forge", "sd-webui", "webui_forge", "webui",
    "stable-diffusion-webui-reForge", "ComfyUI", "ComfyUI_windows_portable", "invokeai", "InvokeAI",
    "sdnext", "sd.next", "automatic",
)  # fmt: skip
_MOST_LISTED = 50  # installations in a folder of them
_BELOW_HOME = ("", "Documents", "Desktop", "Downloads", "AI", "ai", "apps", "git", "src", "repos")


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """One program as it is installed here."""

    name: str  # of engine.formats.front_ends.FRONT_ENDS
    folder: Path

    def place(self, kind: str) -> Path | None:
        """Where files of a kind belong; None where the program takes none from a folder."""
        place = PLACES[self.name].get(kind)
        return None if place is None else self.folder / place


def recognise(folder: Path) -> FrontEnd | None:
    """Which front end lies in a folder; None if none does. Never raises."""
    for candidate in (folder, folder / "ComfyUI", folder / "webui"):
        name = _name_of(candidate)
        if name:
            return FrontEnd(name, candidate)
    return None


def find(home: Path) -> list[FrontEnd]:
    """Front ends in the usual places; the disk is not searched."""
    found: dict[Path, FrontEnd] = {}
    for folder in _usual_places(home):
        front_end = recognise(folder)
        if front_end is not None:
            found.setdefault(_resolved(front_end.folder), front_end)
    return list(found.values())


def _usual_places(home: Path) -> Iterator[Path]:
    roots = [home / below if below else home for below in _BELOW_HOME]
    if os.name == "nt":
        roots += [Path(f"{letter}:/") for letter in "CDEFG"]
        roots += [Path(f"{letter}:/AI") for letter in "CDEFG"]
    for root in roots:
        for name in _NAMES:
            yield root / name
    for root in (home, home / "Documents"):
        yield from paths_in(root / "StabilityMatrix/Packages")[:_MOST_LISTED]
    yield from paths_in(home / "pinokio/api")[:_MOST_LISTED]


def _name_of(folder: Path) -> str:
    def has(*parts: str) -> bool:
        return all(_exists(folder / part) for part in parts)

    if has("folder_paths.py", "comfy", "nodes.py") or has("custom_nodes", "models", "user"):
        return COMFY
    if has("invokeai.yaml"):
        return INVOKE
    if has("webui.py", "modules_forge"):
        return FORGE
    if has("installer.py", "modules", "webui.py"):
        return SDNEXT
    if has("webui.py", "modules", "extensions-builtin"):
        return A1111
    return ""


def _exists(path: Path) -> bool:
    try:
        return os.path.lexists(path) and is_there(path)
    except (OSError, ValueError, RuntimeError):  # loops of links, names that are no names
        return False


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path
