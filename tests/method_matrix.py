"""The rows of the suite that every method passes with every model family.

A new method gets the whole suite with every family by a row in METHODS, a new family by a row in
MODELS; a setting of a method that needs the suite once, by a row in VARIANTS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.data.latents import to_pixels
from engine.diffusion import denoising_loss
from engine.models.base import DiffusionModel

LORA = {"kind": "lora", "rank": 4, "alpha": 4.0, "learning_rate": 5e-3}

METHODS: dict[str, dict[str, Any]] = {
    "lora": LORA,
    "lora with text encoder": LORA | {"text_learning_rate": 5e-3},
    "lora rank 2 alpha 8": LORA | {"rank": 2, "alpha": 8.0},
}

VARIANTS: dict[str, dict[str, Any]] = {
    "lora with dropout": LORA | {"dropout": 0.3},
    "lora attention only": LORA | {"feed_forward": False},
}

MODELS = {"epsilon": "tiny_folder", "v_prediction": "tiny_v_folder"}

_CASES = [
    *((name, model) for name in METHODS for model in MODELS),
    *((name, next(iter(MODELS))) for name in VARIANTS),
]

every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
every_method_and_model = pytest.mark.parametrize(
    ("method", "model_folder"),
    [((METHODS | VARIANTS)[name], MODELS[model]) for name, model in _CASES],
    ids=[f"{name} on {model}" for name, model in _CASES],
    indirect=["model_folder"],
)


def base_weights(model: DiffusionModel) -> dict[str, torch.Tensor]:
    """Copies of the weights that no add-on may move, under the names of a bare model."""
    return {
        f"{part.name}.{name.replace('.base_layer.', '.')}": tensor.detach().clone()
        for part in model.parts()
        for name, tensor in part.module.state_dict().items()
        if ".lora_" not in name
    } | {f"vae.{name}": t.clone() for name, t in model.vae_module().state_dict().items()}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[n], right[n]) for n in left)


@torch.no_grad()
def outputs(model: DiffusionModel, prompt: str = "a photo of a toy") -> dict[str, torch.Tensor]:
    """What the live model says: text conditioning, and the UNet's answer with it."""
    context = model.encode_prompts([prompt, ""])
    generator = torch.Generator().manual_seed(7)
    noisy = torch.randn(2, model.latent_channels, 8, 8, generator=generator)
    timesteps = torch.tensor([100, 900])
    return {"context": context, "unet": model.predict(noisy, timesteps, context)}


@torch.no_grad()
def fixed_loss(model: DiffusionModel, images: Path, captions: list[str]) -> float:
    """Denoising loss on the pictures at noise and timesteps that no training ever drew."""
    from PIL import Image

    schedule = model.noise_schedule
    generator = torch.Generator().manual_seed(999)
    timesteps = torch.linspace(40, 960, 12).long()
    total = 0.0
    for path, caption in zip(sorted(images.glob("*.png")), captions, strict=True):
        pixels = to_pixels(Image.open(path).convert("RGB").resize((32, 32)))
        latents = model.encode_images(pixels).mean.expand(len(timesteps), -1, -1, -1)
        noise = torch.randn(latents.shape, generator=generator)
        noisy = schedule.add_noise(latents, noise, timesteps)
        context = model.encode_prompts([caption]).expand(len(timesteps), -1, -1)
        prediction = model.predict(noisy, timesteps, context)
        target = schedule.target(latents, noise, timesteps)
        total += float(denoising_loss(prediction, target, torch.ones(len(timesteps))))
    return total
