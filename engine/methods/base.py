"""What a fine-tuning method is: which weights learn, what it leaves, and a few hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.base import DiffusionModel
from engine.results import Result, WeightsResult


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """Parameters that share a learning rate and a time to learn."""

    name: str
    parameters: list[nn.Parameter]
    learning_rate: float
    until: float = 1.0  # share of the run after which they stand still
    in_file_precision: bool = False  # files hold them as `export.precision` says, not in fp32


@dataclass(frozen=True, slots=True)
class Subject:
    """What the pictures show, in the user's words."""

    trigger: str = ""
    class_word: str = ""


@dataclass(frozen=True, slots=True)
class LiveLayer:
    """An adapted layer as it is in training; exported files are compared with it.

    `tensors`: role as in files -> tensor, fp32 on the CPU. `scale`: what the training multiplies
    their product by. `delta`: the training's own arithmetic, with other tensors of those roles in
    place of the live ones.
    """

    tensors: Mapping[str, Tensor]
    scale: float
    delta: Callable[[Mapping[str, Tensor]], Tensor]


class Method:
    """Decides which weights learn; knows nothing of data, files or families.

    The hooks have empty defaults; a method writes only what it needs.
    """

    def __init__(self, settings: Any, subject: Subject) -> None:
        self.settings = settings
        self.subject = subject

    @property
    def trains_text(self) -> bool:
        """Whether prompts must be encoded anew at every step."""
        return False

    def attach(self, model: DiffusionModel) -> None:
        """Freeze the base model and put the learning weights in place.

        The output of the model stays bit for bit as it was for every prompt that does not
        name a new word.
        """
        raise NotImplementedError(type(self).__name__)

    def parameter_groups(self) -> list[ParameterGroup]:
        """What the optimizer gets, one group for each learning rate."""
        raise NotImplementedError(type(self).__name__)

    def watched(self) -> list[ParameterGroup]:
        """Of each group that learns the weights of which some must have moved at the end."""
        return self.parameter_groups()

    def shows(self, dtype: torch.dtype) -> bool:
        """Whether what a file of this precision holds changes anything that is computed in fp32.

        Asked of weights that have moved, inside `Loop.as_result`.
        """
        del dtype
        return True

    def occasional(self) -> list[nn.Parameter]:
        """Weights that a step may not use, such as the vectors of a word that its captions do not
        call. Their gradient is zero then, so that all processes share the same gradients."""
        return []

    def set_training(self, training: bool) -> None:
        """Switch the learning weights' dropout on for a step; it is off at all other times."""

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """All weights that learn, under our own stable names."""
        raise NotImplementedError(type(self).__name__)

    def state_dict(self) -> dict[str, Tensor]:
        """The learnt weights alone; what a checkpoint keeps."""
        return {name: parameter.detach() for name, parameter in self.named_parameters()}

    def load_state_dict(self, weights: Mapping[str, Tensor]) -> None:
        """Put back what `state_dict` gave. Raises KeyError where the names differ."""
        own = dict(self.named_parameters())
        if own.keys() != weights.keys():
            raise KeyError("the saved weights belong to a method of another shape")
        for name, parameter in own.items():
            parameter.data.copy_(weights[name])

    def results(self) -> tuple[Result, ...]:
        """What was learnt, in the neutral forms that the file formats write."""
        raise NotImplementedError(type(self).__name__)

    def whole_model(self) -> WeightsResult:
        """The base model with what was learnt in its weights.

        Only asked of methods whose catalog entry says that they can.
        """
        raise NotImplementedError(type(self).__name__)

    def live_layers(self) -> Iterator[tuple[str, str]]:
        """Part and path of every layer that an adapter stands beside."""
        return iter(())

    def live_layer(self, part: str, path: str) -> LiveLayer:
        """Such a layer as the training itself has it; the reference for exported files."""
        raise NotImplementedError(type(self).__name__)

    def adopt(self, result: Result) -> None:
        """Start from what another training left. Raises ValueError where it does not fit."""
        raise ValueError(f"{type(self).__name__} cannot start from {type(result).__name__}")

    def base_model(self) -> AbstractContextManager[None]:
        """Inside the block the model answers as it did before anything was learnt.

        Raises RuntimeError where the base model's weights themselves learn and no copy was kept.
        """
        raise NotImplementedError(type(self).__name__)

    def after_step(self) -> None:
        """What must hold after the optimizer moved: kept norms, say."""
