"""The mathematics of diffusion training on one page: schedule, target, weighting, loss.

Letters as in Ho et al. 2020 (DDPM) and Salimans & Ho 2022 (v-prediction):
x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) noise, with a_t the cumulated alphas.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from engine.config import LossSettings

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
        return replace(self, alphas=self.alphas.to(device))

    def with_zero_terminal_snr(self) -> NoiseSchedule:
        """The same schedule ending in pure noise (Lin et al. 2024, algorithm 1)."""
        root = self.alphas.double().sqrt()
        first, last = root[0].clone(), root[-1].clone()
        root = (root - last) * first / (first - last)
        return replace(self, alphas=root.pow(2).to(self.alphas.dtype))

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

    def weights(self, timesteps: Tensor, settings: LossSettings) -> Tensor:
        """How much the loss at each timestep counts, (B,).

        min_snr: Hang et al. 2023, eq. 8 and its v form. debiased: Yu et al. 2023, 1 / sqrt(SNR),
        and 1 / (SNR + 1) for v.
        """
        if settings.weighting == "none":
            return torch.ones(len(timesteps), device=timesteps.device)
        snr = self.snr(timesteps)
        is_v = self.prediction_type == "v_prediction"
        if settings.weighting == "debiased":
            return 1 / (snr + 1) if is_v else 1 / snr.clamp(1e-6, 1000).sqrt()
        clipped = snr.clamp(max=settings.min_snr_gamma)
        return clipped / (snr + 1) if is_v else clipped / snr

    def huber_deltas(self, timesteps: Tensor, settings: LossSettings) -> Tensor:
        """Where squared becomes linear at each timestep, (B,) (Khrapov et al. 2024)."""
        delta = settings.huber_delta
        match settings.huber_schedule:
            case "constant":
                return torch.full(timesteps.shape, delta, device=timesteps.device)
            case "exponential":
                return torch.exp(math.log(delta) * timesteps.float() / self.num_timesteps)
            case "snr":
                a = self.alphas[timesteps]
                sigmas = ((1 - a) / a.clamp(min=1e-12)).sqrt()
                return (1 - delta) / (1 + sigmas).pow(2) + delta

    def _at(self, timesteps: Tensor, like: Tensor) -> Tensor:
        return self.alphas[timesteps][:, None, None, None].to(like.dtype)


@dataclass(frozen=True, slots=True)
class NoisyBatch:
    """One draw of noise and timesteps for a batch of latents."""

    noisy: Tensor  # (B, C, h, w)
    target: Tensor  # (B, C, h, w)
    timesteps: Tensor  # (B,)

    def rows(self, rows: slice) -> NoisyBatch:
        return NoisyBatch(self.noisy[rows], self.target[rows], self.timesteps[rows])


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


def denoising_loss(
    prediction: Tensor,
    target: Tensor,
    timesteps: Tensor,
    schedule: NoiseSchedule,
    settings: LossSettings,
    mask: Tensor | None = None,
) -> Tensor:
    """The weighted mean error, a scalar in fp32. All (B, C, h, w) but timesteps (B,).

    `mask` (B, 1, h, w) says how much each place counts; the mean is over what counts, so that
    a small subject is learnt as fast as a large one.
    """
    error = (prediction.float() - target.float()).pow(2)
    if settings.kind == "huber":
        deltas = schedule.huber_deltas(timesteps, settings)[:, None, None, None]
        error = 2 * deltas * ((error + deltas.pow(2)).sqrt() - deltas)
    if mask is None:
        per_picture = error.flatten(1).mean(1)
    else:
        counted = mask.float().expand_as(error)
        per_picture = (error * counted).flatten(1).sum(1) / counted.flatten(1).sum(1).clamp(1e-6)
    return (schedule.weights(timesteps, settings) * per_picture).mean()
