"""Prompt -> picture, with the model as it is now.

Classifier-free guidance (Ho & Salimans 2022) with any sampler of the catalog. All randomness
comes from the seed; the training's is not touched.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from engine.control import Control
from engine.diffusion import NoiseSchedule
from engine.events import Event, Heartbeat, Noticed
from engine.models.base import Context, DiffusionModel, plain_sizes
from engine.prompt_notices import DrawnAgain, StaysBlack
from engine.samplers import DEFAULT_SAMPLER, SAMPLERS

# Pure noise has the signal 0, and no sampler that divides by the signal can start there.
_LEAST_ALPHA = 2**-24


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSettings:
    """What decides how a picture looks, beside the model."""

    prompt: str
    negative_prompt: str = ""
    seed: int = 42
    width: int = 512
    height: int = 512
    num_inference_steps: int = 25
    guidance_scale: float = 7.0
    sampler: str = DEFAULT_SAMPLER  # a key of engine.samplers.SAMPLERS
    clip_skip: int = 1


@torch.no_grad()
def paint(
    model: DiffusionModel, settings: SampleSettings, device: torch.device
) -> Generator[Event, None, Image.Image]:
    """Yield a Heartbeat between steps; return the picture.

    Brackets in the prompts weigh words. What fp16 cannot hold comes out black; it is drawn again
    in bf16, which has the range of fp32 and needs no more memory, and that is told. Raises
    KeyError for a sampler that is not in the catalog.
    """
    latents = yield from _latents(model, settings, device)
    if not latents.isfinite().all():
        latents = yield from _latents(model, settings, device, wide=True)
        is_mended = bool(latents.isfinite().all())
        yield Noticed(notice=DrawnAgain() if is_mended else StaysBlack())
    # The decoder of SDXL is known to leave the range of fp16, which a training may have set.
    with torch.autocast(device.type, enabled=False):
        pixels = model.decode(latents)
    return to_image(pixels.nan_to_num(-1.0))


def paint_unless_stopped(
    model: DiffusionModel, settings: SampleSettings, device: torch.device, control: Control
) -> Generator[Event, None, Image.Image | None]:
    """`paint`; returns None where a stop was asked for, which is looked for between its steps."""
    work = paint(model, settings, device)
    while not control.stop_requested:
        try:
            event = next(work)
        except StopIteration as done:
            return done.value
        yield event
    work.close()
    return None


def _latents(
    model: DiffusionModel, settings: SampleSettings, device: torch.device, *, wide: bool = False
) -> Generator[Event, None, Tensor]:
    """The picture before it is decoded, (1, C, h, w). `wide`: computed in bf16."""

    def precision() -> AbstractContextManager:
        # Entered anew for each piece of work: what is yielded between them is not ours.
        return torch.autocast(device.type, torch.bfloat16) if wide else nullcontext()

    with precision():
        context = _encode(model, settings)
    num_steps = settings.num_inference_steps
    scheduler = build_scheduler(settings.sampler, model.noise_schedule, num_steps, device)
    generator = torch.Generator().manual_seed(settings.seed)
    # Later noise comes from the same generator on the CPU, so that it is the same everywhere.
    draws = {"generator": generator} if SAMPLERS[settings.sampler].draws_noise else {}
    shape = _latent_shape(model, settings)
    latents = torch.randn(shape, generator=generator).to(device) * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        noisy = scheduler.scale_model_input(latents, timestep)
        with precision():
            prediction = _guided(model, noisy, timestep, context, settings)
        latents = scheduler.step(prediction, timestep, latents, return_dict=False, **draws)[0]
        yield Heartbeat()
    return latents


def build_scheduler(
    name: str, schedule: NoiseSchedule, num_steps: int, device: torch.device
) -> Any:
    """A scheduler of diffusers on the model's own noise schedule, its timesteps set.

    Raises KeyError for a name that is not in the catalog.
    """
    entry = SAMPLERS[name]
    module, _, cls = entry.code.partition(":")
    alphas = schedule.alphas.cpu().clamp(min=_LEAST_ALPHA)
    before = torch.cat([torch.ones(1), alphas[:-1]])
    # Evenly spaced timesteps have both ends; if there is but one, it must be the noisy end.
    single = {"timestep_spacing": "trailing"} if num_steps == 1 else {}
    scheduler = getattr(import_module(module), cls)(
        num_train_timesteps=schedule.num_timesteps,
        trained_betas=(1 - alphas / before).numpy(),
        prediction_type=schedule.prediction_type,
        **{**entry.options, **single},
    )
    if entry.timesteps is None:
        scheduler.set_timesteps(num_steps, device=device)
    else:
        timesteps = entry.timesteps(schedule.num_timesteps, num_steps)
        if schedule.alphas[-1] < _LEAST_ALPHA:
            # Such a model has learnt to begin at pure noise, and only there (Lin et al. 2024).
            timesteps[0] = schedule.num_timesteps - 1
        scheduler.set_timesteps(timesteps=timesteps, device=device)
    # Left to itself it looks the first timestep up, and Karras' may round to the second's.
    scheduler.set_begin_index(0)
    return scheduler


def to_image(pixels: Tensor) -> Image.Image:
    """Pixels (1, 3, H, W) in [-1, 1] -> a picture."""
    array = ((pixels[0].float().cpu().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return Image.fromarray(array.permute(1, 2, 0).numpy())


def _encode(model: DiffusionModel, settings: SampleSettings) -> Context:
    """The negative prompt and the prompt; afterwards the model reads text as it did before."""
    before = model.set_clip_skip(settings.clip_skip)
    try:
        return model.encode_prompts([settings.negative_prompt, settings.prompt], emphasis=True)
    finally:
        model.set_clip_skip(before)


def _guided(
    model: DiffusionModel,
    noisy: Tensor,
    timestep: Tensor,
    context: Context,
    settings: SampleSettings,
) -> Tensor:
    """Prediction pushed away from the negative prompt, (1, C, h, w) in fp32."""
    noisy = noisy.to(context.tokens.dtype)
    scale, width, height = settings.guidance_scale, settings.width, settings.height
    if scale <= 1:
        context = context.rows(slice(1, 2))
    count = len(context)
    sizes = plain_sizes(count, width, height).to(noisy.device)
    timesteps = timestep.expand(count)
    rows = noisy.expand(count, -1, -1, -1)
    prediction = model.predict(rows, timesteps, context, sizes).float()
    if count == 1:
        return prediction
    without, with_prompt = prediction.chunk(2)
    return without + scale * (with_prompt - without)


def _latent_shape(model: DiffusionModel, settings: SampleSettings) -> tuple[int, int, int, int]:
    channels, scale = model.latent_channels, model.latent_downscale
    return (1, channels, settings.height // scale, settings.width // scale)
