"""Shared parts of the tests: a tiny real model, pictures, one thread, no network, no screen."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HF_HUB_OFFLINE"] = "1"

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items):
    """What `make soak` runs: the modules with a whole figure of tests.figures. And the order of the
    files, which the workers take one by one: a long one at the end leaves the others idle."""
    for item in items:
        if {"figure", "only_in_soak", "SOAK"} & set(vars(item.module)):
            item.add_marker("soak")
    in_file = Counter(item.path for item in items)
    items.sort(key=lambda item: (not hasattr(item.module, "TAKES_LONG"), -in_file[item.path]))


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    """Caches and settings of a test never touch the user's."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


SD1_UNET = {
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "cross_attention_dim": 32,
    "attention_head_dim": 2,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
}
SD2_UNET = SD1_UNET | {"attention_head_dim": (2, 4), "use_linear_projection": True}
SDXL_UNET = {
    "block_out_channels": (16, 32, 32),
    "layers_per_block": 1,
    "cross_attention_dim": 56,  # both text encoders side by side
    "attention_head_dim": (2, 4, 4),
    "use_linear_projection": True,
    "transformer_layers_per_block": (1, 1, 2),
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 24 + 6 * 8,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
}


def build_tiny_model(
    folder: Path, prediction_type: str = "epsilon", unet: dict | None = None
) -> Path:
    """A real model of some 200,000 parameters, random weights, as a diffusers folder.

    SD 1.x, or the family whose topology `unet` has.
    """
    import torch
    from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel

    torch.manual_seed(0)
    settings = unet or SD1_UNET
    is_xl = settings.get("addition_embed_type") == "text_time"
    network = UNet2DConditionModel(sample_size=8, norm_num_groups=8, **settings)
    vae = AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=16,
    )
    _tiny_text_encoder(32).save_pretrained(folder / "text_encoder")
    network.save_pretrained(folder / "unet")
    vae.save_pretrained(folder / "vae")
    DDPMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type=prediction_type,
    ).save_pretrained(folder / "scheduler")
    shutil.copytree(ROOT / "resources/model_configs/clip_tokenizer", folder / "tokenizer")
    if is_xl:
        _tiny_text_encoder(24, projection=24).save_pretrained(folder / "text_encoder_2")
        shutil.copytree(folder / "tokenizer", folder / "tokenizer_2")
    family = "sdxl" if is_xl else "sd21-v" if settings.get("use_linear_projection") else "sd15"
    shutil.copy(ROOT / f"resources/model_configs/{family}/model_index.json", folder)
    return folder


def _tiny_text_encoder(width: int, projection: int = 0):
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=projection or width,
        bos_token_id=49406,
        eos_token_id=49407,
        pad_token_id=49407,
    )
    return CLIPTextModelWithProjection(config) if projection else CLIPTextModel(config)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny") / "tiny-model")


@pytest.fixture(scope="session")
def tiny_v_folder(tmp_path_factory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny-v") / "tiny-v-model", "v_prediction")


@pytest.fixture(scope="session")
def tiny_sd2_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-sd2") / "tiny-sd2-model"
    return build_tiny_model(folder, "v_prediction", SD2_UNET)


@pytest.fixture(scope="session")
def tiny_sdxl_folder(tmp_path_factory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny-xl") / "tiny-xl-model", unet=SDXL_UNET)


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
