"""Prompt -> picture, with the model as it is now.

DPM-Solver++ (Lu et al. 2022) of second order with classifier-free guidance (Ho & Salimans
2022). All randomness comes from the seed; the training's is not touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from PIL import Image
from torch import Tensor

from engine.diffusion import NoiseSchedule
from engine.events import Event, Heartbeat
from engine.models.base import DiffusionModel

SAMPLER_NAME = "DPM++ 2M"  # as AUTOMATIC1111 calls it


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


@torch.no_grad()
def paint(model: DiffusionModel, settings: SampleSettings, device: torch.device) -> Iterator[Event]:
    """Yield a Heartbeat between steps; return the picture."""
    context = model.encode_prompts([settings.negative_prompt, settings.prompt])
    scheduler = _scheduler(model.noise_schedule)
    scheduler.set_timesteps(settings.num_inference_steps, device=device)
    generator = torch.Generator().manual_seed(settings.seed)
    shape = _latent_shape(model, settings)
    latents = torch.randn(shape, generator=generator).to(device) * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        prediction = _guided(model, latents, timestep, context, settings.guidance_scale)
        latents = scheduler.step(prediction, timestep, latents, return_dict=False)[0]
        yield Heartbeat()
    return to_image(model.decode(latents))


def to_image(pixels: Tensor) -> Image.Image:
    """Pixels (1, 3, H, W) in [-1, 1] -> a picture."""
    array = ((pixels[0].float().cpu().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return Image.fromarray(array.permute(1, 2, 0).numpy())


def _guided(
    model: DiffusionModel, latents: Tensor, timestep: Tensor, context: Tensor, scale: float
) -> Tensor:
    """Prediction pushed away from the negative prompt, (1, C, h, w) in fp32."""
    if scale <= 1:
        only = model.predict(latents.to(context.dtype), timestep[None], context[1:])
        return only.float()
    doubled = latents.to(context.dtype).expand(2, -1, -1, -1)
    without, with_prompt = model.predict(doubled, timestep.expand(2), context).float().chunk(2)
    return without + scale * (with_prompt - without)


def _scheduler(schedule: NoiseSchedule) -> DPMSolverMultistepScheduler:
    alphas = schedule.alphas.cpu()
    before = torch.cat([torch.ones(1), alphas[:-1]])
    return DPMSolverMultistepScheduler(
        num_train_timesteps=schedule.num_timesteps,
        trained_betas=(1 - alphas / before).numpy(),
        prediction_type=schedule.prediction_type,
        timestep_spacing="trailing",
    )


def _latent_shape(model: DiffusionModel, settings: SampleSettings) -> tuple[int, int, int, int]:
    channels, scale = model.latent_channels, model.latent_downscale
    return (1, channels, settings.height // scale, settings.width // scale)
