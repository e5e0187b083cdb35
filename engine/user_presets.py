"""Settings that a user keeps under a name, to take up again or to give away as a file.

A preset says how to train, not what: no pictures, no words, no places on this computer.
"""

from __future__ import annotations

import json
from pathlib import Path

import platformdirs

from engine import storage
from engine.config_file import Data, check, merge
from engine.errors import UserError
from engine.project import safe_name
from engine.wording import QT_TRANSLATE_NOOP, Phrase

SUFFIX = ".imprint-preset.json"
SECTIONS = ("method", "training", "optimizer", "loss", "sampling", "checkpoints", "evaluation")
# Of those sections, what belongs to a set of pictures or to a computer.
PERSONAL = {
    "method": ("start_from", "class_folder"),
    "sampling": ("prompts",),
    "evaluation": ("references", "network"),
    "training": ("device",),
}
_MAX_BYTES = 1 << 20


class PresetUnreadable(UserError):
    code = "IM-SET-03"
    summary = QT_TRANSLATE_NOOP("engine", "{name} is not a preset of Imprint: {reason}")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose a file that was saved with “Save as preset”.")


def presets_folder() -> Path:
    return Path(platformdirs.user_config_dir("imprint", appauthor=False)) / "presets"


def known_presets() -> list[Path]:
    """Files of the user's presets, by name."""
    folder = presets_folder()
    return sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []


def name_of(path: Path) -> str:
    """As it was typed, as far as the file can be read."""
    try:
        return str(json.loads(path.read_text("utf-8"))["name"])[:80]
    except (OSError, ValueError, KeyError, TypeError):
        return path.name.removesuffix(SUFFIX)


def save(name: str, draft: Data, path: Path | None = None) -> Path:
    """Keep what a draft says about how to train, in place of one of the same name.

    Raises OutputNotWritable or DiskFull.
    """
    kept = {section: draft[section] for section in SECTIONS if isinstance(draft.get(section), dict)}
    target = path or _place_for(name)
    storage.write_json(target, {"imprint_preset": 1, "name": name, "settings": _impersonal(kept)})
    return target


def _place_for(name: str) -> Path:
    """Two names that differ only in letters that files cannot have get two files."""
    stems = storage.counted_up(safe_name(name))
    paths = (presets_folder() / f"{stem}{SUFFIX}" for stem in stems)
    return next(path for path in paths if not path.exists() or name_of(path) == name[:80])


def load(path: Path) -> Data:
    """The sections of a preset. Raises PresetUnreadable: a file of others is not trusted.

    Places in it are passed over: a look at `//server/share` would send that server a password.
    """
    try:
        too_large = path.stat().st_size > _MAX_BYTES
        data = None if too_large else json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PresetUnreadable(name=path.name, reason=str(error)) from error
    data = data if isinstance(data, dict) else {}
    settings = data.get("settings")
    if not isinstance(settings, dict) or set(settings) - set(SECTIONS):
        reason = QT_TRANSLATE_NOOP("engine", "it holds something else.")
        raise PresetUnreadable(name=path.name, reason=Phrase(reason))
    if data.get("imprint_preset") != 1:
        reason = QT_TRANSLATE_NOOP("engine", "it was made by a newer Imprint.")
        raise PresetUnreadable(name=path.name, reason=Phrase(reason))
    # Whatever the project says, the preset's own values must be possible ones.
    probe = {"dataset": {"folder": "x", "trigger": "x", "class_word": "x"}}
    _, problems = check(merge(probe, settings))
    if problems:
        raise PresetUnreadable(name=path.name, reason=str(problems[0].sentence))
    return _impersonal(settings)


def _impersonal(sections: Data) -> Data:
    return {
        section: {
            key: value for key, value in values.items() if key not in PERSONAL.get(section, ())
        }
        for section, values in sections.items()
        if isinstance(values, dict)
    }
