"""The mark that Imprint leaves in each folder that it made: what is in it is ours to change.

`.imprint-folder` holds a kind and an id. A project and a run have one; a folder of the user's
pictures, a front end's folder and whatever is named by `--out` have none. The folders that the
system keeps for each program need none.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from engine import regular_files
from engine.json_reading import parse_json

MARK = ".imprint-folder"
_MOST_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Mark:
    """What a folder is, and which one."""

    kind: str  # "project", "run" or "comparison"
    id: str  # 32 hexadecimal digits

    @classmethod
    def new(cls, kind: str) -> Mark:
        return cls(kind, secrets.token_hex(16))

    def as_bytes(self) -> bytes:
        return json.dumps({"kind": self.kind, "id": self.id}).encode()


def mark_of(folder: Path) -> Mark | None:
    """None where the folder has no mark that can be read. Never raises."""
    try:
        data = parse_json(regular_files.read_bytes(folder / MARK, _MOST_BYTES))
        return Mark(str(data["kind"]), str(data["id"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def root_of(folder: Path) -> Path | None:
    """Of this folder and those above it, the highest that is ours; None where none is. A run
    inside a project is guarded from the project on."""
    places = (folder, *folder.parents)
    ours = [place for place in places if os.path.lexists(place / MARK)]
    ours += [place for place in program_folders() if place in places]
    return min(ours, key=lambda place: len(place.parts), default=None)


def is_ours(folder: Path) -> bool:
    """Whether a file in it with a name of ours may be replaced."""
    return root_of(folder) is not None


def program_folders() -> list[Path]:
    """Where this system has a program keep its data, settings, cache and logs."""
    kinds = (
        platformdirs.user_data_dir,
        platformdirs.user_config_dir,
        platformdirs.user_cache_dir,
        platformdirs.user_log_dir,
    )
    return [Path(kind("imprint", appauthor=False)) for kind in kinds]
