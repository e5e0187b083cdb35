"""Settings that a user keeps under a name, to take up again or to give away as a file.

A preset says how to train, not what: no pictures, no words, no places on this computer.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

from engine import records, storage
from engine.config_file import Data, check, merge
from engine.errors import OutputNotWritable, UserError
from engine.file_names import counted_up
from engine.foreign_settings import program_of
from engine.project import safe_name
from engine.records import NotRead
from engine.regular_files import is_there
from engine.shapes import Record
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
_VERSION = "imprint_preset"
IT_IS = QT_TRANSLATE_NOOP("engine", "it is {program}.")


class _Preset(Record):
    imprint_preset: int = 0
    name: str = ""
    settings: dict[str, dict[str, Any]] | None = None


class PresetUnreadable(UserError):
    code = "IM-SET-03"
    summary = QT_TRANSLATE_NOOP("engine", "{name} is not a preset of Imprint: {reason}")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose a file that was saved with “Save as preset”.")


def presets_folder() -> Path:
    return Path(platformdirs.user_config_dir("imprint", appauthor=False)) / "presets"


def known_presets() -> list[Path]:
    """Files of the user's presets, by name."""
    try:
        found = list(presets_folder().iterdir())
    except OSError:
        return []
    return sorted(path for path in found if path.name.endswith(SUFFIX))


def name_of(path: Path) -> str:
    """As it was typed, as far as the file can be read, for showing it."""
    return _own_name(path)[:80] or path.name.removesuffix(SUFFIX)


def save(name: str, draft: Data, path: Path | None = None) -> Path:
    """Keep what a draft says about how to train. One of the same name goes to the system's bin.

    Raises OutputNotWritable or DiskFull.
    """
    kept = {section: draft[section] for section in SECTIONS if isinstance(draft.get(section), dict)}
    target = path or _place_for(name)
    data = {_VERSION: 1, "name": name, "settings": _impersonal(kept)}
    if path is None and is_there(target):
        with suppress(OutputNotWritable):  # a computer without a bin
            storage.to_bin(target)
    records.write_json(target, data, _Preset)
    return target


def _place_for(name: str) -> Path:
    """Two names that differ only in letters that files cannot have get two files."""
    stems = counted_up(safe_name(name))
    paths = (presets_folder() / f"{stem}{SUFFIX}" for stem in stems)
    return next(path for path in paths if not is_there(path) or _own_name(path) == name)


def _own_name(path: Path) -> str:
    """As it stands in the file; empty where this Imprint cannot read it as a preset, so that none
    of another name takes its place."""
    try:
        return _read(path).name
    except NotRead:
        return ""


def load(path: Path) -> Data:
    """The sections of a preset. Raises PresetUnreadable: a file of others is not trusted.

    Places in it are passed over: a look at `//server/share` would send that server a password.
    """
    try:
        data = records.read_json(path, max_bytes=_MAX_BYTES)
    except NotRead as error:
        raise PresetUnreadable(name=path.name, reason=error.reason) from error
    if program := program_of(json.dumps(data)):
        raise PresetUnreadable(name=path.name, reason=Phrase(IT_IS, program=Phrase(program)))
    try:
        preset = _read(path)
    except NotRead as error:
        raise PresetUnreadable(name=path.name, reason=error.reason) from error
    settings = preset.settings
    if settings is None or set(settings) - set(SECTIONS) or preset.imprint_preset != 1:
        reason = QT_TRANSLATE_NOOP("engine", "it holds something else.")
        raise PresetUnreadable(name=path.name, reason=Phrase(reason))
    # Whatever the project says, the preset's own values must be possible ones.
    probe = {"dataset": {"folder": "x", "trigger": "x", "class_word": "x"}}
    _, problems = check(merge(probe, settings))
    if problems:
        raise PresetUnreadable(name=path.name, reason=str(problems[0].sentence))
    return _impersonal(settings)


def _read(path: Path) -> _Preset:
    """Raises NotRead."""
    return records.read_json(path, _Preset, version=_VERSION, newest=1, max_bytes=_MAX_BYTES)


def _impersonal(sections: Data) -> Data:
    return {
        section: {
            key: value for key, value in values.items() if key not in PERSONAL.get(section, ())
        }
        for section, values in sections.items()
        if isinstance(values, dict)
    }
