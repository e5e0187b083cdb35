"""The memory ladder on pretended machines, and its figures against what torch really keeps."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from itertools import product

import pytest
import torch
from torch import nn

from engine.config import OptimizerSettings
from engine.memory import (
    ACTIVATIONS,
    GIB,
    STATE_BYTES,
    Burden,
    MemoryPlan,
    Place,
    Wishes,
    estimate,
    measures_of,
    notice_of,
    offer_memory,
    plan_memory,
    probe,
)
from engine.models import catalog
from engine.notices import MemoryPlanned, MemoryTight
from engine.optimizers import OPTIMIZERS, build_optimizer
from tests.conftest import ROOT

# Parameters as counted on the real networks.
SD_UNET, SD_TEXT, VAE_BYTES = 859_500_000, 123_000_000, 4 * 83_700_000
SDXL_UNET, SDXL_TEXT = 2_567_500_000, 818_000_000
STARTER_UNET, STARTER_TEXT = 34_000_000, 5_000_000

SD_DREAMBOOTH = Burden(family="sd1", frozen=SD_TEXT, whole=SD_UNET, fixed_bytes=VAE_BYTES)
SDXL_DREAMBOOTH = Burden(
    family="sdxl", frozen=SDXL_TEXT, whole=SDXL_UNET, fixed_bytes=VAE_BYTES, resolution=1024
)
SD_LORA = Burden(family="sd1", frozen=SD_UNET + SD_TEXT, addon=3_200_000, fixed_bytes=VAE_BYTES)
SDXL_LORA = Burden(
    family="sdxl",
    frozen=SDXL_UNET + SDXL_TEXT,
    addon=23_000_000,
    fixed_bytes=VAE_BYTES,
    resolution=1024,
)


def card(gib: float, **facts) -> Place:
    """A card of this size, less what the screen and the driver take."""
    return Place(device="cuda", free_bytes=round((gib - 0.4) * GIB), **facts)


def processor(gib: float) -> Place:
    """A machine with this much memory, less what the system and Imprint take."""
    return Place(device="cpu", free_bytes=round((gib - 2) * GIB))


# What is done without a question


@pytest.mark.parametrize(
    "gib, measures",
    [(24, ()), (16, ("checkpointing", "fused")), (12, ("checkpointing", "fused"))],
)
def test_sd15_dreambooth_without_clipping_climbs_two_rungs_by_itself(gib, measures):
    plan = plan_memory(SD_DREAMBOOTH, Wishes(max_grad_norm=0), card(gib, has_8bit=True))
    assert plan.measures == measures
    assert plan.fits == (gib > 12)
    assert plan.gradient_checkpointing == ("checkpointing" in measures)
    assert plan.fused_backward == ("fused" in measures)


def test_sdxl_lora_on_a_processor_with_24_gb_needs_checkpointing_alone():
    plan = plan_memory(SDXL_LORA, Wishes(), processor(24))
    assert (plan.precision, plan.measures) == ("fp32", ("checkpointing",))
    assert plan.fits
    assert offer_memory(SDXL_LORA, Wishes(), processor(24)) is None


BURDENS = (SD_DREAMBOOTH, SDXL_DREAMBOOTH, SD_LORA, SDXL_LORA)
PLACES = (
    *(card(gib, has_bf16=bf16, has_8bit=True) for gib in (4, 8, 12, 24) for bf16 in (False, True)),
    *(processor(gib) for gib in (4, 8, 16, 32)),
)
WISHES = tuple(
    Wishes(optimizer=optimizer, max_grad_norm=norm, gradient_accumulation=gathered)
    for optimizer in sorted(OPTIMIZERS)
    for norm in (0.0, 1.0)
    for gathered in (1, 4)
)


def test_no_measure_that_changes_what_is_learnt_is_taken_without_a_question():
    """Optimizer, clipping, the precision of arithmetic and of weights are as they were wished."""
    eased = 0
    for burden, wishes, place in product(BURDENS, WISHES, PLACES):
        plan = plan_memory(burden, wishes, place)
        assert plan.optimizer == wishes.optimizer
        assert (plan.precision, plan.weights) == (place.usual_precision, "fp32")
        assert not (plan.fused_backward and wishes.max_grad_norm > 0)
        assert set(plan.measures) <= {"checkpointing", "fused"}
        eased += bool(plan.measures)
    assert eased > 100


# What is offered


@pytest.mark.parametrize(
    "gib, measures",
    [
        (24, None),
        (16, ("checkpointing", "fused")),
        (12, ("checkpointing", "fused", "bf16_weights")),
        (8, ("checkpointing", "fused", "bf16_weights", "adamw_8bit")),
        (6, ("checkpointing", "fused", "bf16_weights", "adamw_8bit")),
    ],
)
def test_sd15_dreambooth_is_offered_what_the_card_makes_necessary(gib, measures):
    offer = offer_memory(SD_DREAMBOOTH, Wishes(), card(gib, has_8bit=True))
    assert measures == (offer and offer.measures)
    if offer is not None:
        assert offer.fits
        assert offer.weights == ("bf16" if "bf16_weights" in offer.measures else "fp32")
        assert offer.optimizer == ("adamw_8bit" if "adamw_8bit" in offer.measures else "adamw")


def test_without_bitsandbytes_the_smaller_optimizer_is_adafactor():
    offer = offer_memory(SD_DREAMBOOTH, Wishes(), card(6))
    assert offer is not None
    assert offer.optimizer == "adafactor"


def test_sdxl_dreambooth_may_fit_a_processor_with_24_gb():
    plan = plan_memory(SDXL_DREAMBOOTH, Wishes(), processor(24))
    assert (plan.optimizer, plan.weights, plan.fits) == ("adamw", "fp32", False)
    offer = offer_memory(SDXL_DREAMBOOTH, Wishes(), processor(24))
    assert offer is not None
    assert (offer.precision, offer.weights, offer.optimizer) == ("bf16", "bf16", "adafactor")
    assert offer.gradient_checkpointing
    assert offer.fused_backward
    assert "the optimizer Adafactor" in measures_of(offer, beyond=plan)
    assert "gradient checkpointing" not in measures_of(offer, beyond=plan)


def test_sdxl_lora_on_a_processor_with_16_gb_is_offered_a_base_model_in_bf16():
    offer = offer_memory(SDXL_LORA, Wishes(), processor(16))
    assert offer is not None
    assert (offer.precision, offer.measures) == ("bf16", ("checkpointing", "bf16_base"))
    assert not offer.fused_backward


def test_what_fits_in_no_way_is_not_offered():
    assert offer_memory(SDXL_DREAMBOOTH, Wishes(), processor(6)) is None


@pytest.mark.parametrize("place", [processor(4), card(4), card(4, has_bf16=False)])
@pytest.mark.parametrize("learns_whole", [False, True])
def test_the_starter_model_always_goes_its_usual_way(place, learns_whole):
    burden = Burden(
        family="sd1",
        frozen=STARTER_TEXT + (0 if learns_whole else STARTER_UNET),
        whole=STARTER_UNET if learns_whole else 0,
        addon=0 if learns_whole else 500_000,
        resolution=64,
        batch_size=8,
    )
    plan = plan_memory(burden, Wishes(), place)
    assert plan.measures == ()
    assert plan.fits
    assert notice_of(plan) is None


def test_what_the_user_chose_is_kept_even_when_it_does_not_fit():
    wishes = Wishes(
        precision="fp32",
        weights="fp32",
        gradient_checkpointing="off",
        optimizer="prodigy",
    )
    plan = plan_memory(SD_DREAMBOOTH, wishes, card(8, has_8bit=True))
    assert (plan.precision, plan.weights, plan.optimizer) == ("fp32", "fp32", "prodigy")
    assert not plan.gradient_checkpointing
    assert not plan.fused_backward
    assert plan.measures == ()
    assert not plan.fits


def test_gathered_gradients_rule_out_a_step_inside_the_backward_pass():
    offer = offer_memory(SD_DREAMBOOTH, Wishes(gradient_accumulation=4), card(12))
    assert offer is not None
    assert not offer.fused_backward
    assert offer.measures == ("checkpointing", "bf16_weights", "adafactor")


def test_a_card_without_bf16_keeps_fp32_weights_and_its_scaler():
    offer = offer_memory(SD_DREAMBOOTH, Wishes(), card(12, has_bf16=False))
    assert offer is not None
    assert (offer.precision, offer.weights, offer.fused_backward) == ("fp16", "fp32", False)
    assert offer.measures == ("checkpointing", "adafactor")


def test_weights_in_bf16_are_computed_with_in_bf16():
    plan = plan_memory(SD_DREAMBOOTH, Wishes(weights="bf16"), processor(64))
    assert (plan.precision, plan.weights, plan.measures) == ("bf16", "bf16", ())


def test_a_person_hears_of_measures_in_their_order_and_of_too_little_memory():
    told = notice_of(plan_memory(SD_DREAMBOOTH, Wishes(max_grad_norm=0), card(16)))
    assert isinstance(told, MemoryPlanned)
    assert "gradient checkpointing, steps inside the backward pass" in str(told)
    assert "15.6 GiB" in str(told)
    assert json.dumps(told.as_dict())
    tight = notice_of(plan_memory(SDXL_DREAMBOOTH, Wishes(), card(6)))
    assert isinstance(tight, MemoryTight)


# The figures


@pytest.mark.parametrize(
    "burden, plan, gib",
    [  # the memory floor of batch 1, without what text encoder and autoencoder hold
        (SD_DREAMBOOTH, {"weights": "fp32"}, 15.3),
        (SD_DREAMBOOTH, {"weights": "fp32", "gradient_checkpointing": True}, 14.5),
        (SD_DREAMBOOTH, {"fused_backward": True, "optimizer": "adamw_8bit"}, 4.1),
        (SDXL_DREAMBOOTH, {"weights": "fp32"}, 49),
        (SDXL_DREAMBOOTH, {"fused_backward": True, "optimizer": "adamw_8bit"}, 16.0),
        (SDXL_DREAMBOOTH, {"fused_backward": True, "optimizer": "adafactor"}, 11.3),
    ],
)
def test_estimates_agree_with_the_floor_that_was_computed_layer_by_layer(burden, plan, gib):
    usual = {"weights": "bf16", "gradient_checkpointing": False, "fused_backward": False}
    made = MemoryPlan(precision="bf16", **{"optimizer": "adamw"} | usual | plan)
    alone = dataclasses.replace(burden, frozen=0, fixed_bytes=0)
    assert estimate(alone, made, card(80)) / GIB == pytest.approx(gib, rel=0.08, abs=0.45)


def test_more_pixels_and_more_samples_need_more():
    place = card(80)
    plan = plan_memory(SD_LORA, Wishes(), place)
    small = estimate(SD_LORA, plan, place)
    tall = dataclasses.replace(SD_LORA, resolution=1024)
    many = dataclasses.replace(SD_LORA, batch_size=4)
    assert estimate(tall, plan, place) == estimate(many, plan, place) > small
    assert estimate(SD_LORA, plan, place, ema=True) == small + 4 * SD_LORA.addon


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"adamw_8bit"}))
def test_an_optimizer_keeps_about_as_much_as_the_plan_says(name):
    weight = nn.Parameter(torch.ones(512, 512))
    weight.grad = torch.ones(512, 512)
    optimizer = build_optimizer([weight], 1e-3, OptimizerSettings(name=name))
    optimizer.step()
    kept = sum(v.nbytes for v in optimizer.state[weight].values() if isinstance(v, torch.Tensor))
    assert kept / weight.numel() == pytest.approx(STATE_BYTES[name], rel=0.05, abs=0.1)


def test_every_optimizer_and_every_family_has_its_figures():
    assert STATE_BYTES.keys() == OPTIMIZERS.keys()
    families = [known for known in vars(catalog).values() if isinstance(known, catalog.Family)]
    assert {family.name for family in families} == set(ACTIVATIONS)


def test_a_processor_is_probed_for_what_is_free():
    place = probe("cpu")
    assert place.device == "cpu"
    assert GIB // 10 < place.free_bytes < 2**44
    assert not place.has_8bit


def test_a_plan_is_made_without_torch():
    code = "import sys, engine.memory; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
