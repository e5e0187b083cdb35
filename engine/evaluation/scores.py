"""What the judge found at a checkpoint, and which checkpoint is the best. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.wording import QT_TRANSLATE_NOOP, Phrase

# Below this two likenesses of a handful of pictures are the same; see docs/decisions/0009-judge.md.
NOISE = 0.01
MANY_COPIES = 0.5  # so many pictures that copy a training picture are memorising
LOST_PROMPTS = 0.25  # so much less of the prompts followed than at the best is too much

_HIGHEST = QT_TRANSLATE_NOOP("engine", "its pictures are the most like yours ({likeness:.2f})")
_LEAST_CHANGED = QT_TRANSLATE_NOOP(
    "engine",
    "its pictures are as like yours as any ({likeness:.2f}, the most is {highest:.2f}), and "
    "everything else changed the least",
)
_COPIES = QT_TRANSLATE_NOOP("engine", "{reason}; step {step} copies your pictures")
_PROMPTS = QT_TRANSLATE_NOOP("engine", "{reason}; step {step} follows the prompt less")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Figures of one checkpoint; see engine.evaluation.measures for what they are."""

    step: int
    likeness: float  # to references; a cosine
    base_likeness: float  # of the base model's pictures, same prompts and seeds
    ceiling: float  # of real pictures
    margin: float  # likeness over that to the nearest other thing
    prompts: float  # share of pictures that follow their own prompt and no other
    drift: float  # how much pictures of other things changed
    copies: float  # share of pictures that copy a training picture

    @property
    def gain(self) -> float:
        return self.likeness - self.base_likeness


@dataclass(frozen=True, slots=True)
class Choice:
    """The best checkpoint and why, as the end of a sentence."""

    step: int
    reason: Phrase


def best_of(scores: Sequence[Score]) -> Choice | None:
    """The checkpoint to keep; None where nothing was scored.

    Checkpoints that memorise or that lost the prompt are left out, if any other is left. Of the
    rest the most alike counts, and among those that are as good within NOISE the one that
    changed everything else the least.
    """
    if not scores:
        return None
    sound = [score for score in scores if score.copies < MANY_COPIES] or list(scores)
    followed = max(score.prompts for score in sound)
    obedient = [score for score in sound if score.prompts >= followed - LOST_PROMPTS]
    highest = max(obedient, key=lambda score: score.likeness)
    level = [score for score in obedient if score.likeness >= highest.likeness - NOISE]
    best = min(level, key=lambda score: (score.drift, score.step))
    return Choice(best.step, _reason(best, highest, scores))


def stands_still(scores: Sequence[Score], patience: int) -> bool:
    """Whether the last `patience` checkpoints brought no more likeness. 0 waits for ever."""
    if patience == 0 or len(scores) <= patience:
        return False
    earlier = max(score.likeness for score in scores[:-patience])
    return all(score.likeness < earlier + NOISE for score in scores[-patience:])


def _reason(best: Score, highest: Score, scores: Sequence[Score]) -> Phrase:
    reason = (
        Phrase(_HIGHEST, likeness=best.likeness)
        if best is highest
        else Phrase(_LEAST_CHANGED, likeness=best.likeness, highest=highest.likeness)
    )
    rivals = [score for score in scores if score.likeness > highest.likeness]
    if rivals:
        rival = max(rivals, key=lambda score: score.likeness)
        why = _COPIES if rival.copies >= MANY_COPIES else _PROMPTS
        return Phrase(why, reason=reason, step=rival.step)
    return reason
