"""Stable Diffusion 1.x and 2.x: one CLIP text encoder, a UNet, a KL autoencoder.

Rombach et al. 2022. Width of the text, prediction type and depth are whatever the configs say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from engine.diffusion import NoiseSchedule
from engine.models.base import Context, Moments, Part
from engine.models.catalog import ModelSource
from engine.models.clip_text import Reading, TextEncoder, TextReader
from engine.models.size import require_clip_skip


class StableDiffusion:
    """See engine.models.base.DiffusionModel for what each member promises."""

    # SD 2.x reads the last but one layer of OpenCLIP; its folders leave the last one out.
    READING: ClassVar = Reading(layers_before_end=0, final_norm=True, sums_up=False)

    def __init__(
        self,
        source: ModelSource,
        noise_schedule: NoiseSchedule,
        *,
        unet: Any,  # UNet2DConditionModel; diffusers' own types hide its config
        vae: Any,  # AutoencoderKL
        text_encoders: Sequence[TextEncoder],
        zero_empty_prompt: bool = False,
    ) -> None:
        self.source = source
        self.noise_schedule = noise_schedule
        self.unet: Any = unet
        self.vae = vae
        reading = self.READING
        self.text = TextReader(
            text_encoders,
            Reading(
                reading.layers_before_end, reading.final_norm, reading.sums_up, zero_empty_prompt
            ),
        )
        self.latent_channels = unet.config.in_channels
        self.latent_downscale = 2 ** (len(vae.config.block_out_channels) - 1)
        unet_downscale = 2 ** (len(unet.config.block_out_channels) - 1)
        self.bucket_step = self.latent_downscale * unet_downscale

    def parts(self) -> Iterator[Part]:
        yield Part("unet", self.unet, reads_text=False)
        for encoder in self.text.encoders:
            yield Part(encoder.name, encoder.module, reads_text=True)

    def swap_part(self, name: str, module: nn.Module) -> nn.Module:
        if name == "unet":
            before, self.unet = self.unet, module
            return before
        place = next(i for i, encoder in enumerate(self.text.encoders) if encoder.name == name)
        old = self.text.encoders[place]
        self.text.encoders[place] = TextEncoder(name, module, old.tokenizer, old.pad_id)
        return old.module

    def freeze(self) -> None:
        for module in (self.vae, *(part.module for part in self.parts())):
            module.requires_grad_(False)
            module.eval()

    def to(self, device: torch.device, dtype: torch.dtype) -> None:
        for part in self.parts():
            part.module.to(device, dtype)
        # SD's autoencoder overflows in half precision; it runs once a picture, so fp32 it is.
        self.vae.to(device, torch.float32)
        self.noise_schedule = self.noise_schedule.to(device)

    def vae_module(self) -> nn.Module:
        return self.vae

    def configs(self) -> Mapping[str, Mapping[str, object]]:
        parts: dict[str, Any] = {part.name: part.module for part in self.parts()}
        return {name: _plain(module.config) for name, module in {**parts, "vae": self.vae}.items()}

    def set_clip_skip(self, clip_skip: int) -> int:
        require_clip_skip(clip_skip, self.text.largest_clip_skip, self.source)
        before, self.text.clip_skip = self.text.clip_skip, clip_skip
        return before

    def set_gradient_checkpointing(self, on: bool) -> None:
        # The text encoders are small beside the UNet; theirs would save next to nothing.
        unet: Any = self.unet
        if on:
            unet.enable_gradient_checkpointing()
        else:
            unet.disable_gradient_checkpointing()

    def token_ids(self, text: str) -> list[int]:
        return self.text.token_ids(text)

    def num_chunks(self, prompt: str) -> int:
        return self.text.num_chunks(prompt)

    def token_table(self, part: str) -> Tensor:
        return next(e for e in self.text.encoders if e.name == part).table.weight

    def teach_word(self, word: str, vectors: Mapping[str, Tensor]) -> None:
        self.text.teach(word, vectors)

    def calls_word(self, prompt: str, word: str, max_chunks: int) -> bool:
        return self.text.calls(prompt, word, max_chunks)

    def forget_word(self, word: str) -> None:
        self.text.forget(word)

    @torch.no_grad()
    def encode_images(self, pixels: Tensor) -> Moments:
        posterior = self.vae.encode(pixels.to(self.vae.device, torch.float32)).latent_dist
        scale = self.vae.config.scaling_factor
        return Moments(posterior.mean * scale, posterior.std * scale)

    def encode_prompts(
        self, prompts: Sequence[str], *, num_chunks: int | None = None, emphasis: bool = False
    ) -> Context:
        return self.text.encode(prompts, num_chunks, emphasis=emphasis)

    def predict(self, noisy: Tensor, timesteps: Tensor, context: Context, sizes: Tensor) -> Tensor:
        del sizes  # these families were not told of them
        return self.unet(noisy, timesteps, context.tokens, return_dict=False)[0]

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        scaled = latents.to(self.vae.device, torch.float32) / self.vae.config.scaling_factor
        return self.vae.decode(scaled, return_dict=False)[0].clamp(-1, 1)


def _plain(config: Any) -> dict[str, object]:
    """A part's config as config.json holds it, whichever library it comes from."""
    return dict(config.to_dict()) if hasattr(config, "to_dict") else dict(config)
