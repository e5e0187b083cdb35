"""Stable Diffusion XL: two text encoders, and a UNet that is told the pictures' sizes.

Podell et al. 2023. Both encoders are read at the last but one layer, without the final norm;
the second one's pooled output and the sizes reach the UNet beside the timestep.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from engine.models.base import Context
from engine.models.catalog import SDXL
from engine.models.clip_text import Reading
from engine.models.stable_diffusion import StableDiffusion


class StableDiffusionXL(StableDiffusion):
    """See engine.models.base.DiffusionModel for what each member promises."""

    READING: ClassVar = Reading(
        layers_before_end=SDXL.unread_layers, final_norm=False, sums_up=True
    )

    def predict(self, noisy: Tensor, timesteps: Tensor, context: Context, sizes: Tensor) -> Tensor:
        added = {"text_embeds": context.pooled, "time_ids": sizes.to(noisy)}
        return self.unet(
            noisy, timesteps, context.tokens, added_cond_kwargs=added, return_dict=False
        )[0]
