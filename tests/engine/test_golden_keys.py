"""The names and shapes that we write, against a list made from the format's own tables."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from engine.diffusion import NoiseSchedule
from engine.formats import lora_diffusers, lora_kohya
from engine.methods.lora.method import Lora
from engine.methods.lora.settings import LoraSettings
from engine.models.catalog import SD1, Layout, ModelSource
from engine.models.loader import CONFIGS, load_tokenizer
from engine.models.stable_diffusion import StableDiffusion
from engine.results import LowRankResult
from tests.golden import make_sd15_lora

GOLDEN = json.loads(make_sd15_lora.DATA.read_text("utf-8"))


def sd15_without_weights() -> StableDiffusion:
    """SD 1.5 as its configs say, on the meta device: shapes, no memory."""
    configs = CONFIGS / "sd15"
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(configs / "unet"))
        vae = AutoencoderKL.from_config(AutoencoderKL.load_config(configs / "vae"))
        text = CLIPTextModel(CLIPTextConfig.from_pretrained(configs / "text_encoder"))
    return StableDiffusion(
        ModelSource(path=Path("sd15"), layout=Layout.DIFFUSERS_FOLDER, family=SD1),
        NoiseSchedule(torch.ones(1000), "epsilon"),
        unet=unet,
        vae=vae,
        text_encoder=text,
        tokenizer=load_tokenizer(configs / "tokenizer"),
    )


@pytest.fixture(scope="module")
def result() -> LowRankResult:
    """A LoRA of rank 4 on all of SD 1.5, zeros for weights."""
    settings = LoraSettings(rank=4, alpha=4.0, text_learning_rate=1e-5)
    method = Lora(settings)
    method.attach(sd15_without_weights())
    found = method.result()
    layers = tuple(
        replace(layer, down=torch.zeros(layer.down.shape), up=torch.zeros(layer.up.shape))
        for layer in found.layers
    )
    return LowRankResult(layers, found.rank, found.alpha)


def test_the_golden_list_is_what_the_tables_say():
    assert make_sd15_lora.tensors() == GOLDEN
    assert len(make_sd15_lora.unet()) == 192
    assert len(make_sd15_lora.text_encoder()) == 72
    assert len(GOLDEN) == 792


def test_a_kohya_file_of_sd15_has_exactly_the_golden_names_and_shapes(result):
    assert len(result.layers) == 264
    tensors = lora_kohya.to_tensors(result, torch.float16)
    assert {name: list(tensor.shape) for name, tensor in tensors.items()} == GOLDEN
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}


def test_a_diffusers_file_of_sd15_has_two_tensors_for_each_golden_module(result):
    tensors = lora_diffusers.to_tensors(result, torch.float16)
    assert len(tensors) == 528
    expected = {
        name.rsplit(".", 2)[0] for name in GOLDEN if name.endswith("lora_down.weight")
    }  # the same modules, once the dots are underscores again
    found = {
        name.rsplit(".lora_", 1)[0]
        .replace(".", "_")
        .replace("text_encoder_text_model", "lora_te_text_model")
        for name in tensors
    }
    assert {f"lora_{name}" if name.startswith("unet_") else name for name in found} == expected


def test_without_the_text_encoder_only_the_unet_is_in_the_file():
    method = Lora(LoraSettings(rank=4))
    method.attach(sd15_without_weights())
    names = {lora_kohya.layer_name(layer.part, layer.path) for layer in method.result().layers}
    assert names == set(make_sd15_lora.unet())


def test_without_feed_forward_only_the_attention_is_in_the_file():
    method = Lora(LoraSettings(rank=4, feed_forward=False))
    method.attach(sd15_without_weights())
    names = {lora_kohya.layer_name(layer.part, layer.path) for layer in method.result().layers}
    assert names == {name for name in make_sd15_lora.unet() if "_attn" in name}
    assert len(names) == 128
