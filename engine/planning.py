"""The settings of a run made fit for this computer's memory, before anything is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from engine.config import RunConfig
from engine.config_file import merge, require
from engine.device import device_name, resolve_precision, runs_on_cpu
from engine.errors import Notice
from engine.memory import Burden, MemoryPlan, Wishes, notice_of, plan_memory, probe
from engine.models.catalog import locate
from engine.models.size import measure_model

SMALLEST_RESOLUTION = 256  # below it the large models draw nothing that one would know
ADDON_SHARE = 0.02  # of the frozen weights; a large LoRA


@dataclass(frozen=True, slots=True)
class Plan:
    """A config without any "auto" that weighs on memory, and what to tell about it."""

    config: RunConfig
    notice: Notice | None


def plan_run(config: RunConfig) -> Plan:
    """Raises one of the Model... errors."""
    plan = estimate_run(config)
    settings = require(merge(config.model_dump(), _as_settings(plan)))
    return Plan(_agreed(settings), notice_of(plan))


def estimate_run(config: RunConfig) -> MemoryPlan:
    """How the run would be carried out here, and what that needs. Raises the Model... errors."""
    place = probe(device_name(config.training))
    if place.device == "cpu":  # the processes of one computer share its memory
        share = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        place = replace(place, free_bytes=place.free_bytes // share)
    return plan_memory(_burden(config), _wishes(config), place)


def first_switch(config: RunConfig, measured_bytes: int = 0) -> tuple[str, str | int] | None:
    """The first setting, and its value, that would make a run fit; None where none would.

    `measured_bytes`: what the run as it is really took, where that is known; the estimates are
    then off by as much. Asked before anything is loaded, or after it was let go.
    """
    place = probe(device_name(config.training))
    usual = plan_memory(_burden(config), _wishes(config), place)
    off = measured_bytes / usual.bytes_needed if measured_bytes else 1.0
    for key, value in _switches(config):
        section, name = key.split(".")
        changed = require(merge(config.model_dump(), {section: {name: value}}))
        plan = plan_memory(_burden(changed), _wishes(changed), place)
        if replace(plan, bytes_needed=round(off * plan.bytes_needed)).fits:
            return key, value
    return None


def _switches(config: RunConfig) -> Iterator[tuple[str, str | int]]:
    """What may be changed, the least painful first."""
    training = config.training
    for name in ("gradient_checkpointing", "weights", "precision"):
        if getattr(training, name) != "auto":
            yield f"training.{name}", "auto"
    if config.optimizer.name != "adafactor":
        yield "optimizer.name", "adafactor"
    if training.batch_size > 1:
        yield "training.batch_size", 1
    for side in range(training.resolution - 64, SMALLEST_RESOLUTION - 1, -64):
        yield "training.resolution", side


def _agreed(config: RunConfig) -> RunConfig:
    """What the first process decided: a moment later another finds less memory free."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return config
    PartialState(cpu=runs_on_cpu(config.training))  # lets the processes talk
    told = [config.model_dump_json()]
    broadcast_object_list(told)
    return RunConfig.model_validate_json(told[0])


def _as_settings(plan: MemoryPlan) -> dict[str, Any]:
    return {
        "training": {
            "precision": plan.precision,
            "weights": plan.weights,
            "gradient_checkpointing": "on" if plan.gradient_checkpointing else "off",
        },
        "optimizer": {"name": plan.optimizer, "fused_backward": plan.fused_backward},
    }


def _burden(config: RunConfig) -> Burden:
    source = locate(config.base_model)
    size = measure_model(source)
    method, training = config.method, config.training
    whole = 0
    if method.learns_whole_networks:
        whole = size.unet + (size.text if method.teaches_text else 0)
    prior = method.prior()
    copies = whole if prior is not None and prior.from_frozen else 0
    everything = size.unet + size.text
    return Burden(
        family=source.family.name,
        frozen=everything - whole + copies,
        whole=whole,
        addon=0 if whole else round(ADDON_SHARE * everything),
        fixed_bytes=4 * size.vae,
        resolution=training.resolution,
        batch_size=training.batch_size * (1 if prior is None else 2),
    )


def _wishes(config: RunConfig) -> Wishes:
    training, optimizer = config.training, config.optimizer
    precision = training.precision
    if precision != "auto":
        precision = resolve_precision(training, runs_on_cpu(training))
    return Wishes(
        precision=precision,
        weights=training.weights,
        gradient_checkpointing=training.gradient_checkpointing,
        fused_backward=optimizer.fused_backward,
        optimizer=optimizer.name,
        gradient_accumulation=training.gradient_accumulation,
        ema=optimizer.ema_decay > 0,
    )
