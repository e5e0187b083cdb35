"""The settings of a run made fit for this computer's memory, before anything is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.config import RunConfig
from engine.config_file import merge, nested, require, switches_of
from engine.device import device_name, require_device, resolve_precision, runs_on_cpu
from engine.errors import Notice
from engine.memory import (
    GIB,
    Burden,
    MemoryPlan,
    Place,
    Wishes,
    measures_of,
    notice_of,
    offer_memory,
    plan_memory,
    probe,
)
from engine.models.catalog import locate
from engine.models.size import largest_clip_skip, measure_model, require_clip_skip
from engine.notices import MemoryOffered

SMALLEST_RESOLUTION = 256  # below it the large models draw nothing that one would know
ADDON_SHARE = 0.02  # of the frozen weights; a large LoRA


@dataclass(frozen=True, slots=True)
class Plan:
    """A config without any "auto" that weighs on memory, and what to tell about it."""

    config: RunConfig
    notice: Notice | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Settings to change, by dotted key."""

    changes: Mapping[str, str | int | bool]
    measures: str = ""  # in words, where the change is an offer of the memory ladder
    bytes_needed: int = 0


def plan_run(config: RunConfig) -> Plan:
    """Raises one of the Model... errors, ClipSkipTooLarge among them, DeviceMissing or
    PrecisionNotPossible."""
    require_device(config.training)
    source = locate(config.base_model)
    require_clip_skip(config.training.clip_skip, largest_clip_skip(source), source)
    place = place_of(config)
    plan = estimate_run(config, place)
    settings = _changed(config, _as_settings(plan))
    return Plan(settings, _notice_of(config, plan, place))


def place_of(config: RunConfig) -> Place:
    """The device of a run, and what is free there now."""
    place = probe(device_name(config.training))
    if place.device == "cpu":  # the processes of one computer share its memory
        share = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        place = replace(place, free_bytes=place.free_bytes // share)
    return place


def estimate_run(config: RunConfig, place: Place) -> MemoryPlan:
    """How the run would be carried out there, and what that needs. Raises the Model... errors."""
    return plan_memory(_burden(config), _wishes(config), place)


def offer_for(config: RunConfig, place: Place) -> Suggestion | None:
    """What would make a run fit but change what it learns, so that the user has to agree."""
    plan = estimate_run(config, place)
    offer = offer_memory(_burden(config), _wishes(config), place)
    if offer is None:
        return None
    usual = _as_settings(plan)
    changes = {key: value for key, value in _as_settings(offer).items() if value != usual[key]}
    return Suggestion(changes, measures_of(offer, beyond=plan), offer.bytes_needed)


def suggest_fit(config: RunConfig, measured_bytes: int = 0) -> Suggestion | None:
    """The first change of settings that would make a run fit; None where none would.

    `measured_bytes`: what the run as it is really took; 0 where it ran out of memory before that
    was known. The estimates are then off by as much. Asked before anything is loaded, or after it
    was let go.
    """
    place = place_of(config)
    usual = estimate_run(config, place)
    if not measured_bytes and usual.fits:
        measured_bytes = place.free_bytes
    if measured_bytes:
        free = place.free_bytes * usual.bytes_needed / measured_bytes
        place = replace(place, free_bytes=round(free))
    for key in _fixed(config):
        if _would_fit(config, {key: "auto"}, place):
            return Suggestion({key: "auto"})
    offer = offer_for(config, place)
    if offer is not None:
        return offer
    for key, value in _smaller(config):
        if _would_fit(config, {key: value}, place):
            return Suggestion({key: value})
    return None


def _changed(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """The settings with some, by dotted key, replaced."""
    data = config.model_dump()
    for key, value in changes.items():
        data = merge(data, nested(key, value))
    return require(data)


def _would_fit(config: RunConfig, changes: Mapping[str, Any], place: Place) -> bool:
    return estimate_run(_changed(config, changes), place).fits


def _notice_of(config: RunConfig, plan: MemoryPlan, place: Place) -> Notice | None:
    offer = offer_for(config, place)
    if offer is None:
        return notice_of(plan)
    return MemoryOffered(
        needed_gib=plan.bytes_needed / GIB,
        free_gib=plan.free_bytes / GIB,
        measures=offer.measures,
        switches=switches_of(offer.changes),
    )


def _fixed(config: RunConfig) -> Iterator[str]:
    """Settings that the program chooses by itself if the user lets it."""
    for name in ("gradient_checkpointing", "weights", "precision"):
        if getattr(config.training, name) != "auto":
            yield f"training.{name}"


def _smaller(config: RunConfig) -> Iterator[tuple[str, int]]:
    """The least painful first."""
    training = config.training
    if training.batch_size > 1:
        yield "training.batch_size", 1
    for side in range(training.resolution - 64, SMALLEST_RESOLUTION - 1, -64):
        yield "training.resolution", side


def _as_settings(plan: MemoryPlan) -> dict[str, str | bool]:
    return {
        "training.precision": plan.precision,
        "training.weights": plan.weights,
        "training.gradient_checkpointing": "on" if plan.gradient_checkpointing else "off",
        "optimizer.name": plan.optimizer,
        "optimizer.fused_backward": plan.fused_backward,
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
        max_grad_norm=optimizer.max_grad_norm,
        gradient_accumulation=training.gradient_accumulation,
        ema=optimizer.ema_decay > 0,
    )
