"""The memory ladder: which measures make a run fit into the memory that is free.

Measures that change speed and memory alone are taken without a question. Those that change what
is learnt, another optimizer, other clipping, other rounding, are only offered.

All figures are estimates, made before anything is loaded, from sizes that were counted on the
networks and from activations measured once; a dry step measures the truth later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Literal

import psutil

from engine.errors import Notice
from engine.notices import MemoryPlanned, MemoryTight
from engine.wording import QT_TRANSLATE_NOOP, Phrase

GIB = 2**30
SPARE = 0.08  # share of the free memory that stays free: fragments, and what is off in estimates
WORKSPACE = GIB * 3 // 10  # what kernels borrow on a card
MOVING_GRADIENTS = GIB // 8  # of the few weights that a fused step moves at a time

# Bytes that an optimizer keeps for each weight, its state in fp32. Rows and columns are little.
STATE_BYTES = {
    "adamw": 8.0,
    "adamw_8bit": 2.0,
    "prodigy": 16.0,
    "lion": 4.0,
    "adafactor": 0.1,
    "came": 4.2,
    "schedulefree_adamw": 8.0,
}

Precision = Literal["fp32", "bf16", "fp16"]
DeviceName = Literal["cpu", "cuda", "mps"]


def usual_precision(device: DeviceName, *, has_bf16: bool) -> Precision:
    """What "auto" means: fp32 on a processor (bf16 is slower there) and with Metal, else bf16
    where the card computes in it itself, else fp16."""
    if device != "cuda":
        return "fp32"
    return "bf16" if has_bf16 else "fp16"


@dataclass(frozen=True, slots=True)
class _Activations:
    """GiB that a sample of the family's own size keeps for the backward pass, in 16 bits."""

    pixels: int
    whole: float  # every weight learns
    addon: float  # frozen weights, fp32 add-ons beside them
    checkpointed: float
    recomputed: float  # the block that is computed anew, at its largest


_SD = _Activations(512 * 512, whole=0.87, addon=0.97, checkpointed=0.14, recomputed=0.15)
_SDXL = _Activations(1024 * 1024, whole=6.4, addon=7.27, checkpointed=0.55, recomputed=0.6)
ACTIVATIONS = {"sd1": _SD, "sd2-base": _SD, "sd2-v": _SD, "sdxl": _SDXL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Burden:
    """What a run has to hold, whatever the measures."""

    family: str  # engine.models.catalog.Family.name
    frozen: int  # weights of UNet and text encoders that stand still
    whole: int = 0  # weights of the base model that learn
    addon: int = 0  # weights beside the base model that learn, always in fp32
    fixed_bytes: int = 0  # the autoencoder, prepared pictures
    resolution: int = 512
    batch_size: int = 1  # class pictures included


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The settings of a run that weigh on its memory. What is not "auto" stays as it is, unless
    the user takes an offer: then AdamW may become an optimizer that needs less memory."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    weights: Literal["auto", "fp32", "bf16"] = "auto"
    gradient_checkpointing: Literal["auto", "on", "off"] = "auto"
    fused_backward: bool = False
    optimizer: str = "adamw"
    max_grad_norm: float = 1.0
    gradient_accumulation: int = 1
    ema: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The device as it is before the run loads anything."""

    device: DeviceName
    free_bytes: int
    has_bf16: bool = True  # natively, not emulated
    has_8bit: bool = False  # bitsandbytes is there

    @property
    def usual_precision(self) -> Precision:
        return usual_precision(self.device, has_bf16=self.has_bf16)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPlan:
    """How a run is carried out."""

    precision: Precision  # of the computation and of the weights that stand still
    weights: Literal["fp32", "bf16"]  # of the base model's weights that learn
    gradient_checkpointing: bool
    fused_backward: bool
    optimizer: str
    bytes_needed: int = 0
    free_bytes: int = 0
    measures: tuple[str, ...] = ()  # what was done to make it fit; see MEASURES

    @property
    def fits(self) -> bool:
        return self.bytes_needed <= (1 - SPARE) * self.free_bytes


MEASURES = {
    "checkpointing": QT_TRANSLATE_NOOP("engine", "gradient checkpointing"),
    "fused": QT_TRANSLATE_NOOP("engine", "steps inside the backward pass"),
    "bf16_weights": QT_TRANSLATE_NOOP("engine", "bf16 weights, rounded at random"),
    "bf16_base": QT_TRANSLATE_NOOP("engine", "a base model in bf16"),
    "adamw_8bit": QT_TRANSLATE_NOOP("engine", "AdamW with 8 bits"),
    "adafactor": QT_TRANSLATE_NOOP("engine", "the optimizer Adafactor"),
}
_Rung = Callable[[MemoryPlan, Wishes, Place], MemoryPlan | None]

_AND_MORE = QT_TRANSLATE_NOOP("engine", "{first}, {more}")


def plan_memory(burden: Burden, wishes: Wishes, place: Place) -> MemoryPlan:
    """The first rung that fits of those that learn the same, or the last of them if none does.

    Gradient checkpointing; for whole networks then a fused backward pass, where no gradient is
    clipped. A rung that a wish or the device forbids is left out.
    """
    plan = _first_rung(wishes, place)
    plan = replace(plan, bytes_needed=estimate(burden, plan, place, ema=wishes.ema))
    return _climb(plan, _WHOLE_LADDER if burden.whole else _ADDON_LADDER, burden, wishes, place)


def offer_memory(burden: Burden, wishes: Wishes, place: Place) -> MemoryPlan | None:
    """How a run that does not fit would fit if the user agrees that it learns differently; None
    if it fits as it is, or does not fit in any way.

    Each rung keeps the measures of those below it. Whole networks: a fused backward pass, which
    clips each weight's gradient by itself, then bf16 weights, then a smaller optimizer state.
    Add-ons: a base model in bf16.
    """
    plan = plan_memory(burden, wishes, place)
    if plan.fits:
        return None
    ladder = _WHOLE_OFFERS if burden.whole else _ADDON_OFFERS
    offer = _climb(plan, ladder, burden, wishes, place)
    return offer if offer.fits else None


def measures_of(plan: MemoryPlan, *, beyond: MemoryPlan | None = None) -> Phrase:
    """The measures of a plan in words, without those that another plan takes already."""
    known = () if beyond is None else beyond.measures
    *others, told = [Phrase(MEASURES[m]) for m in plan.measures if m not in known]
    for measure in reversed(others):
        told = Phrase(_AND_MORE, first=measure, more=told)
    return told


def notice_of(plan: MemoryPlan) -> Notice | None:
    """What the user should know about a plan: nothing if no measure is taken."""
    figures = {"needed_gib": plan.bytes_needed / GIB, "free_gib": plan.free_bytes / GIB}
    if not plan.fits:
        return MemoryTight(**figures)
    if not plan.measures:
        return None
    return MemoryPlanned(measures=measures_of(plan), **figures)


def estimate(burden: Burden, plan: MemoryPlan, place: Place, *, ema: bool = False) -> int:
    """Bytes at the peak of a step."""
    computed = 4 if plan.precision == "fp32" else 2
    held = 2 if plan.weights == "bf16" else 4
    learning = burden.whole + burden.addon
    gradients = held * burden.whole + 4 * burden.addon
    if plan.fused_backward:
        gradients = min(gradients, MOVING_GRADIENTS)
    # Autocast keeps a copy of each weight that it rounds until the backward pass is over.
    copies = computed * burden.whole if computed < held else 0
    parts = (
        burden.fixed_bytes,
        computed * burden.frozen,
        held * burden.whole + 4 * burden.addon,
        copies,
        gradients,
        STATE_BYTES[plan.optimizer] * learning,
        4 * learning if ema else 0,
        _activation_bytes(burden, plan),
        WORKSPACE if place.device == "cuda" else 0,
    )
    return round(sum(parts))


def probe(device: str) -> Place:
    """Measure the device. Ask before the model is loaded."""
    import torch  # late: keeps the plan itself in the light half

    from engine.device import has_native_bf16

    available = psutil.virtual_memory().available
    if device != "cuda":
        return Place(device="mps" if device == "mps" else "cpu", free_bytes=available)
    return Place(
        device="cuda",
        free_bytes=torch.cuda.mem_get_info()[0],
        has_bf16=has_native_bf16(),
        has_8bit=find_spec("bitsandbytes") is not None,
    )


def _climb(
    plan: MemoryPlan, ladder: tuple[_Rung, ...], burden: Burden, wishes: Wishes, place: Place
) -> MemoryPlan:
    """The first rung that fits, or the last one."""
    for climb in ladder:
        if plan.fits:
            break
        higher = climb(plan, wishes, place)
        if higher is not None:
            plan = replace(higher, bytes_needed=estimate(burden, higher, place, ema=wishes.ema))
    return plan


def _activation_bytes(burden: Burden, plan: MemoryPlan) -> float:
    """Linear in the pixels and in the samples."""
    known = ACTIVATIONS[burden.family]
    if plan.gradient_checkpointing:
        gib = known.checkpointed + known.recomputed
    else:
        gib = known.whole if burden.whole else known.addon
    samples = burden.batch_size * burden.resolution**2 / known.pixels
    return gib * GIB * samples * (2 if plan.precision == "fp32" else 1)


def _first_rung(wishes: Wishes, place: Place) -> MemoryPlan:
    """The wishes, and the usual for what is left open."""
    precision = wishes.precision
    if precision == "auto":
        precision = "bf16" if wishes.weights == "bf16" else place.usual_precision
    return MemoryPlan(
        precision=precision,
        weights="fp32" if wishes.weights == "auto" else wishes.weights,
        gradient_checkpointing=wishes.gradient_checkpointing == "on",
        fused_backward=wishes.fused_backward,
        optimizer=wishes.optimizer,
        free_bytes=place.free_bytes,
    )


def _checkpointing(plan: MemoryPlan, wishes: Wishes, place: Place) -> MemoryPlan | None:
    del place
    if wishes.gradient_checkpointing != "auto":
        return None
    return _with(plan, "checkpointing", gradient_checkpointing=True)


def _fused(plan: MemoryPlan, wishes: Wishes, place: Place) -> MemoryPlan | None:
    del place
    gathers = wishes.gradient_accumulation > 1
    if plan.fused_backward or gathers or plan.precision == "fp16" or plan.optimizer == "prodigy":
        return None
    return _with(plan, "fused", fused_backward=True)


def _fused_alike(plan: MemoryPlan, wishes: Wishes, place: Place) -> MemoryPlan | None:
    """Without clipping, a fused step moves the weights as a plain one does, bit for bit."""
    return None if wishes.max_grad_norm > 0 else _fused(plan, wishes, place)


def _bf16_weights(plan: MemoryPlan, wishes: Wishes, place: Place) -> MemoryPlan | None:
    if wishes.weights != "auto" or not _may_use_bf16(wishes, place):
        return None
    return _with(plan, "bf16_weights", weights="bf16", precision="bf16")


def _lean_optimizer(plan: MemoryPlan, wishes: Wishes, place: Place) -> MemoryPlan | None:
    if wishes.optimizer != "adamw":
        return None
    lean = "adamw_8bit" if place.device == "cuda" and place.has_8bit else "adafactor"
    return _with(plan, lean, optimizer=lean)


def _bf16_base(plan: MemoryPlan, wishes: Wishes, place: Place) -> MemoryPlan | None:
    if plan.precision != "fp32" or not _may_use_bf16(wishes, place):
        return None
    return _with(plan, "bf16_base", precision="bf16")


def _may_use_bf16(wishes: Wishes, place: Place) -> bool:
    return place.has_bf16 and wishes.precision in {"auto", "bf16"}


def _with(plan: MemoryPlan, measure: str, **changes: object) -> MemoryPlan:
    return replace(plan, measures=(*plan.measures, measure), **changes)  # type: ignore[arg-type]


_WHOLE_LADDER: tuple[_Rung, ...] = (_checkpointing, _fused_alike)
_ADDON_LADDER: tuple[_Rung, ...] = (_checkpointing,)
_WHOLE_OFFERS: tuple[_Rung, ...] = (_fused, _bf16_weights, _lean_optimizer)
_ADDON_OFFERS: tuple[_Rung, ...] = (_bf16_base,)
