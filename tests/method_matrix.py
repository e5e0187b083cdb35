"""The rows of the suite that every method passes with every model family.

A new method gets the whole suite with every family by a row in METHODS, a new family by a row in
MODELS; a setting of a method that needs the suite once, by a row in VARIANTS. `make soak` tries
each method with each family, `make test` a part of the pairs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.config import LossSettings
from engine.data.latents import to_pixels
from engine.diffusion import denoising_loss
from engine.models.base import Context, DiffusionModel, plain_sizes
from tests.figures import SOAK

TRIGGER = "zwx"
SHOWN = f"a photo of a {TRIGGER} toy"  # names what was learnt

LORA = {"kind": "lora", "rank": 4, "alpha": 4.0, "learning_rate": 5e-3}
DREAMBOOTH = {"kind": "dreambooth", "learning_rate": 1e-3, "prior_weight": 0.0}

METHODS: dict[str, dict[str, Any]] = {
    "lora": LORA,
    "lora with text encoder": LORA | {"text_learning_rate": 5e-3},
    "lora with a new word": LORA | {"word_vectors": 2, "word_learning_rate": 1e-1},
    "dreambooth": DREAMBOOTH,
    "dreambooth with text encoder": DREAMBOOTH | {"text_learning_rate": 1e-3},
    "textual inversion": {
        "kind": "textual_inversion", "learning_rate": 1e-1, "num_vectors": 3, "max_norm": 0.0
    },
    "hypernetwork": {"kind": "hypernetwork", "learning_rate": 3e-3},
}  # fmt: skip

VARIANTS: dict[str, dict[str, Any]] = {
    "lora rank 2 alpha 8": LORA | {"rank": 2, "alpha": 8.0},
    "lora with dropout": LORA | {"dropout": 0.3},
    "lora attention only": LORA | {"feed_forward": False},
    "lora with convolutions": LORA | {"conv": True, "conv_rank": 2},
    "lora with ranks by block": LORA | {"block_ranks": "down=2, up=6"},
    "lora rank-stabilised": LORA | {"rslora": True},
    "lora plus": LORA | {"plus_ratio": 4.0},
    "dora": LORA | {"algorithm": "dora"},
    "loha": LORA | {"algorithm": "loha"},
    "lokr": LORA | {"algorithm": "lokr"},
    "oft": LORA | {"algorithm": "oft"},
    "dreambooth with the frozen model's answer": DREAMBOOTH
    | {"prior_weight": 0.5, "num_class_images": 0, "text_learning_rate": 1e-3},
    "dreambooth with class pictures": DREAMBOOTH | {"prior_weight": 0.5, "num_class_images": 2},
    "hypernetwork of more": {
        "kind": "hypernetwork", "learning_rate": 3e-3, "layer_structure": "1, 2, 2, 1",
        "activation": "relu", "dropout": 0.2,
    },
}  # fmt: skip

MODELS = {
    "sd1": "tiny_folder",
    "sd1 v": "tiny_v_folder",
    "sd2": "tiny_sd2_folder",
    "sdxl": "tiny_sdxl_folder",
}

_WITH_EVERY_MODEL = ("lora", "dreambooth", "textual inversion")
_FOR_EVERY_METHOD = ("sd1", "sdxl")  # sd2 and v-prediction are of sd1's shape
_CASES = [
    *(
        (name, model)
        for name in METHODS
        for model in MODELS
        if SOAK or name in _WITH_EVERY_MODEL or model in _FOR_EVERY_METHOD
    ),
    *((name, next(iter(MODELS))) for name in VARIANTS),
]

every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
every_method_and_model = pytest.mark.parametrize(
    ("method", "model_folder"),
    [((METHODS | VARIANTS)[name], MODELS[model]) for name, model in _CASES],
    ids=[f"{name} on {model}" for name, model in _CASES],
    indirect=["model_folder"],
)


# What adapters put beside a layer's own weight.
_ADAPTER = re.compile(r"\.(lora_|hada_|lokr_|oft_)")


def base_weights(model: DiffusionModel) -> dict[str, torch.Tensor]:
    """Copies of the weights of the base model, under the names of a bare one."""
    return {
        f"{part.name}.{name.replace('.base_layer.', '.')}": tensor.detach().clone()
        for part in model.parts()
        for name, tensor in part.module.state_dict().items()
        if not _ADAPTER.search(name)
    } | {f"vae.{name}": t.clone() for name, t in model.vae_module().state_dict().items()}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[n], right[n]) for n in left)


@torch.no_grad()
def outputs(model: DiffusionModel, prompt: str = "a photo of a toy") -> dict[str, torch.Tensor]:
    """What the live model says: text conditioning, and the UNet's answer with it."""
    context = model.encode_prompts([prompt, ""])
    generator = torch.Generator().manual_seed(7)
    noisy = torch.randn(2, model.latent_channels, 8, 8, generator=generator)
    answer = model.predict(noisy, torch.tensor([100, 900]), context, plain_sizes(2, 64, 64))
    found = {"context": context.tokens, "unet": answer}
    return found if context.pooled is None else found | {"pooled": context.pooled}


@torch.no_grad()
def fixed_loss(model: DiffusionModel, images: Path, captions: list[str]) -> float:
    """Denoising loss on the pictures at noise and timesteps that no training ever drew."""
    from PIL import Image

    schedule, settings = model.noise_schedule, LossSettings(weighting="none")
    generator = torch.Generator().manual_seed(999)
    timesteps = torch.linspace(40, 960, 12).long()
    count = len(timesteps)
    total = 0.0
    for path, caption in zip(sorted(images.glob("*.png")), captions, strict=True):
        pixels = to_pixels(Image.open(path).convert("RGB").resize((32, 32)))
        latents = model.encode_images(pixels).mean.expand(count, -1, -1, -1)
        noise = torch.randn(latents.shape, generator=generator)
        noisy = schedule.add_noise(latents, noise, timesteps)
        context = Context.join([model.encode_prompts([caption])] * count)
        prediction = model.predict(noisy, timesteps, context, plain_sizes(count, 32, 32))
        target = schedule.target(latents, noise, timesteps)
        total += float(denoising_loss(prediction, target, timesteps, schedule, settings))
    return total
