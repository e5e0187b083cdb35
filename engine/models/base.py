"""What every model family offers to the loop, the methods and the formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from engine.diffusion import NoiseSchedule
from engine.models.catalog import ModelSource


@dataclass(frozen=True, slots=True)
class Part:
    """One network of a model that weights can be taught to.

    `name` is stable: it begins the names of learnt weights and of cached files.
    """

    name: str  # "unet", "text_encoder"
    module: nn.Module
    reads_text: bool


@dataclass(frozen=True, slots=True)
class Moments:
    """What the VAE says of a picture: mean and standard deviation of each latent value."""

    mean: Tensor  # (B, C, h, w), scaled to about unit variance
    std: Tensor  # (B, C, h, w)

    def sample(self, generator: torch.Generator | None) -> Tensor:
        """One draw, (B, C, h, w); without a generator the mean."""
        if generator is None:
            return self.mean
        noise = torch.randn(self.mean.shape, generator=generator, dtype=torch.float32)
        return self.mean + self.std * noise.to(self.mean)


class DiffusionModel(Protocol):
    """A base model, whatever its family."""

    source: ModelSource
    noise_schedule: NoiseSchedule
    bucket_step: int  # sides of pictures must be multiples of this many pixels
    latent_channels: int
    latent_downscale: int  # pixels per latent value, along one side
    max_tokens: int  # how many tokens of a prompt are read, marks included

    def parts(self) -> Iterator[Part]:
        """The networks that methods may change, the UNet first."""
        ...

    def freeze(self) -> None:
        """No weight of the base model learns, and no dropout is at work."""
        ...

    def to(self, device: torch.device, dtype: torch.dtype) -> None:
        """Move the UNet and the text encoder; the VAE stays in fp32."""
        ...

    def vae_module(self) -> nn.Module:
        """The autoencoder, to tell whether cached latents are its own."""
        ...

    def count_tokens(self, prompt: str) -> int:
        """How many tokens a prompt has, marks included, before anything is cut."""
        ...

    def encode_images(self, pixels: Tensor) -> Moments:
        """Pixels (B, 3, H, W) in [-1, 1] -> moments of the scaled latents."""
        ...

    def encode_prompts(self, prompts: Sequence[str]) -> Tensor:
        """Texts -> context (B, tokens, width). Gradients flow if the text encoder learns."""
        ...

    def predict(self, noisy: Tensor, timesteps: Tensor, context: Tensor) -> Tensor:
        """What the UNet says: noise or velocity, see `noise_schedule.prediction_type`.

        noisy (B, C, h, w), timesteps (B,) int64, context (B, tokens, width) -> (B, C, h, w).
        """
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Scaled latents (B, C, h, w) -> pixels (B, 3, H, W) in [-1, 1]."""
        ...
