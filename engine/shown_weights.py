"""The weights that a checkpoint's samples and exported files show: averages where there are any."""

from __future__ import annotations

import torch

from engine.checkpoint import Checkpoint
from engine.config import RunConfig
from engine.methods.base import Method
from engine.resume_fit import require_fit
from engine.schedules import SCHEDULE_FREE


@torch.no_grad()
def load_shown(config: RunConfig, method: Method, saved: Checkpoint) -> None:
    """Load into an attached method what the samples of a checkpoint showed, for good.

    The method can be exported or drawn with afterwards, not trained. Raises SettingChanged or
    CheckpointDoesNotFit.
    """
    require_fit(saved, config, method)
    method.load_state_dict(saved.ema or saved.weights)
    if config.optimizer.name != SCHEDULE_FREE or saved.ema:
        return
    # Its optimizer keeps z beside the weights y that are trained; the average x lies on their line.
    to_average = 1 - 1 / config.optimizer.beta1
    parameters = [p for group in method.parameter_groups() for p in group.parameters]
    for index, parameter in enumerate(parameters):
        z = saved.optimizer["state"].get(index, {}).get("z")
        if z is not None:
            average = parameter.detach().float().lerp(z.to(parameter.device), to_average)
            parameter.data.copy_(average)
