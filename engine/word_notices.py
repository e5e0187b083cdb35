"""What the user should know about trigger words and about weights that have not moved."""

from __future__ import annotations

from engine.errors import Notice
from engine.wording import QT_TRANSLATE_NOOP


class NothingLearntYet(Notice):
    code = "IM-LRN-02"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "Stopped after step {step}, before anything was learnt: these weights are exactly as they "
        "were at the start: {names}.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Continue the run.")


class TriggerIsSyntax(Notice):
    code = "IM-WRD-02"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The trigger word {trigger} is prompt syntax, so no prompt can call it."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Better use {better}.")
    setting = "dataset.trigger"


class TriggerIsCommon(Notice):
    """Of a word that is taught."""

    code = "IM-WRD-10"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The trigger word “{trigger}” is a common word: every prompt that contains it calls what "
        "is learnt.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Better use {better}.")
    setting = "dataset.trigger"


class SampleWithoutTrigger(Notice):
    code = "IM-WRD-03"
    summary = QT_TRANSLATE_NOOP(
        "engine", "A sample prompt does not contain the trigger word {trigger}: {prompt}"
    )
    remedy = QT_TRANSLATE_NOOP("engine", "That sample shows what the model makes of other prompts.")
    setting = "sampling.prompts"


class SamplesFromCaptions(Notice):
    code = "IM-WRD-06"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "No sample prompt contains the trigger word {trigger}, so none would show what is learnt. "
        "The first is: {prompt}",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "The samples are drawn with captions instead.")
    setting = "sampling.prompts"


class WordNotInPrompt(Notice):
    code = "IM-WRD-04"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The prompt does not contain {word}, so the embedding {name} has no effect."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Write {word} into the prompt.")


class TriggerNotInPrompt(Notice):
    code = "IM-WRD-05"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The prompt does not contain the trigger word of {name}, {word}, so the picture may show "
        "little of what was learnt.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Write {word} into the prompt.")


class WordNeedsEscapes(Notice):
    """The prompt may contain the word as it is, with brackets that are read as emphasis."""

    code = "IM-WRD-07"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The prompt does not call {word}, so the embedding {name} has no effect. Brackets in a "
        "prompt are emphasis unless a backslash precedes them.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Write {written} into the prompt, or rename the file.")


class WordNotCallable(Notice):
    code = "IM-WRD-08"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The word of the embedding {name}, {word}, is prompt syntax, so no prompt can call it.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Rename the file: its name is the word.")


class WordFileMissing(Notice):
    """Of a LoRA that was trained together with an embedding."""

    code = "IM-WRD-09"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "{name} was trained together with the embedding {word}, which was not given, so the "
        "picture may show little of what was learnt.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Add the embedding too: its file came from the same run.")
