"""First stage: the autoencoder (Kingma & Welling 2013; the KL variant of Rombach et al. 2021)."""

from __future__ import annotations

from pathlib import Path

import pictures
import recipe
import torch
import torch.nn.functional as F  # noqa: N812
import workers
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from torch import Tensor, nn

PEAK_RATE = 2e-3
POLISH_RATE = 1e-3
KL_WEIGHT = 2e-6
SCALING_FACTOR = 0.18215


def build(preset: recipe.Preset) -> AutoencoderKL:
    levels = len(preset.vae_channels)
    torch.manual_seed(0)
    vae = AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=preset.vae_channels,
        layers_per_block=preset.vae_layers,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=preset.resolution,
        scaling_factor=SCALING_FACTOR,
    )
    with torch.no_grad():
        # Little noise from the start; otherwise it swamps what is learnt.
        vae.quant_conv.bias[4:] = -6.0
        vae.quant_conv.weight[4:] *= 0.1
    return vae


def loss(vae: AutoencoderKL, images: Tensor) -> Tensor:
    """L1 at full and half size, L1 of the gradients, a little KL. Images (B, 3, R, R)."""
    posterior = vae.encode(images).latent_dist
    decoded = vae.decode(posterior.sample()).sample
    return reconstruction_loss(decoded, images) + KL_WEIGHT * posterior.kl().mean()


def reconstruction_loss(decoded: Tensor, images: Tensor) -> Tensor:
    value = F.l1_loss(decoded, images)
    value = value + 0.5 * F.l1_loss(F.avg_pool2d(decoded, 2), F.avg_pool2d(images, 2))
    for axis in (-1, -2):
        value = value + 0.5 * F.l1_loss(decoded.diff(dim=axis), images.diff(dim=axis))
    return value


def train(rank: int, work: Path, preset: recipe.Preset, minutes: float, device: str) -> None:
    corpus = pictures.load_corpus(work, preset)
    vae = build(preset).to(device)
    folder = work / f"{preset.name}-vae"

    def draw_loss(generator: torch.Generator) -> Tensor:
        images = pictures.vae_batch(corpus, preset.vae_batch, preset.resolution, generator)
        return loss(vae, images.to(device))

    plan = workers.Plan(folder=folder, seed=1000, rate=PEAK_RATE, minutes=minutes)
    if workers.learn(rank, vae, plan, draw_loss) is not None:
        _normalise(vae, corpus, preset, device)
        vae.save_pretrained(folder / "done")


def polish(rank: int, work: Path, preset: recipe.Preset, minutes: float, device: str) -> None:
    """Train the decoder on while the encoder stands still.

    The latents stay what they are, so this may follow the diffusion stage, and what that stage
    learnt comes out crisper.
    """
    done = work / f"{preset.name}-vae" / "done"
    corpus = pictures.load_corpus(work, preset)
    vae = AutoencoderKL.from_pretrained(done).to(device)
    vae.requires_grad_(False)
    decoder = nn.ModuleList([vae.decoder, vae.post_quant_conv]).requires_grad_(True)

    def draw_loss(generator: torch.Generator) -> Tensor:
        images = pictures.vae_batch(corpus, preset.vae_batch, preset.resolution, generator)
        images = images.to(device)
        latents = vae.encode(images).latent_dist.mean
        return reconstruction_loss(vae.decode(latents).sample, images)

    folder = work / f"{preset.name}-polish"
    plan = workers.Plan(folder=folder, seed=3000, rate=POLISH_RATE, minutes=minutes, decay=0.998)
    if workers.learn(rank, decoder, plan, draw_loss) is not None:
        vae.save_pretrained(done)


@torch.no_grad()
def _normalise(
    vae: AutoencoderKL, corpus: pictures.Corpus, preset: recipe.Preset, device: str
) -> None:
    """Fold a shift and scale of each latent channel into quant_conv and post_quant_conv.

    Afterwards std(latent) = 1 / 0.18215, exactly as in Stable Diffusion, so that code with
    that number written into it keeps working.
    """
    generator = torch.Generator().manual_seed(5)
    moments = [
        vae.encode(pictures.vae_batch(corpus, 64, preset.resolution, generator).to(device))
        .latent_dist.mean.transpose(0, 1)
        .flatten(1)
        for _ in range(8)
    ]
    means = torch.cat(moments, dim=1)
    shift, scale = means.mean(1), 1 / (SCALING_FACTOR * means.std(1))
    quant, post = vae.quant_conv, vae.post_quant_conv
    quant.bias[:4] = (quant.bias[:4] - shift) * scale
    quant.weight[:4] *= scale[:, None, None, None]
    quant.bias[4:] += 2 * scale.log()
    post.bias += (post.weight[:, :, 0, 0] * shift[None, :]).sum(1)
    post.weight /= scale[None, :, None, None]


@torch.no_grad()
def psnr(vae: AutoencoderKL, images: Tensor) -> float:
    """Mean peak signal-to-noise ratio in dB over pictures (N, 3, R, R) in [-1, 1]."""
    decoded = vae.decode(vae.encode(images).latent_dist.mean).sample.clamp(-1, 1)
    error = ((decoded - images) / 2).pow(2).flatten(1).mean(1)
    return float((-10 * error.log10()).mean())
