"""A model in one file, in the layout in which people have it: read whole, offline, in full size."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest
import safetensors.torch
import torch

from engine.errors import ModelDamaged
from engine.formats import lora_kohya
from engine.methods.lora.method import Lora
from engine.methods.lora.settings import LoraSettings
from engine.models import loader
from engine.models.catalog import SD1, Layout, locate
from engine.models.loader import load_model
from tests import ldm_layout
from tests.engine_runs import require_finished, tiny_run, train
from tests.golden import make_sd15_lora


@pytest.fixture
def no_network(monkeypatch):
    def refuse(self, address):
        raise AssertionError(f"a connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory) -> Path:
    """Configs and a file `model.safetensors` beside them."""
    folder = ldm_layout.narrow_configs(tmp_path_factory.mktemp("narrow"))
    ldm_layout.write(folder / "model.safetensors", folder / "sd15", torch.float32)
    return folder


@pytest.fixture
def narrow_file(narrow, monkeypatch) -> Path:
    monkeypatch.setattr(loader, "CONFIGS", narrow)
    return narrow / "model.safetensors"


def require_same_weights(model, dtype: torch.dtype, every: int = 1) -> int:
    """Each tensor of each part is the one that was made up for it; returns how many."""
    compared = 0
    for part in ("unet", "vae", "text_encoder"):
        own = getattr(model, part).state_dict()
        for key in list(own)[::every]:
            if not key.endswith("position_ids"):
                expected = ldm_layout.made_up(part, key, own[key].shape, dtype)
                assert torch.equal(own[key].to(dtype), expected), f"{part}.{key}"
                compared += 1
    return compared


def test_every_weight_of_a_single_file_arrives_in_its_place(narrow_file, no_network):
    model = load_model(str(narrow_file))
    assert require_same_weights(model, torch.float32) == 1130
    assert locate(str(narrow_file)).layout is Layout.SINGLE_FILE
    assert locate(str(narrow_file)).family is SD1
    assert not any(p.requires_grad for p in model.unet.parameters())


def test_a_single_file_can_be_trained_on(narrow_file, pictures_folder, tmp_path, no_network):
    data = tiny_run(narrow_file, pictures_folder, tmp_path, training={"steps": 1, "resolution": 64})
    tensors = safetensors.torch.load_file(require_finished(train(data)).export)
    assert set(tensors) == {
        f"{name}.{role}"
        for name in make_sd15_lora.unet()
        for role in ("lora_down.weight", "lora_up.weight", "alpha")
    }


@pytest.mark.parametrize(
    "missing",
    [
        "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.attn2.to_k.weight",
        "first_stage_model.decoder.conv_out.weight",
        "cond_stage_model.transformer.text_model.final_layer_norm.weight",
    ],
)
def test_a_file_that_lacks_a_weight_is_refused_rather_than_filled_with_noise(
    narrow_file, tmp_path, missing
):
    tensors = safetensors.torch.load_file(narrow_file)
    tensors.pop(missing)
    safetensors.torch.save_file(tensors, tmp_path / "holed.safetensors", {"format": "pt"})
    with pytest.raises(ModelDamaged, match=r"weights.* are missing"):
        load_model(str(tmp_path / "holed.safetensors"))


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_a_folder_that_lacks_a_weight_is_refused_rather_than_filled_with_noise(
    tiny_folder, tmp_path, part
):
    folder = shutil.copytree(tiny_folder, tmp_path / "holed")
    path = next((folder / part).glob("*.safetensors"))
    tensors = safetensors.torch.load_file(path)
    tensors.pop(sorted(tensors)[3])
    safetensors.torch.save_file(tensors, path, {"format": "pt"})
    with pytest.raises(ModelDamaged, match=f"weights of the {part} are missing, 1 in all"):
        load_model(str(folder))


def test_an_autoencoder_with_the_attention_names_of_old_loads_all_the_same(tiny_folder, tmp_path):
    """The VAE of SD 1.5's own folder names its attention query, key, value, proj_attn."""
    folder = shutil.copytree(tiny_folder, tmp_path / "old")
    path = next((folder / "vae").glob("*.safetensors"))
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    tensors = safetensors.torch.load_file(path)
    for new, name in old.items():
        tensors = {key.replace(f".{new}.", f".{name}."): t for key, t in tensors.items()}
    assert any(".proj_attn." in key for key in tensors)
    safetensors.torch.save_file(tensors, path, {"format": "pt"})
    left, right = load_model(str(folder)).vae, load_model(str(tiny_folder)).vae
    assert all(torch.equal(t, right.state_dict()[key]) for key, t in left.state_dict().items())


@pytest.mark.slow
def test_sd15_in_full_size_loads_offline_and_takes_a_lora_of_the_golden_names(tmp_path, no_network):
    path = tmp_path / "sd15.safetensors"
    try:
        assert ldm_layout.write(path, ldm_layout.CONFIGS / "sd15") == 1130
        assert path.stat().st_size > 2_100_000_000
        model = load_model(str(path), torch.float16)
    finally:
        path.unlink(missing_ok=True)
    assert require_same_weights(model, torch.float16, every=9) > 120

    method = Lora(LoraSettings(rank=4, alpha=4.0, text_learning_rate=1e-5))
    method.attach(model)
    result = method.result()
    assert len(result.layers) == 264
    tensors = lora_kohya.to_tensors(result, torch.float16)
    golden = json.loads(make_sd15_lora.DATA.read_text("utf-8"))
    assert {name: list(tensor.shape) for name, tensor in tensors.items()} == golden
