"""Whole models as the file formats take them, without a training run before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from torch import Tensor

from engine.config_file import require
from engine.formats.metadata import ExportFacts
from engine.models.base import DiffusionModel
from engine.results import WeightsResult


def whole(model: DiffusionModel) -> WeightsResult:
    """All weights of a live model, as they are."""
    parts = {part.name: part.module for part in model.parts()} | {"vae": model.vae_module()}
    return WeightsResult(
        {name: module.state_dict() for name, module in parts.items()}, model.configs()
    )


def facts_of(model: DiffusionModel, precision: str = "fp32", **over: Any) -> ExportFacts:
    """What a run on this model would tell the formats."""
    config = require(
        {"name": "toy", "dataset": {"folder": "x"}, "export": {"precision": precision}}
    )
    facts: dict[str, Any] = {
        "config": config,
        "source": model.source,
        "prediction_type": model.noise_schedule.prediction_type,
        "num_images": 3,
        "step": 4,
        "started_at": datetime(2026, 1, 2, tzinfo=UTC),
        "zero_terminal_snr": model.source.zero_terminal_snr,
        "configs": model.configs(),
    }
    return ExportFacts(**(facts | over))


def weights_of(model: DiffusionModel) -> dict[str, dict[str, Tensor]]:
    """Part -> weight, without `text_model.` and position ids -> tensor."""
    return {
        part: {
            name.removeprefix("text_model."): tensor
            for name, tensor in weights.items()
            if not name.endswith("position_ids")
        }
        for part, weights in whole(model).weights.items()
    }


def same_weights(
    left: Mapping[str, Mapping[str, Tensor]], right: Mapping[str, Mapping[str, Tensor]]
) -> bool:
    """Names, shapes, types and values."""
    return {part: list(own) for part, own in left.items()} == {
        part: list(own) for part, own in right.items()
    } and all(
        tensor.dtype == right[part][name].dtype and tensor.equal(right[part][name])
        for part, own in left.items()
        for name, tensor in own.items()
    )


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
