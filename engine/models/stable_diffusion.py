"""Stable Diffusion 1.x: one CLIP text encoder, a UNet, a KL autoencoder.

Rombach et al. 2022. The prediction type is whatever the scheduler's config says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import CLIPTokenizer

from engine.diffusion import NoiseSchedule
from engine.models.base import Moments, Part
from engine.models.catalog import ModelSource


class StableDiffusion:
    """See engine.models.base.DiffusionModel for what each member promises."""

    def __init__(
        self,
        source: ModelSource,
        noise_schedule: NoiseSchedule,
        *,
        unet: Any,  # UNet2DConditionModel; diffusers' own types hide its config
        vae: Any,  # AutoencoderKL
        text_encoder: Any,  # CLIPTextModel
        tokenizer: CLIPTokenizer,
    ) -> None:
        self.source = source
        self.noise_schedule = noise_schedule
        self.unet = unet
        self.vae = vae
        self.text_encoder = text_encoder
        self.tokenizer = tokenizer
        self.max_tokens = tokenizer.model_max_length
        self.latent_channels = unet.config.in_channels
        self.latent_downscale = 2 ** (len(vae.config.block_out_channels) - 1)
        unet_downscale = 2 ** (len(unet.config.block_out_channels) - 1)
        self.bucket_step = self.latent_downscale * unet_downscale

    def parts(self) -> Iterator[Part]:
        yield Part("unet", self.unet, reads_text=False)
        yield Part("text_encoder", self.text_encoder, reads_text=True)

    def freeze(self) -> None:
        for module in (self.unet, self.vae, self.text_encoder):
            module.requires_grad_(False)
            module.eval()

    def to(self, device: torch.device, dtype: torch.dtype) -> None:
        self.unet.to(device, dtype)
        self.text_encoder.to(device, dtype)
        # SD's autoencoder overflows in half precision; it runs once a picture, so fp32 it is.
        self.vae.to(device, torch.float32)
        self.noise_schedule = self.noise_schedule.to(device)

    def vae_module(self) -> nn.Module:
        return self.vae

    def count_tokens(self, prompt: str) -> int:
        return len(self.tokenizer(prompt, truncation=False).input_ids)

    @torch.no_grad()
    def encode_images(self, pixels: Tensor) -> Moments:
        posterior = self.vae.encode(pixels.to(self.vae.device, torch.float32)).latent_dist
        scale = self.vae.config.scaling_factor
        return Moments(posterior.mean * scale, posterior.std * scale)

    def encode_prompts(self, prompts: Sequence[str]) -> Tensor:
        tokens = self.tokenizer(
            list(prompts),
            padding="max_length",
            max_length=self.max_tokens,
            truncation=True,
            return_tensors="pt",
        )
        return self.text_encoder(tokens.input_ids.to(self.text_encoder.device)).last_hidden_state

    def predict(self, noisy: Tensor, timesteps: Tensor, context: Tensor) -> Tensor:
        return self.unet(noisy, timesteps, context, return_dict=False)[0]

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        scaled = latents.to(self.vae.device, torch.float32) / self.vae.config.scaling_factor
        return self.vae.decode(scaled, return_dict=False)[0].clamp(-1, 1)
