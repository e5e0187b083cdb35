"""A base model on its device, and a method attached to it: what every use of a run shares."""

from __future__ import annotations

from collections.abc import Generator

from engine import storage
from engine.config import RunConfig
from engine.device import Compute, memory_guard, seed_everything
from engine.diffusion import PredictionType
from engine.errors import StartDoesNotFit, ZeroSnrNeedsV
from engine.events import Event, Stage, StageProgress
from engine.formats.reading import read_result
from engine.methods.base import Method, Subject
from engine.methods.catalog import build
from engine.models.base import DiffusionModel
from engine.models.loader import load_model
from engine.wording import QT_TRANSLATE_NOOP

# Where memory may run out before the first step.
_LOADING = QT_TRANSLATE_NOOP("engine", "loading the model")


def load_base(compute: Compute, config: RunConfig) -> Generator[Event, None, DiffusionModel]:
    """Yield progress; return the model on its device, as the settings want it read."""
    yield StageProgress(stage=Stage.LOAD_MODEL, done=0, total=1)
    with memory_guard(compute.device, _LOADING):
        dtype = compute.base_dtype(config)
        model = load_model(config.base_model, dtype, prediction_type=wanted_prediction(config))
        model.to(compute.device, dtype)
    model.set_clip_skip(config.training.clip_skip)
    if config.loss.zero_terminal_snr:
        if model.noise_schedule.prediction_type == "epsilon":
            raise ZeroSnrNeedsV
        model.noise_schedule = model.noise_schedule.with_zero_terminal_snr()
    model.set_gradient_checkpointing(config.training.gradient_checkpointing == "on")
    yield StageProgress(stage=Stage.LOAD_MODEL, done=1, total=1)
    return model


def wanted_prediction(config: RunConfig) -> PredictionType | None:
    """What the user says that the model predicts; None leaves it to the model's own marks."""
    return None if config.prediction_type == "auto" else config.prediction_type


def attached(config: RunConfig, model: DiffusionModel, *, at_start: bool) -> Method:
    """The method with its weights in the model, none of it in training mode.

    `at_start`: no checkpoint is loaded afterwards, so the weights of `method.start_from` count.
    Otherwise that file is not read; it may be gone by now.
    """
    dataset = config.dataset
    method = build(config.method, Subject(dataset.trigger, dataset.class_word))
    seed_everything(config.training.seed)  # new weights begin the same in every process
    method.attach(model)
    method.set_training(False)
    if at_start and config.method.start_from:
        path = storage.expand(config.method.start_from)
        try:
            method.adopt(read_result(path, model))
        except ValueError as error:
            reason = error.args[0] if error.args else ""
            raise StartDoesNotFit(path=path.name, reason=reason) from error
    return method
