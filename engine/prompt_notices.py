"""What the user should know of a prompt and the files that it names; see engine.errors."""

from __future__ import annotations

from engine.errors import Notice
from engine.wording import QT_TRANSLATE_NOOP


class TagsUnknown(Notice):
    code = "IM-SMP-07"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Nothing that is known here has this name: {tags}. It does nothing."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Give the file itself, or put it into a run's exports or a front end's folder."
    )


class SyntaxNotDone(Notice):
    code = "IM-SMP-08"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Imprint does not do this part of a prompt and draws it as text: {pieces}"
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Prompt editing, alternating words, AND, wildcards and {{a|b}} are for other programs.",
    )


class OutputVectorsUnused(Notice):
    code = "IM-SMP-09"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "{name} also holds vectors for the text encoder's output (OneTrainer's); "
        "they are not used.",
    )
