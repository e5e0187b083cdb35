"""Texts that call their trigger word in what is read of them, shown before the first step."""

from __future__ import annotations

from collections.abc import Sequence

from engine.config import RunConfig
from engine.errors import UserError
from engine.models.base import DiffusionModel
from engine.prompts import COMMA_BACKTRACK
from engine.trigger import calls, spans
from engine.wording import QT_TRANSLATE_NOOP

MAX_CHUNKS = 3  # 225 tokens, as far as front ends let people write without noticing
_SHOWN = 60  # letters of a text in a sentence
# What follows the word may push it into the next chunk, together with all since the last comma.
_AFTER = " a" * (COMMA_BACKTRACK + 1)


class WordNotCalled(UserError):
    code = "IM-WRD-01"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The text of {name} does not call the trigger word {word}: {text}"
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Write the word into the caption as a word of its own, or choose another one."
    )
    setting = "dataset.trigger"


def max_chunks(config: RunConfig) -> int:
    """How many chunks of 75 tokens are read of a text."""
    return 1 if config.dataset.long_captions == "cut" else MAX_CHUNKS


def calling(
    model: DiffusionModel, config: RunConfig, names: Sequence[str], texts: Sequence[str]
) -> list[str]:
    """The texts, with the subject in front where a cut would lose the trigger word.

    Ask once the method has taught the model its word. Raises WordNotCalled where a word is taught
    that a text still does not call.
    """
    dataset, most = config.dataset, max_chunks(config)
    known: dict[str, str] = {}
    for name, text in zip(names, texts, strict=True):
        if text in known or not dataset.trigger:
            continue
        known[text] = text
        if not _is_called_early(model, text, dataset.trigger, most):
            words = (dataset.trigger, dataset.class_word)
            known[text] = f"{' '.join(word for word in words if word)}, {text}"
        is_taught = config.method.needs_trigger
        if is_taught and not model.calls_word(known[text], dataset.trigger, most):
            raise WordNotCalled(name=name, word=dataset.trigger, text=text[:_SHOWN])
    return [known.get(text, text) for text in texts]


def cut_texts(model: DiffusionModel, config: RunConfig, texts: Sequence[str]) -> frozenset[int]:
    """The places of those that are longer than what is read of them."""
    most = max_chunks(config)
    is_long = {text: model.num_chunks(text) > most for text in set(texts)}
    return frozenset(place for place, text in enumerate(texts) if is_long[text])


def _is_called_early(model: DiffusionModel, text: str, word: str, most: int) -> bool:
    if model.num_chunks(text) <= most:
        return calls(text, word)
    found = spans(text, word)
    return bool(found) and model.num_chunks(text[: found[0][1]] + _AFTER) <= most
