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

Data = dict[str, Any]

# Index N upgrades schema N + 1 to N + 2. None yet: this is the first schema.
UPGRADES: tuple[Callable[[Data], Data], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, pointing at a field such as `training.steps`."""

    field: str
    sentence: str


def check(data: Mapping[str, Any]) -> tuple[RunConfig | None, list[Problem]]:
    """A config, or all that is wrong with the data."""
    version = data.get("schema_version", SCHEMA_VERSION)
    if isinstance(version, int) and version > SCHEMA_VERSION:
        made_by = f"These settings were made by a newer Imprint (schema {version})."
        return None, [Problem("schema_version", f"{made_by} Update Imprint to use them.")]
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
        raise ConfigUnreadable(path=str(path), reason="it holds no table of settings")
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
            Problem("dataset.template", "The caption template knows no place but {subject}.")
        )
    if config.training.resolution % 8:
        problems.append(
            Problem("training.resolution", "The resolution must be a multiple of 8, such as 512.")
        )
    return problems


def _as_problem(details: ErrorDetails) -> Problem:
    field = ".".join(str(part) for part in details["loc"])
    return Problem(field, _sentence(field, details))


def _sentence(field: str, details: ErrorDetails) -> str:
    facts = details.get("ctx", {})
    given = repr(details["input"])[:80]
    match details["type"]:
        case "extra_forbidden":
            return f"There is no setting {field}.{_did_you_mean(details['loc'])}"
        case "missing":
            return f"{field} is missing. Give it a value."
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal" as kind:
            word = {"greater_than": "above", "greater_than_equal": "at least", "less_than": "below"}
            limit = next(iter(facts.values()))
            return f"{field} is {given}; it must be {word.get(kind, 'at most')} {limit}."
        case "literal_error":
            return f"{field} is {given}; it must be one of {facts.get('expected')}."
        case "finite_number":
            return f"{field} is {given}; it must be an ordinary number."
        case "string_too_short":
            return f"{field} is empty. Give it a value."
        case kind if kind.endswith(("_type", "_parsing", "_from_float")):
            wanted = kind.split("_")[0]
            words = {
                "int": "a whole number",
                "float": "a number",
                "bool": "true or false",
                "string": "a text",
                "tuple": "a list",
                "model": "a section of settings",
            }
            return f"{field} is {given}; it must be {words.get(wanted, wanted)}."
        case _:
            return f"{field} is {given}: {details['msg']}."


def _did_you_mean(place: tuple[int | str, ...]) -> str:
    *sections, name = map(str, place)
    owner: Any = RunConfig
    for section in sections:
        owner = owner.model_fields[section].annotation
    known = list(owner.model_fields) if issubclass(owner, Settings) else []
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {'.'.join([*sections, close[0]])}?" if close else ""
