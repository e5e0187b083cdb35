"""A step that ran out of memory is computed again in a cheaper way with the same result.

The same but for rounding: gradient checkpointing draws the same dropout again, and the parts of
a batch add up to its loss. With dropout a batch is not split, since its parts would draw other
random numbers. Whatever changes what is learnt is for the user to choose; see engine.memory.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
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

    def state_dict(self) -> dict[str, int]:
        """For a checkpoint: a resumed run computes as the unbroken one does."""
        return {"recomputes": int(self._recomputes), "parts": self._loss.parts}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Take the measures that were needed before; none that is taken now is undone."""
        if state.get("recomputes") and not self._recomputes:
            self._recomputes = True
            self._model.set_gradient_checkpointing(True)
        parts = int(state.get("parts", 1))
        self._loss.parts = min(max(self._loss.parts, parts), self._loss.most_parts)
