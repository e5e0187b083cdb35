"""Whether a prompt calls the words of the files that it is drawn with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from engine.errors import Notice, UserError
from engine.trained_file import TrainedFile, inspect
from engine.trigger import as_called, folded, prompt_calls
from engine.word_notices import (
    TriggerNotInPrompt,
    WordFileMissing,
    WordNeedsEscapes,
    WordNotCallable,
    WordNotInPrompt,
)


def missing_words(prompts: Sequence[str], files: Sequence[Path]) -> Iterator[Notice]:
    """A notice for each file whose word is in none of the prompts, the negative one included, and
    for each LoRA that was trained with an embedding which is not among the files."""
    given = {folded(path.stem) for path in files}
    for path in files:
        with suppress(UserError):  # of a kind that tells no word
            file = inspect(path)
            if file.word_beside and folded(file.word_beside) not in given:
                yield WordFileMissing(word=file.word_beside, name=path.name)
            if not any(prompt_calls(prompt, word) for prompt in prompts for word in _words(file)):
                yield from _notice(file)


def _notice(file: TrainedFile) -> Iterator[Notice]:
    word, name = file.trigger, file.path.name
    written = as_called(word)
    if file.kind != "embedding":
        if word:
            yield TriggerNotInPrompt(word=written or word, name=name)
    elif written == word:
        yield WordNotInPrompt(word=word, name=name)
    elif written:
        yield WordNeedsEscapes(word=word, name=name, written=written)
    else:
        yield WordNotCallable(word=word, name=name)


def _words(file: TrainedFile) -> list[str]:
    """Any of these calls the file. Of a LoRA the header has the trigger word and what follows it,
    or several phrases with commas between."""
    if file.kind == "embedding":
        return [file.trigger]
    phrases = [phrase.split() for phrase in file.trigger.split(",")]
    return [" ".join(words[:count]) for words in phrases for count in range(1, len(words) + 1)]
