"""Second stage: the text encoder and the UNet, trained together on cached latents.

v-prediction (Salimans & Ho 2022) with min-SNR weighting (Hang et al. 2023, gamma 5),
stratified timesteps, one caption in ten empty for classifier-free guidance.
"""

from __future__ import annotations

import json
from pathlib import Path

import pictures
import recipe
import tokenizer
import torch
import workers
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

PEAK_RATE = 1e-3
VARIANTS = 4  # placements of each icon on each background
SCHEDULER = {
    "num_train_timesteps": 1000,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 0,
    "timestep_spacing": "trailing",
}


def build_unet(preset: recipe.Preset) -> UNet2DConditionModel:
    torch.manual_seed(1)
    return UNet2DConditionModel(
        sample_size=preset.latent_size,
        block_out_channels=preset.unet_channels,
        layers_per_block=2,
        cross_attention_dim=preset.text_width,
        attention_head_dim=preset.unet_heads,
        norm_num_groups=16,
        down_block_types=(*("CrossAttnDownBlock2D",) * 3, "DownBlock2D"),
        up_block_types=("UpBlock2D", *("CrossAttnUpBlock2D",) * 3),
    )


def build_text_encoder(preset: recipe.Preset) -> CLIPTextModel:
    torch.manual_seed(2)
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=49408,
            hidden_size=preset.text_width,
            intermediate_size=4 * preset.text_width,
            num_hidden_layers=preset.text_layers,
            num_attention_heads=preset.text_heads,
            max_position_embeddings=77,
            hidden_act="quick_gelu",
            bos_token_id=49406,
            eos_token_id=49407,
            pad_token_id=49407,
            projection_dim=preset.text_width,
        )
    )


class Painter(nn.Module):
    """Text encoder and UNet as one module. Only the token rows that captions use learn."""

    def __init__(self, preset: recipe.Preset, used_tokens: Tensor) -> None:
        super().__init__()
        self.unet = build_unet(preset)
        self.text_encoder = build_text_encoder(preset)
        embeddings = self.text_encoder.embeddings
        rows = embeddings.token_embedding.weight.detach()[used_tokens].clone()
        embeddings.token_embedding = nn.Embedding.from_pretrained(rows, freeze=False)

    def forward(self, noisy: Tensor, timesteps: Tensor, rows: Tensor) -> Tensor:
        context = self.text_encoder(rows).last_hidden_state
        return self.unet(noisy, timesteps, context).sample


class Lessons:
    """Cached latents and tokenised captions of every (subject, style, background)."""

    def __init__(self, work: Path, preset: recipe.Preset, device: str) -> None:
        corpus = pictures.load_corpus(work, preset)
        self.latents = _latents(work, preset, corpus, device)
        clip = tokenizer.load(work)
        texts = []
        for subject in corpus.subjects:
            for style in corpus.styles:
                for colour in recipe.BACKGROUNDS:
                    texts += recipe.captions(style, subject, colour)
        texts.append("")
        tokens = clip(texts, padding="max_length", max_length=77, return_tensors="pt").input_ids
        self.used_tokens, rows = tokens.unique(return_inverse=True)
        self.rows = rows.to(device)
        self.num_captions = len(recipe.captions("a", "b", "c"))
        self.device = device

    def batch(self, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Latents (B, 4, h, w) and token rows (B, 77)."""
        pick = torch.randint(len(self.latents), (size,), generator=generator)
        uniform = torch.rand(size, generator=generator)
        # Most captions are the full one, a tenth are empty, the rest are short forms.
        short = 1 + torch.randint(self.num_captions - 1, (size,), generator=generator)
        form = torch.where(uniform < 0.65, torch.zeros_like(short), short)
        text = pick // VARIANTS * self.num_captions + form
        text[uniform > 0.9] = len(self.rows) - 1
        return self.latents[pick.to(self.device)], self.rows[text.to(self.device)]


@torch.no_grad()
def _latents(work: Path, preset: recipe.Preset, corpus: pictures.Corpus, device: str) -> Tensor:
    """(subjects x styles x backgrounds x VARIANTS, 4, h, w), scaled to unit variance."""
    vae = AutoencoderKL.from_pretrained(work / f"{preset.name}-vae" / "done").to(device).eval()
    generator = torch.Generator().manual_seed(11)
    colours = pictures.named_colours().to(device)
    rows = []
    for icon in corpus.subject_icons.flatten(0, 1).to(device):
        count = len(colours) * VARIANTS
        uniform = torch.rand(count, 3, generator=generator).to(device)
        images = pictures.compose(
            icon[None].expand(count, -1, -1, -1),
            colours.repeat_interleave(VARIANTS, dim=0),
            preset.resolution,
            0.84 + 0.12 * uniform[:, 0],
            (uniform[:, 1:] - 0.5) * 0.06,
            torch.ones(count, device=device),
        )
        rows.append(vae.encode(images).latent_dist.mean)
    return torch.cat(rows) * vae.config.scaling_factor


def loss(
    painter: Painter, latents: Tensor, rows: Tensor, alphas: Tensor, generator: torch.Generator
) -> Tensor:
    size, steps = len(latents), len(alphas)
    strata = (torch.arange(size) + torch.rand(size, generator=generator)) / size
    timesteps = (strata * steps).long().to(latents.device)
    noise = torch.randn(latents.shape, generator=generator).to(latents.device)
    alpha = alphas[timesteps][:, None, None, None]
    noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
    target = alpha.sqrt() * noise - (1 - alpha).sqrt() * latents
    snr = (alpha / (1 - alpha)).flatten()
    weight = snr.clamp(max=5.0) / (snr + 1)
    error = (painter(noisy, timesteps, rows) - target).pow(2).flatten(1).mean(1)
    return (weight * error).mean()


def train(rank: int, work: Path, preset: recipe.Preset, minutes: float, device: str) -> None:
    folder = work / f"{preset.name}-diffusion"
    lessons = Lessons(work, preset, device)
    painter = Painter(preset, lessons.used_tokens).to(device)
    alphas = DDIMScheduler(**SCHEDULER).alphas_cumprod.to(device)

    def draw_loss(generator: torch.Generator) -> Tensor:
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            return loss(painter, *lessons.batch(preset.batch, generator), alphas, generator)

    plan = workers.Plan(
        folder=folder,
        seed=2000,
        rate=PEAK_RATE,
        minutes=minutes,
        betas=(0.9, 0.99),
        weight_decay=0.01,
    )
    note = workers.learn(rank, painter, plan, draw_loss)
    if note is not None:
        painter.unet.save_pretrained(folder / "unet")
        save_file(painter.text_encoder.state_dict(), folder / "text_encoder.safetensors")
        save_file({"used_tokens": lessons.used_tokens}, folder / "used_tokens.safetensors")
        (folder / "done.json").write_text(json.dumps(note), encoding="utf-8")
