"""A file for another kind of model is called by its model's name, as its own keys tell it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from engine.addon_errors import AddonForOtherModel
from engine.errors import AddonUnreadable
from engine.formats import lora_origin
from engine.formats.lora_reading import read_adapter
from engine.models.loader import load_model
from engine.models.safetensors_header import Header
from tests.lora_forms import save

GOLDEN = Path(__file__).parents[1] / "golden"
KEYS = json.loads((GOLDEN / "lora_keys_of_other_models.json").read_text("utf-8"))
OURS = ("sd15_lora_rank4", "sd21_lora", "sdxl_lora", "sd15_convolutions", "sdxl_convolutions")


@pytest.fixture(scope="module")
def sd1(tiny_folder):
    return load_model(str(tiny_folder))


@pytest.mark.parametrize(("model", "layer"), [(m, layer) for m in KEYS for layer in KEYS[m]])
@pytest.mark.parametrize("roles", [("lora_down", "lora_up"), ("lora_A", "lora_B")])
def test_a_lora_of_another_architecture_is_called_by_its_name(sd1, model, layer, roles, tmp_path):
    tensors = {f"{layer}.{role}.weight": torch.ones(4, 4) for role in roles}
    with pytest.raises(AddonForOtherModel) as caught:
        read_adapter(save(tmp_path, tensors), sd1)
    assert f"was made for {model}." in str(caught.value)


@pytest.mark.parametrize("name", OURS)
def test_no_key_of_a_stable_diffusion_lora_is_taken_for_another_model(name):
    keys = json.dumps(json.loads((GOLDEN / f"{name}.json").read_text("utf-8")))
    names = {word for word in keys.replace('"', " ").split() if word.startswith("lora_")}
    assert len(names) > 50
    assert lora_origin.other_architecture(Header(dict.fromkeys(names, (4, 4)), {}, {})) is None


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("control_model.input_blocks.0.0.weight", "it is a ControlNet"),
        ("controlnet_cond_embedding.conv_in.weight", "it is a ControlNet"),
        ("ip_adapter.1.to_k_ip.weight", "it is an IP-Adapter"),
        ("decoder.conv_in.weight", r"it is an autoencoder \(VAE\)"),
        ("encoder.down.0.block.0.conv1.weight", r"it is an autoencoder \(VAE\)"),
        ("text_model.encoder.layers.0.mlp.fc1.weight", "it is a text encoder"),
        ("down_blocks.0.resnets.0.conv1.weight", "it is a UNet, not a LoRA"),
        ("conditioner.embedders.0.transformer.text_model.final_layer_norm.bias",
         "it is a whole model, not a LoRA"),
    ],
)  # fmt: skip
def test_weights_that_are_no_add_on_are_called_what_they_are(sd1, key, said, tmp_path):
    with pytest.raises(AddonUnreadable, match=said):
        read_adapter(save(tmp_path, {key: torch.ones(4, 4)}), sd1)
