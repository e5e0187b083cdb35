"""Shared parts of the tests: a tiny real model, pictures, one thread, no network, no screen."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HF_HUB_OFFLINE"] = "1"

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    """Caches and settings of a test never touch the user's."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))


def build_tiny_model(folder: Path, prediction_type: str = "epsilon") -> Path:
    """A real SD 1.x of about 200,000 parameters, random weights, as a diffusers folder."""
    import torch
    from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        layers_per_block=1,
        cross_attention_dim=32,
        attention_head_dim=2,
        norm_num_groups=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=16,
    )
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=49408,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            bos_token_id=49406,
            eos_token_id=49407,
            pad_token_id=49407,
        )
    )
    unet.save_pretrained(folder / "unet")
    vae.save_pretrained(folder / "vae")
    text_encoder.save_pretrained(folder / "text_encoder")
    DDPMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type=prediction_type,
    ).save_pretrained(folder / "scheduler")
    shutil.copytree(ROOT / "resources/model_configs/clip_tokenizer", folder / "tokenizer")
    shutil.copy(ROOT / "resources/model_configs/sd15/model_index.json", folder)
    return folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny") / "tiny-model")


@pytest.fixture(scope="session")
def tiny_v_folder(tmp_path_factory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny-v") / "tiny-v-model", "v_prediction")


def draw_pictures(folder: Path, count: int = 3) -> Path:
    """Pictures that differ, with captions beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        image = Image.new("RGB", (96, 96), (40 * number % 256, 90, 200))
        ImageDraw.Draw(image).ellipse((20, 20 + number, 70, 70), fill=(250, 200, 30 * number % 256))
        image.save(folder / f"picture{number}.png")
        (folder / f"picture{number}.txt").write_text(f"a photo of a toy, number {number}", "utf-8")
    return folder


@pytest.fixture
def image_folder(tmp_path) -> Path:
    return draw_pictures(tmp_path / "pictures")


@pytest.fixture
def tiny_data(tiny_folder, image_folder, tmp_path) -> dict:
    """A run of four steps on the tiny model, as plain data."""
    return {
        "name": "toy",
        "base_model": str(tiny_folder),
        "runs_folder": str(tmp_path / "runs"),
        "dataset": {"folder": str(image_folder)},
        "method": {"kind": "lora", "rank": 4, "alpha": 2.0, "learning_rate": 1e-3},
        "training": {"steps": 4, "resolution": 32, "device": "cpu"},
        "sampling": {"every_steps": 2, "num_inference_steps": 2},
        "checkpoints": {"every_steps": 2},
    }


def read_json(path: Path) -> dict:
    return json.loads(path.read_text("utf-8"))
