"""RunConfig to and from files, and every problem of a config as a sentence.

JSON is written; JSON and TOML are read. Older files are upgraded by numbered functions.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from engine import trigger_rules
from engine.config import DEFAULT_METHOD, SCHEMA_VERSION, RunConfig
from engine.errors import ConfigUnreadable, InvalidConfig, SettingsOfAnother
from engine.foreign_settings import program_of
from engine.json_reading import NotParsed, parse_json, parse_toml
from engine.methods.catalog import METHODS
from engine.plain_text import whole_characters
from engine.regular_files import read_bytes, reason_of
from engine.settings import Row, Settings, rows
from engine.settings_errors import ConfigNotOpened, ConfigNotText
from engine.storage import write_text
from engine.wording import QT_TRANSLATE_NOOP, Phrase

Data = dict[str, Any]


def _from_1_to_2(data: Data) -> Data:
    """The loss got a section of its own, and gamma 0 became the weighting "none"."""
    training, loss = dict(_section(data, "training")), dict(_section(data, "loss"))
    if "noise_offset" in training:
        loss.setdefault("noise_offset", training.pop("noise_offset"))
    if "min_snr_gamma" in training:
        gamma = training.pop("min_snr_gamma")
        if gamma == 0:
            loss.setdefault("weighting", "none")
        else:
            loss.setdefault("min_snr_gamma", gamma)
    moved = {"training": training, "loss": loss}
    is_table = {name: isinstance(data.get(name), Mapping) for name in moved}
    return {**data, **{name: part for name, part in moved.items() if part or is_table[name]}}


# Index N upgrades schema N + 1 to N + 2. They must leave newer data as it is: what people write
# by hand, and drafts, often have no version.
UPGRADES: tuple[Callable[[Data], Data], ...] = (_from_1_to_2,)

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
_NO_TEXT = QT_TRANSLATE_NOOP(
    "engine", "{field} is not valid UTF-8 text: {given}. Rename the file or folder."
)
_HAS_NUL = QT_TRANSLATE_NOOP(
    "engine", "{field} holds a NUL character, which no name and no text may hold: {given}."
)
_MUST_BE = QT_TRANSLATE_NOOP("engine", "{field} is {given}; it must be {wanted}.")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, pointing at a field such as `training.steps`."""

    field: str
    sentence: Phrase


def rows_of(method: str) -> list[Row]:
    """All labelled settings of a run with this method: the method's own, then everyone's."""
    own = rows(METHODS[method].settings, "method.") if method in METHODS else ()
    return [*own, *rows(RunConfig)]


def check(
    data: Mapping[str, Any], *, has_begun: bool = False
) -> tuple[RunConfig | None, list[Problem]]:
    """A config, or all that is wrong with the data.

    `has_begun`: of a run that has begun, whose trigger word cannot be changed any more.
    """
    version = data.get("schema_version", 1)
    has_version = isinstance(version, int) and not isinstance(version, bool)
    if has_version and version > SCHEMA_VERSION:
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
    if has_version:
        for upgrade in UPGRADES[max(version, 1) - 1 :]:
            upgraded = upgrade(upgraded)
        upgraded["schema_version"] = SCHEMA_VERSION
    if isinstance(upgraded.get("method"), Mapping):  # its kind decides which settings there are
        upgraded["method"] = {"kind": DEFAULT_METHOD, **upgraded["method"]}
    problems = [*_no_texts(upgraded)]
    try:
        config = RunConfig.model_validate(upgraded)
    except ValidationError as error:
        known = {problem.field for problem in problems}
        found = map(_as_problem, error.errors())
        return None, problems + [problem for problem in found if problem.field not in known]
    problems += _across_fields(config)
    if not has_begun:
        problems += [Problem(*found) for found in trigger_rules.problems_of(config)]
    return (None, problems) if problems else (config, [])


def require(data: Mapping[str, Any], *, has_begun: bool = False) -> RunConfig:
    """A config; raises InvalidConfig with every problem in one sentence."""
    config, problems = check(data, has_begun=has_begun)
    if config is None:
        raise InvalidConfig(problems=" ".join(problem.sentence for problem in problems))
    return config


def read(path: Path) -> Data:
    """The data of a JSON or TOML file.

    Raises ConfigUnreadable with the line or a kind of it, SettingsOfAnother for a file of another
    program.
    """
    text = _text_of(path)
    if program := program_of(text):
        raise SettingsOfAnother(path=str(path), program=Phrase(program))
    try:
        is_toml = path.suffix.lower() == ".toml"
        data = parse_toml(text) if is_toml else parse_json(text, allow_nan=True)
    except NotParsed as error:
        raise ConfigUnreadable(path=str(path), reason=error.reason) from error
    if not isinstance(data, dict):
        raise ConfigUnreadable(
            path=str(path),
            reason=Phrase(QT_TRANSLATE_NOOP("engine", "it holds no table of settings")),
        )
    return data


def of_run(path: Path) -> RunConfig:
    """The config of a run that has begun. Raises ConfigUnreadable and InvalidConfig."""
    return require(read(path), has_begun=True)


def _text_of(path: Path) -> str:
    try:
        data = read_bytes(path)
    except OSError as error:
        raise ConfigNotOpened(path=str(path), reason=reason_of(error)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if program := program_of(data.decode("latin-1")):  # names of settings are ASCII
            raise SettingsOfAnother(path=str(path), program=Phrase(program)) from error
        raise ConfigNotText(path=str(path)) from error


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


def assigned(base: Data, dotted: str, value: Any) -> Data:
    """`base` with one value put in the place of what was there, whatever that was."""
    head, _, rest = dotted.partition(".")
    below = base.get(head)
    if rest:
        value = assigned(below if isinstance(below, dict) else {}, rest, value)
    return {**base, head: value}


def nested(dotted: str, value: Any) -> Data:
    """`nested("a.b", 1)` is `{"a": {"b": 1}}`."""
    for key in reversed(dotted.split(".")):
        value = {key: value}
    return value


def _section(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = data.get(name)
    return section if isinstance(section, Mapping) else {}


def _no_texts(data: Data) -> Iterator[Problem]:
    """A file system may hold names that no file of settings can."""
    sections = {"": data} | {f"{name}.": _section(data, name) for name in data}
    for prefix, section in sections.items():
        for name, value in section.items():
            text = " ".join(map(str, value)) if isinstance(value, list | tuple) else value
            if not isinstance(text, str):
                continue
            given = whole_characters(text)
            if text != given:
                yield Problem(prefix + name, Phrase(_NO_TEXT, field=prefix + name, given=given))
            elif "\0" in text:
                given = text.replace("\0", "\N{SYMBOL FOR NULL}")[:80]
                yield Problem(prefix + name, Phrase(_HAS_NUL, field=prefix + name, given=given))


def _across_fields(config: RunConfig) -> list[Problem]:
    problems = []
    if config.optimizer.name == "prodigy" and config.optimizer.fused_backward:
        problems.append(
            Problem(
                "optimizer.fused_backward",
                Phrase(
                    QT_TRANSLATE_NOOP(
                        "engine",
                        "Prodigy looks at all weights at once and cannot step inside the backward "
                        "pass. Switch that off, or choose another optimizer.",
                    )
                ),
            )
        )
    if config.optimizer.fused_backward and config.training.gradient_accumulation > 1:
        problems.append(
            Problem(
                "training.gradient_accumulation",
                Phrase(
                    QT_TRANSLATE_NOOP(
                        "engine",
                        "Steps inside the backward pass cannot be gathered: set it to 1, or "
                        "switch optimizer.fused_backward off.",
                    )
                ),
            )
        )
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
    # pydantic puts the kind of the method into the place: method.lora.rank is method.rank.
    if not details["loc"]:  # half a character in a name: no place can be called by it
        name = whole_characters(str(details["input"])[:80])
        return Problem(name, _unknown([name], RunConfig))
    section, *rest = (str(part) for part in details["loc"])
    if section == "method" and rest and rest[0] in METHODS:
        owner, rest = METHODS[rest[0]].settings, rest[1:]
    else:
        owner = RunConfig
    place = [section, *rest]
    return Problem(".".join(place), _sentence(place, owner, details))


def _sentence(place: list[str], owner: type[Settings], details: ErrorDetails) -> Phrase:
    field = ".".join(place)
    facts = details.get("ctx", {})
    given = repr(details["input"])[:80]
    match details["type"]:
        case "extra_forbidden":
            return _unknown(place, owner)
        case "missing":
            return Phrase(
                QT_TRANSLATE_NOOP("engine", "{field} is missing. Give it a value."), field=field
            )
        case "string_too_short":
            return Phrase(
                QT_TRANSLATE_NOOP("engine", "{field} is empty. Give it a value."), field=field
            )
        case "string_too_long":
            return Phrase(
                QT_TRANSLATE_NOOP("engine", "{field} is too long; {limit} letters have room."),
                field=field,
                limit=int(facts["max_length"]),
            )
        case "union_tag_invalid":
            field, given = f"{field}.kind", repr(facts.get("tag"))
            choices = " or ".join(repr(kind) for kind in METHODS)
            wanted = Phrase(QT_TRANSLATE_NOOP("engine", "one of {choices}"), choices=choices)
        case "value_error":  # a rule of ours, with a sentence of its own
            return _own_sentence(facts.get("error"), field, given)
        case "literal_error":
            choices = str(facts.get("expected"))
            wanted = Phrase(QT_TRANSLATE_NOOP("engine", "one of {choices}"), choices=choices)
        case "finite_number":
            wanted = Phrase(QT_TRANSLATE_NOOP("engine", "an ordinary number"))
        case kind if kind in _LIMITS:
            limit = next(iter(facts.values()))
            whole = isinstance(limit, float) and limit.is_integer()
            wanted = Phrase(_LIMITS[kind], limit=int(limit) if whole else limit)
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
    return Phrase(_MUST_BE, field=field, given=given, wanted=wanted)


def _own_sentence(error: Any, field: str, given: str) -> Phrase:
    reason = error.args[0] if isinstance(error, ValueError) and error.args else str(error)
    return Phrase(
        QT_TRANSLATE_NOOP("engine", "{field} is {given}: {reason}."),
        field=field,
        given=given,
        reason=reason,
    )


def _unknown(place: list[str], owner: Any) -> Phrase:
    field, *sections = ".".join(place), *place[:-1]
    if owner is RunConfig:
        for section in sections:
            fields = getattr(owner, "model_fields", {})
            owner = fields[section].annotation if section in fields else None
    known = list(getattr(owner, "model_fields", ()))
    elsewhere = [] if place[-1] in known else _places_of(place[-1])
    close = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.5)
    if elsewhere:
        sections, close = [], elsewhere[:1]
    meant = ".".join([*sections, *close])
    if not close or meant == field:  # it may be that of another method
        return Phrase(QT_TRANSLATE_NOOP("engine", "There is no setting {field}."), field=field)
    return Phrase(
        QT_TRANSLATE_NOOP("engine", "There is no setting {field}. Did you mean {meant}?"),
        field=field,
        meant=meant,
    )


def switches_of(changes: Mapping[str, Any]) -> str:
    """Settings by dotted key, as the command line takes them."""
    return " ".join(
        f"--set {key}={json.dumps(value) if isinstance(value, bool) else value}"
        for key, value in changes.items()
    )


def _places_of(name: str) -> list[str]:
    """Settings of this name in any section: `learning_rate` is `method.learning_rate`."""
    keys = dict.fromkeys(row.key for method in METHODS for row in rows_of(method))
    return [key for key in keys if key.rsplit(".", 1)[-1] == name]
