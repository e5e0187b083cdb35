"""A step that found no room in memory is taken again in another way, with the same result.

The measures that change what is learnt, a smaller picture, another optimizer, are the user's to
choose; engine.memory weighs them before the start.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

import torch

from engine.models.base import DiffusionModel
from engine.step_loss import StepLoss
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_CHECKPOINTING = QT_TRANSLATE_NOOP("engine", "gradient checkpointing")
_PARTS = QT_TRANSLATE_NOOP("engine", "the batch in {parts} parts")


def let_go_of_memory() -> None:
    """What torch holds in reserve on a card, and the C library of Linux on the processor. No
    garbage is collected: this runs in the engine's thread, and what is Qt's may only be let go in
    the window's."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
    if sys.platform == "linux":  # other systems give it back by themselves, as does musl
        with suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


class Easing:
    """A ladder: recompute instead of keeping, then smaller and smaller parts of a batch."""

    def __init__(self, model: DiffusionModel, loss: StepLoss, *, recomputes: bool) -> None:
        """`recomputes`: gradient checkpointing is on already."""
        self._model, self._loss = model, loss
        self._recomputes = recomputes

    def ease(self) -> Phrase | None:
        """Take the next measure; None where there is none left."""
        let_go_of_memory()
        if not self._recomputes:
            self._recomputes = True
            self._model.set_gradient_checkpointing(True)
            return Phrase(_CHECKPOINTING)
        if self._loss.parts >= self._loss.most_parts:
            return None
        self._loss.parts = min(2 * self._loss.parts, self._loss.most_parts)
        return Phrase(_PARTS, parts=self._loss.parts)
