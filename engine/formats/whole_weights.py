"""The weights in a file of a whole model: learnt ones in the precision that is wanted, all others
bit for bit as the base model has them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.formats.lora_kohya import DTYPES
from engine.formats.metadata import ExportFacts
from engine.models.base_tensors import BaseTensors, open_base
from engine.models.ldm_names import folder_name
from engine.results import WeightsResult


class WholeWeights:
    """Weights by part and by their name in a diffusers folder."""

    def __init__(self, result: WeightsResult, facts: ExportFacts) -> None:
        self.base: BaseTensors | None = None
        if result.learnt is not None:
            self.base = open_base(facts.source, result.configs)
        self._result = result
        self._wanted = DTYPES[facts.config.export.precision]
        self._live = {
            part: {folder_name(part, name): name for name in weights}
            for part, weights in result.weights.items()
        }

    def dtype(self, part: str, names: Sequence[str]) -> torch.dtype:
        """In which precision the weights, which are one tensor of the file, are written."""
        kept = {self._kept_dtype(part, name) for name in names}
        dtype = kept.pop()
        return self._wanted if kept or dtype is None else dtype

    def is_kept(self, part: str, name: str) -> bool:
        return self._kept_dtype(part, name) is not None

    def tensors(self, part: str, names: Sequence[str]) -> list[Tensor]:
        return [self.tensor(part, name) for name in names]

    def _kept_dtype(self, part: str, name: str) -> torch.dtype | None:
        """The base model's, of a weight that the training did not change."""
        if self.base is None or not self._result.is_untouched(part, self._live[part][name]):
            return None
        return self.base.dtype(part, name)

    def tensor(self, part: str, name: str) -> Tensor:
        live = self._result.weights[part][self._live[part][name]].detach()
        if not self.is_kept(part, name):
            return live
        assert self.base is not None
        own = self.base.read(part, name)
        # The file may have been replaced by another model since it was loaded.
        return own if own is not None and same_in_memory(own, live) else live


def same_in_memory(own: Tensor, live: Tensor) -> bool:
    """Whether a weight in memory, perhaps in a lesser precision, is one of the base model's."""
    return own.shape == live.shape and torch.equal(own.to(live.dtype), live.to("cpu"))
