"""Whether the weights that should have learnt have changed, and so that a file shows it."""

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
        "The training has learnt nothing: after {step} steps a file would hold these weights as "
        "they were at the start, or changes too small to show: {names}.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "No file was written. Raise the learning rate, and check the masks and captions.",
    )
    setting = "method.learning_rate"


class Movement:
    """Remembers the bits of each group, as a file of `dtype` holds them: one sum for each tensor,
    on the device."""

    def __init__(
        self, groups: Sequence[ParameterGroup], num_steps: int, dtype: torch.dtype = torch.float32
    ) -> None:
        self._dtype = dtype
        self._groups = [
            group
            for group in groups
            if group.parameters and group.learning_rate > 0 and round(group.until * num_steps) > 0
        ]
        self._before = [self._bits_of(group) for group in self._groups]

    @property
    def names(self) -> list[str]:
        """Of the groups that learn."""
        return [group.name for group in self._groups]

    def unmoved(self) -> list[str]:
        """The names of the groups that are bit for bit as they were."""
        pairs = zip(self._groups, self._before, strict=True)
        return [group.name for group, before in pairs if self._bits_of(group).equal(before)]

    def _bits_of(self, group: ParameterGroup) -> Tensor:
        return _bits(group.parameters, self._dtype if group.in_file_precision else None)


def require_learnt(step: int, unmoved: Sequence[str], *, is_over: bool) -> Iterator[Event]:
    """Raises NothingLearnt; of a run that the user stopped early it is only said."""
    names = ", ".join(unmoved)
    if names and is_over:
        raise NothingLearnt(step=step, names=names)
    if names:
        yield Noticed(notice=NothingLearntYet(step=step, names=names))


@torch.no_grad()
def _bits(tensors: Sequence[Tensor], dtype: torch.dtype | None) -> Tensor:
    sums = []
    for tensor in tensors:
        held = tensor.detach().to(dtype or tensor.dtype) + 0.0  # -0 is 0
        sums.append(held.view(_BITS[held.element_size()]).sum(dtype=torch.int64))
    return torch.stack([found.to(sums[0].device) for found in sums])
