"""Which trigger words prompts and file names can bear, and what to choose instead.

The file of an embedding is named after its trigger word, and in nearly every front end the word
in the prompt is the file's name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from engine.file_names import safe_name
from engine.trigger import folded, prompt_calls
from engine.wording import QT_TRANSLATE_NOOP, Phrase

if TYPE_CHECKING:
    from engine.config import RunConfig

# Of AUTOMATIC1111 and of its extensions for regions; in capitals only.
_SYNTAX = {"BREAK", "AND", "ADDCOMM", "ADDBASE", "ADDROW", "ADDCOL"}
_NO_NAME = safe_name("")
_NOT_LATIN, _VOWEL = re.compile("[^a-z]"), re.compile("[aeiou]")
_EDGES = "-._"  # inside a name, but not at its ends

_NO_WORD = QT_TRANSLATE_NOOP(
    "engine", "This method teaches a new word. Say which: give it a trigger word."
)
_NO_FILE = QT_TRANSLATE_NOOP(
    "engine",
    "“{trigger}” cannot be the trigger word: the embedding's file is named after it, and Imprint "
    "gives no file a name that {reason}. Use {better} as trigger word.",
)
_IS_SYNTAX = QT_TRANSLATE_NOOP(
    "engine",
    "{trigger} is prompt syntax, so no prompt can call it. Use {better} as trigger word.",
)
_IS_SPECIAL = QT_TRANSLATE_NOOP(
    "engine",
    "{trigger} is a special token that every prompt contains. Use {better} as trigger word.",
)
_ALL_DROPPED = QT_TRANSLATE_NOOP(
    "engine",
    "With a caption dropout of 1 no caption is used, and the trigger word is never learnt. Lower "
    "it.",
)
_NO_STEP = QT_TRANSLATE_NOOP(
    "engine", "The new word would not learn in a single step. Raise this share of the run."
)

# Each goes on from "a name that".
_NO_LETTER = QT_TRANSLATE_NOOP("engine", "has neither a letter nor a digit")
_NAMELESS = QT_TRANSLATE_NOOP("engine", "stands for a file without a name")
_OF_WINDOWS = QT_TRANSLATE_NOOP("engine", "Windows keeps for itself")
_BEGINS = QT_TRANSLATE_NOOP("engine", "begins with “{sign}”")
_ENDS = QT_TRANSLATE_NOOP("engine", "ends with “{sign}”")
_BLANK = QT_TRANSLATE_NOOP("engine", "contains a blank")
_UNSEEN = QT_TRANSLATE_NOOP("engine", "contains an invisible character")
_SIGN = QT_TRANSLATE_NOOP("engine", "contains “{sign}”")
_LONG = QT_TRANSLATE_NOOP("engine", "is so long")
_REFUSED = QT_TRANSLATE_NOOP("engine", "not every system takes")


# Of CLIP: every prompt contains them, and so would call what is learnt.
_SPECIAL_TOKENS = ("<|startoftext|>", "<|endoftext|>")


def problems_of(config: RunConfig) -> Iterator[tuple[str, Phrase]]:
    """Why the word of a run that teaches one would not be learnt or could not be used later.

    The setting, and a sentence.
    """
    trigger = config.dataset.trigger.strip()
    if trigger.lower() in _SPECIAL_TOKENS:
        better = rare_word(trigger)
        yield "dataset.trigger", Phrase(_IS_SPECIAL, trigger=trigger, better=better)
        return
    if not config.method.needs_trigger:
        return
    if not trigger:
        yield "dataset.trigger", Phrase(_NO_WORD)
        return
    better = better_trigger(trigger, config.dataset.class_word)
    if is_syntax(trigger):
        yield "dataset.trigger", Phrase(_IS_SYNTAX, trigger=trigger, better=better)
    elif not names_a_file(trigger):
        yield (
            "dataset.trigger",
            Phrase(_NO_FILE, trigger=trigger, reason=_why_no_file(trigger), better=better),
        )
    if config.dataset.caption_dropout == 1:
        yield "dataset.caption_dropout", Phrase(_ALL_DROPPED)
    if round(getattr(config.method, "text_until", 1.0) * config.training.steps) < 1:
        yield "method.text_until", Phrase(_NO_STEP)


def uncalled_prompts(config: RunConfig) -> list[str]:
    """The sample prompts that were given and do not call the trigger word."""
    trigger = config.dataset.trigger.strip()
    prompts = config.sampling.prompts if trigger else ()
    return [prompt for prompt in prompts if not prompt_calls(prompt, trigger)]


def sample_prompts(config: RunConfig, suggested: Sequence[str]) -> tuple[str, ...]:
    """What samples are drawn of: the suggested prompts where none were given, and where a word is
    taught that none of them calls; their pictures would be those of the base model."""
    given = config.sampling.prompts
    none_calls = config.method.needs_trigger and len(uncalled_prompts(config)) == len(given)
    return tuple(suggested) if not given or none_calls else given


def names_a_file(trigger: str) -> bool:
    """Whether the file that is named after the word has the word as its name."""
    return folded(safe_name(trigger)) == folded(trigger) and safe_name(trigger) != _NO_NAME


def _why_no_file(trigger: str) -> Phrase:
    """What a name must not be, of a word that `names_a_file` refuses."""
    name = safe_name(trigger)
    if name == _NO_NAME:
        return Phrase(_NAMELESS if folded(trigger) == _NO_NAME else _NO_LETTER)
    if folded(trigger) == name.replace("-1", "", 1):
        return Phrase(_OF_WINDOWS)
    if trigger[0] in _EDGES:
        return Phrase(_BEGINS, sign=trigger[0])
    if trigger[-1] in _EDGES:
        return Phrase(_ENDS, sign=trigger[-1])
    lost = next((char for char in trigger if not _belongs_in_a_word(char)), "")
    if lost.isspace():
        return Phrase(_BLANK)
    if lost:
        return Phrase(_SIGN, sign=lost) if lost.isprintable() else Phrase(_UNSEEN)
    return Phrase(_LONG if folded(trigger).startswith(name) else _REFUSED)


def _belongs_in_a_word(char: str) -> bool:
    return char.isalnum() or char in _EDGES or unicodedata.category(char)[0] == "M"


def is_syntax(trigger: str) -> bool:
    """Whether a prompt that consists of the word does not call it."""
    return trigger.strip() in _SYNTAX or not prompt_calls(trigger, trigger)


def better_trigger(trigger: str, class_word: str = "") -> str:
    """A word like this one that a file and a prompt can bear."""
    name = safe_name(trigger)
    if name == _NO_NAME:
        return rare_word(class_word)
    if trigger.strip() in _SYNTAX or name == f"{trigger.strip().lower()}-1":  # or a name of Windows
        return rare_word(trigger)
    return name


def rare_word(name: str) -> str:
    """A word that nothing else is called, still easy to say: the last vowel becomes an x.

    `my-cat` gives `mycxt`. A name without Latin letters gets a word of its own.
    """
    letters = _NOT_LATIN.sub("", name.lower())[:12]
    if len(letters) < 3:
        return "sksx"
    found = list(_VOWEL.finditer(letters))
    if not found:
        return f"{letters}x"
    place = found[-1].start()
    return f"{letters[:place]}x{letters[place + 1 :]}"
