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


class AddonChangesNothing(Notice):
    code = "IM-SMP-16"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{name} changes nothing: its alpha, or what is multiplied with it, is zero."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "It has no effect on these pictures. Export the file again, or train longer."
    )


class PromptCut(Notice):
    code = "IM-CAP-02"
    summary = QT_TRANSLATE_NOOP("engine", "A text is cut after {limit} tokens: {text}")
    remedy = QT_TRANSLATE_NOOP("engine", "Say the important things first.")


class DrawnAgain(Notice):
    code = "IM-SMP-02"
    summary = QT_TRANSLATE_NOOP(
        "engine", "A picture came out black and was drawn again with a wider range of numbers."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Choose bf16 or fp32 as precision, and it does not happen."
    )
    setting = "training.precision"


class StaysBlack(Notice):
    code = "IM-SMP-03"
    summary = QT_TRANSLATE_NOOP(
        "engine", "A picture is black: the model's answers are no numbers any more."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Use an earlier step, or train with a lower learning rate."
    )
    setting = "method.learning_rate"


class GridBesideTraining(Notice):
    code = "IM-SMP-14"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The pictures are drawn between the steps of the training."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Both take longer until the grid is done.")


class GridWaits(Notice):
    code = "IM-SMP-15"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The grid needs about {needed_gib:.1f} GiB beside the training; {free_gib:.1f} GiB are "
        "free.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "It is drawn when the training has ended.")
