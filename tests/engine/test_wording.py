"""Sentences that are put together out of others end once, and read as one."""

from __future__ import annotations

import importlib
import pkgutil
import re
from string import Formatter

import pytest

import engine
from engine.errors import Message
from engine.notices import CheckpointSkipped
from engine.wording import Phrase, ended, fill

for module in pkgutil.walk_packages(engine.__path__, "engine."):
    importlib.import_module(module.name)


def kinds(of: type[Message] = Message) -> list[type[Message]]:
    return [kind for sub in of.__subclasses__() for kind in (sub, *kinds(sub))]


def facts_of(template: str, text: str) -> dict[str, str | int | float]:
    found = {}
    for _, name, spec, _ in Formatter().parse(template):
        if name:
            found[name] = 1.5 if spec else text
    return found


TWICE = re.compile(r"[.。]\s*[.。]|[.。][,;)]")


@pytest.mark.parametrize("reason", ["it is damaged", "It is damaged.", "它已损坏。", "它已损坏"])
def test_no_message_ends_twice_whether_its_facts_are_sentences_or_not(reason):
    messages = {kind for kind in kinds() if kind.summary}
    assert len(messages) > 90
    for kind in messages:
        facts = facts_of(kind.summary + kind.remedy, reason)
        message = kind(**facts)
        assert not TWICE.search(str(message)), (kind, str(message))
        assert ended(message.sentence).endswith((".", "。", "?", "!")), (kind, str(message))


def test_the_sentence_that_had_two_stops_has_one():
    reason = Phrase("it was made by a newer Imprint.")
    told = str(CheckpointSkipped(step=4, reason=reason))
    assert told.startswith("The checkpoint of step 4 is damaged: it was made by a newer Imprint. ")
    assert ".." not in told


def test_facts_are_filled_in_as_format_does():
    template = "{name}: {share:.1f} % of {{all}} {count:,} ({why})."
    facts = {"name": "a", "share": 1.25, "count": 1200, "why": "No room."}
    assert fill(template, facts) == "a: 1.2 % of {all} 1,200 (No room)."
    with pytest.raises(KeyError):
        fill("{missing}", {})


def test_an_ellipsis_stays_and_only_what_has_no_end_gets_one():
    assert fill("{text}.", {"text": "and so on..."}) == "and so on...."
    assert [ended(text) for text in ("", "a", "a.", "a?", "坏", "坏。")] == [
        "", "a.", "a.", "a?", "坏。", "坏。",
    ]  # fmt: skip


def test_a_path_or_a_reason_of_thousands_of_characters_leaves_the_sentence_in_sight():
    path = "/home/" + "x" * 4000 + "/end.imprint"
    told = fill(
        "{path} cannot be opened: {reason}. Open another one.",
        {"path": path, "reason": "name too long: " + path},
    )
    assert len(told) < 1400
    assert told.startswith("/home/xxx")
    assert "/end.imprint cannot be opened: name too long" in told
    assert told.endswith("Open another one.")
    whole = " ".join(f"training.{'x' * 590}{number}" for number in range(9))
    assert fill("{problems}", {"problems": whole}) == whole
