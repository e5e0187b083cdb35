"""How a run judges itself. Imports no torch."""

from __future__ import annotations

from engine.settings import Settings, setting
from engine.wording import QT_TRANSLATE_NOOP


class EvaluationSettings(Settings):
    """Whether likeness is measured, against what, and what follows from it."""

    enabled: bool = setting(
        True,
        label=QT_TRANSLATE_NOOP("engine", "Measure likeness"),
        help=QT_TRANSLATE_NOOP(
            "engine", "At each checkpoint: how like your pictures, and what else changed."
        ),
        advanced=True,
    )
    references: str = setting(
        "",
        label=QT_TRANSLATE_NOOP("engine", "Pictures to compare with"),
        help=QT_TRANSLATE_NOOP(
            "engine", "A folder of pictures of the same thing that are not trained on."
        ),
        advanced=True,
    )
    hold_out: bool = setting(
        True,
        label=QT_TRANSLATE_NOOP("engine", "Keep pictures back"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "From 6 pictures on, one in six, at most 4, is not trained on but compared with.",
        ),
        advanced=True,
    )
    num_pictures: int = setting(
        4,
        label=QT_TRANSLATE_NOOP("engine", "Pictures judged"),
        help=QT_TRANSLATE_NOOP("engine", "At each checkpoint; more are steadier and slower."),
        advanced=True,
        ge=2,
        le=256,
    )
    network: str = setting(
        "",
        label=QT_TRANSLATE_NOOP("engine", "Judging network"),
        help=QT_TRANSLATE_NOOP(
            "engine", "A CLIP or DINOv2 folder. Empty: the small one that Imprint brings along."
        ),
        advanced=True,
    )
    use_best: bool = setting(
        True,
        label=QT_TRANSLATE_NOOP("engine", "Export the best checkpoint"),
        help=QT_TRANSLATE_NOOP("engine", "Off: always the last."),
        advanced=True,
    )
    patience: int = setting(
        0,
        label=QT_TRANSLATE_NOOP("engine", "Patience"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "End the run after so many checkpoints that are no more like your pictures. 0: never.",
        ),
        advanced=True,
        ge=0,
        le=1000,
    )


def held_out(num_pictures: int) -> int:
    """How many of a user's pictures are kept back: one in six, at most 4; none of fewer than 6."""
    return min(num_pictures // 6, 4)
