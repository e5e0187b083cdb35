"""Puts the trained parts together as a diffusers folder in fp16."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import diffusion
import recipe
import tokenizer
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from safetensors.torch import load_file

SHARD = "15MB"  # pieces that every hosting service takes
MODEL_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "safety_checker": [None, None],
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
}


def write(work: Path, preset: recipe.Preset, out: Path) -> None:
    """Replace `out` by the model. The token rows that no caption used keep their first values."""
    trained = work / f"{preset.name}-diffusion"
    text_encoder = diffusion.build_text_encoder(preset)
    table = text_encoder.embeddings.token_embedding.weight.detach().clone()
    state = load_file(trained / "text_encoder.safetensors")
    used = load_file(trained / "used_tokens.safetensors")["used_tokens"]
    table[used] = state["embeddings.token_embedding.weight"]
    text_encoder.load_state_dict({**state, "embeddings.token_embedding.weight": table})
    unet = UNet2DConditionModel.from_pretrained(trained / "unet")
    vae = AutoencoderKL.from_pretrained(work / f"{preset.name}-vae" / "done")
    for name in ("unet", "vae", "text_encoder", "scheduler", "tokenizer"):
        shutil.rmtree(out / name, ignore_errors=True)
    unet.to(torch.float16).save_pretrained(out / "unet", max_shard_size=SHARD)
    vae.to(torch.float16).save_pretrained(out / "vae", max_shard_size=SHARD)
    text_encoder.to(torch.float16).save_pretrained(out / "text_encoder", max_shard_size=SHARD)
    for config in out.glob("*/config.json"):  # where it lay while it was made is nobody's matter
        data = json.loads(config.read_text("utf-8"))
        data.pop("_name_or_path", None)
        config.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", "utf-8")
    DDIMScheduler(**diffusion.SCHEDULER).save_pretrained(out / "scheduler")
    tokenizer.load(work)
    shutil.copytree(work / "tokenizer", out / "tokenizer")
    (out / "model_index.json").write_text(json.dumps(MODEL_INDEX, indent=2) + "\n", "utf-8")
    (out / "training.json").write_text(json.dumps(_notes(work, preset), indent=2) + "\n", "utf-8")
    for path in out.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _notes(work: Path, preset: recipe.Preset) -> dict[str, object]:
    """What the model card tells of the training; it goes with the weights."""
    batches = {"vae": preset.vae_batch, "polish": preset.vae_batch, "diffusion": preset.batch}
    notes: dict[str, object] = {"preset": preset.name}
    for stage, batch in batches.items():
        state = json.loads((work / f"{preset.name}-{stage}" / "state.json").read_text("utf-8"))
        notes[stage] = {
            "pictures": state["steps"] * batch * state["workers"],
            "workers": state["workers"],
            "minutes_each": round(state["spent_seconds"] / 60, 1),
        }
    return notes
