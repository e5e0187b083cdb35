"""Whether the weights that should have learnt have moved at all since a run began."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from engine.errors import UserError
from engine.events import Event, Noticed
from engine.methods.base import ParameterGroup
from engine.word_notices import NothingLearntYet
from engine.wording import QT_TRANSLATE_NOOP

_BITS = {8: torch.int64, 4: torch.int32, 2: torch.int16, 1: torch.int8}


class NothingLearnt(UserError):
    code = "IM-LRN-01"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The training has learnt nothing: after {step} steps these weights are exactly as they "
        "were at the start: {names}.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "No file was written. Raise the learning rate, and check the masks and captions.",
    )
    setting = "method.learning_rate"


class Movement:
    """Remembers the bits of each group, as one sum for each tensor, on the device."""

    def __init__(self, groups: Sequence[ParameterGroup], num_steps: int) -> None:
        self._groups = [
            group
            for group in groups
            if group.parameters and group.learning_rate > 0 and round(group.until * num_steps) > 0
        ]
        self._before = [_bits(group.parameters) for group in self._groups]

    def unmoved(self) -> list[str]:
        """The names of the groups that are bit for bit as they were."""
        pairs = zip(self._groups, self._before, strict=True)
        return [group.name for group, before in pairs if _bits(group.parameters).equal(before)]


def require_learnt(step: int, unmoved: Sequence[str], *, is_over: bool) -> Iterator[Event]:
    """Raises NothingLearnt; of a run that the user stopped early it is only said."""
    names = ", ".join(unmoved)
    if names and is_over:
        raise NothingLearnt(step=step, names=names)
    if names:
        yield Noticed(notice=NothingLearntYet(step=step, names=names))


@torch.no_grad()
def _bits(tensors: Sequence[Tensor]) -> Tensor:
    sums = [t.detach().view(_BITS[t.element_size()]).sum(dtype=torch.int64) for t in tensors]
    return torch.stack([found.to(sums[0].device) for found in sums])
