"""RunConfig to and from files, and every problem of a config as a sentence.

JSON is written; JSON and TOML are read. Older files are upgraded by numbered functions.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from engine.config import SCHEMA_VERSION, RunConfig
from engine.errors import ConfigUnreadable, InvalidConfig
from engine.settings import Settings
from engine.storage import write_text
from engine.wording import QT_TRANSLATE_NOOP, Phrase

Data = dict[str, Any]

# Index N upgrades schema N + 1 to N + 2. None yet: this is the first schema.
UPGRADES: tuple[Callable[[Data], Data], ...] = ()

# What pydantic asks for, by the names of its errors.
_LIMITS = {
    "greater_than": QT_TRANSLATE_NOOP("engine", "above {limit}"),
    "greater_than_equal": QT_TRANSLATE_NOOP("engine", "at least {limit}"),
    "less_than": QT_TRANSLATE_NOOP("engine", "below {limit}"),
    "less_than_equal": QT_TRANSLATE_NOOP("engine", "at most {limit}"),
}
_KINDS = {
    "int": QT_TRANSLATE_NOOP("engine", "a whole number"),
    "float": QT_TRANSLATE_NOOP("engine", "a number"),
    "bool": QT_TRANSLATE_NOOP("engine", "true or false"),
    "string": QT_TRANSLATE_NOOP("engine", "a text"),
    "tuple": QT_TRANSLATE_NOOP("engine", "a list"),
    "model": QT_TRANSLATE_NOOP("engine", "a section of settings"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, pointing at a field such as `training.steps`."""

    field: str
    sentence: Phrase


def check(data: Mapping[str, Any]) -> tuple[RunConfig | None, list[Problem]]:
    """A config, or all that is wrong with the data."""
    version = data.get("schema_version", SCHEMA_VERSION)
    if isinstance(version, int) and version > SCHEMA_VERSION:
        newer = Phrase(
            QT_TRANSLATE_NOOP(
                "engine",
                "These settings were made by a newer Imprint (schema {version}). "
                "Update Imprint to use them.",
            ),
            version=version,
        )
        return None, [Problem("schema_version", newer)]
    upgraded = dict(data)
    if isinstance(version, int):
        for upgrade in UPGRADES[max(version, 1) - 1 :]:
            upgraded = upgrade(upgraded)
    try:
        config = RunConfig.model_validate(upgraded)
    except ValidationError as error:
        return None, [_as_problem(details) for details in error.errors()]
    problems = list(_across_fields(config))
    return (None, problems) if problems else (config, [])


def require(data: Mapping[str, Any]) -> RunConfig:
    """A config; raises InvalidConfig with every problem in one sentence."""
    config, problems = check(data)
    if config is None:
        raise InvalidConfig(problems=" ".join(problem.sentence for problem in problems))
    return config


def read(path: Path) -> Data:
    """The data of a JSON or TOML file. Raises ConfigUnreadable with the line."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigUnreadable(path=str(path), reason=str(error)) from error
    try:
        data = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:  # both parsers' errors are ValueErrors
        raise ConfigUnreadable(path=str(path), reason=str(error)) from error
    if not isinstance(data, dict):
        raise ConfigUnreadable(
            path=str(path),
            reason=Phrase(QT_TRANSLATE_NOOP("engine", "it holds no table of settings")),
        )
    return data


def write(config: RunConfig, path: Path) -> None:
    write_text(path, json.dumps(config.model_dump(mode="json"), indent=2, ensure_ascii=False))


def merge(base: Data, over: Mapping[str, Any]) -> Data:
    """`over` laid on `base`, section by section. Neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, Mapping):
            merged[key] = merge(below, value)
        else:
            merged[key] = value
    return merged


def nested(dotted: str, value: Any) -> Data:
    """`nested("a.b", 1)` is `{"a": {"b": 1}}`."""
    for key in reversed(dotted.split(".")):
        value = {key: value}
    return value


def _across_fields(config: RunConfig) -> list[Problem]:
    problems = []
    if "{" in config.dataset.template.replace("{subject}", ""):
        problems.append(
            Problem(
                "dataset.template",
                Phrase(
                    QT_TRANSLATE_NOOP("engine", "The caption template knows no place but {place}."),
                    place="{subject}",
                ),
            )
        )
    if config.training.resolution % 8:
        problems.append(
            Problem(
                "training.resolution",
                Phrase(
                    QT_TRANSLATE_NOOP(
                        "engine", "The resolution must be a multiple of 8, such as 512."
                    )
                ),
            )
        )
    return problems


def _as_problem(details: ErrorDetails) -> Problem:
    field = ".".join(str(part) for part in details["loc"])
    return Problem(field, _sentence(field, details))


def _sentence(field: str, details: ErrorDetails) -> Phrase:
    facts = details.get("ctx", {})
    given = repr(details["input"])[:80]
    match details["type"]:
        case "extra_forbidden":
            return _unknown(field, details["loc"])
        case "missing":
            return Phrase(
                QT_TRANSLATE_NOOP("engine", "{field} is missing. Give it a value."), field=field
            )
        case "string_too_short":
            return Phrase(
                QT_TRANSLATE_NOOP("engine", "{field} is empty. Give it a value."), field=field
            )
        case "literal_error":
            choices = str(facts.get("expected"))
            wanted = Phrase(QT_TRANSLATE_NOOP("engine", "one of {choices}"), choices=choices)
        case "finite_number":
            wanted = Phrase(QT_TRANSLATE_NOOP("engine", "an ordinary number"))
        case kind if kind in _LIMITS:
            wanted = Phrase(_LIMITS[kind], limit=next(iter(facts.values())))
        case kind if kind.endswith(("_type", "_parsing", "_from_float")):
            what = kind.split("_")[0]
            wanted = Phrase(_KINDS.get(what, what))
        case _:
            reason = details["msg"]
            return Phrase(
                QT_TRANSLATE_NOOP("engine", "{field} is {given}: {reason}."),
                field=field,
                given=given,
                reason=reason,
            )
    return Phrase(
        QT_TRANSLATE_NOOP("engine", "{field} is {given}; it must be {wanted}."),
        field=field,
        given=given,
        wanted=wanted,
    )


def _unknown(field: str, place: tuple[int | str, ...]) -> Phrase:
    *sections, name = map(str, place)
    owner: Any = RunConfig
    for section in sections:
        owner = owner.model_fields[section].annotation
    known = list(owner.model_fields) if issubclass(owner, Settings) else []
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if not close:
        return Phrase(QT_TRANSLATE_NOOP("engine", "There is no setting {field}."), field=field)
    meant = ".".join([*sections, close[0]])
    return Phrase(
        QT_TRANSLATE_NOOP("engine", "There is no setting {field}. Did you mean {meant}?"),
        field=field,
        meant=meant,
    )
