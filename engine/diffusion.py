"""The mathematics of diffusion training on one page: schedule, target, weighting, loss.

Letters as in Ho et al. 2020 (DDPM) and Salimans & Ho 2022 (v-prediction):
x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) noise, with a_t the cumulated alphas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

PredictionType = Literal["epsilon", "v_prediction"]


@dataclass(frozen=True, slots=True)
class NoiseSchedule:
    """How noise grows over the timesteps, and what the model says about it."""

    alphas: Tensor  # (T,) cumulated products, float32
    prediction_type: PredictionType

    @property
    def num_timesteps(self) -> int:
        return len(self.alphas)

    def to(self, device: torch.device) -> NoiseSchedule:
        return NoiseSchedule(self.alphas.to(device), self.prediction_type)

    def add_noise(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """x_t for each row; all (B, C, h, w), timesteps (B,)."""
        a = self._at(timesteps, latents)
        return a.sqrt() * latents + (1 - a).sqrt() * noise

    def target(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """What the model should say: the noise, or v = sqrt(a) noise - sqrt(1 - a) x_0."""
        if self.prediction_type == "epsilon":
            return noise
        a = self._at(timesteps, latents)
        return a.sqrt() * noise - (1 - a).sqrt() * latents

    def snr(self, timesteps: Tensor) -> Tensor:
        """Signal-to-noise ratio a / (1 - a), (B,)."""
        a = self.alphas[timesteps]
        return a / (1 - a)

    def min_snr_weight(self, timesteps: Tensor, gamma: float) -> Tensor:
        """Min-SNR-gamma weights (Hang et al. 2023, eq. 8 and its v form), (B,).

        gamma 0 weighs all timesteps alike.
        """
        if gamma == 0:
            return torch.ones(len(timesteps), device=timesteps.device)
        snr = self.snr(timesteps)
        clipped = snr.clamp(max=gamma)
        if self.prediction_type == "epsilon":
            return clipped / snr
        return clipped / (snr + 1)

    def _at(self, timesteps: Tensor, like: Tensor) -> Tensor:
        return self.alphas[timesteps][:, None, None, None].to(like.dtype)


@dataclass(frozen=True, slots=True)
class NoisyBatch:
    """One draw of noise and timesteps for a batch of latents."""

    noisy: Tensor  # (B, C, h, w)
    target: Tensor  # (B, C, h, w)
    timesteps: Tensor  # (B,)


def draw_noise(
    schedule: NoiseSchedule,
    latents: Tensor,
    generator: torch.Generator,
    noise_offset: float = 0.0,
) -> NoisyBatch:
    """Add noise at stratified random timesteps.

    Each row of the batch gets its own stratum of the timesteps, which lowers the variance of
    the gradient for free. The draw is made on the CPU, so that it is the same on every device.
    `noise_offset` shifts whole channels (Guttenberg 2023).
    """
    size = len(latents)
    uniform = torch.rand(size, generator=generator)
    strata = (torch.randperm(size, generator=generator) + uniform) / size
    timesteps = (strata * schedule.num_timesteps).long().clamp(max=schedule.num_timesteps - 1)
    noise = torch.randn(latents.shape, generator=generator)
    if noise_offset > 0:
        noise = noise + noise_offset * torch.randn(
            size, latents.shape[1], 1, 1, generator=generator
        )
    timesteps = timesteps.to(latents.device, non_blocking=True)
    noise = noise.to(latents, non_blocking=True)
    return NoisyBatch(
        noisy=schedule.add_noise(latents, noise, timesteps),
        target=schedule.target(latents, noise, timesteps),
        timesteps=timesteps,
    )


def denoising_loss(prediction: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean squared error, a scalar in fp32; weight (B,)."""
    error = (prediction.float() - target.float()).pow(2).flatten(1).mean(1)
    return (weight * error).mean()
