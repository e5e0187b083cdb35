"""What a fine-tuning method is: which weights learn, and three hooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from engine.data.batches import Batch
from engine.models.base import DiffusionModel
from engine.results import Result


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """Parameters that share a learning rate."""

    name: str
    parameters: list[nn.Parameter]
    learning_rate: float


class Method:
    """Decides which weights learn; knows nothing of data, files or families.

    The hooks have empty defaults; a method writes only what it needs.
    """

    @property
    def trains_text(self) -> bool:
        """Whether prompts must be encoded anew at every step."""
        return False

    def attach(self, model: DiffusionModel) -> None:
        """Freeze the base model and put the learning weights in place.

        The output of the model stays bit for bit as it was.
        """
        raise NotImplementedError(type(self).__name__)

    def parameter_groups(self) -> list[ParameterGroup]:
        """What the optimizer gets, one group for each learning rate."""
        raise NotImplementedError(type(self).__name__)

    def set_training(self, training: bool) -> None:
        """Switch the learning weights' dropout on for a step, off for a sample."""

    def state_dict(self) -> dict[str, Tensor]:
        """The learnt weights alone, under our own stable names."""
        raise NotImplementedError(type(self).__name__)

    def load_state_dict(self, weights: Mapping[str, Tensor]) -> None:
        """Put back what `state_dict` gave."""
        raise NotImplementedError(type(self).__name__)

    def result(self) -> Result:
        """What was learnt, in the neutral form that the file formats write."""
        raise NotImplementedError(type(self).__name__)

    def before_step(self) -> None:
        """What is worth computing once a step rather than once a layer."""

    def extra_loss(self, batch: Batch, prediction: Tensor) -> Tensor | None:
        """A second term beside the denoising loss: prior preservation."""
        del batch, prediction
        return None

    def after_step(self) -> None:
        """What must hold after the optimizer moved: kept norms, averaged weights."""
