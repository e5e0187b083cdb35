"""The alpha of a LoRA is found wherever its writer keeps it.

diffusers' own pipeline is the judge for the files that diffusers writes.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import safetensors.torch
import torch
from diffusers import StableDiffusionPipeline

from engine.errors import AddonUnreadable
from engine.formats.lora_reading import read_adapter
from engine.formats.reading import read_result
from engine.models.loader import load_model
from tests.lora_forms import CONV, FC, NAME, OUT, Q, flat, kohya, pair, rand, save


@pytest.fixture(scope="module")
def sd1(tiny_folder):
    return load_model(str(tiny_folder))


def peft(*layers: tuple[str, int]) -> dict[str, torch.Tensor]:
    """Layers of the UNet of 16 inputs and outputs, with their ranks."""
    tensors = {}
    for name, rank in layers:
        down, up = pair(16, 16, rank)
        tensors |= {f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}
    return tensors


def scales(model, path: Path) -> dict[str, float]:
    """alpha / rank by the layer's path."""
    return {layer.path: layer.alpha / layer.rank for layer in read_adapter(path, model).layers}


HEADERS = {
    "alpha alone": {"unet.r": 4, "unet.lora_alpha": 1},
    "twice as strong": {"unet.r": 4, "unet.lora_alpha": 8},
    "a pattern": {"unet.r": 4, "unet.lora_alpha": 2, "unet.rank_pattern": {OUT: 2},
                  "unet.alpha_pattern": {OUT: 6}},
    "a pattern of endings": {"unet.r": 4, "unet.lora_alpha": 2, "unet.rank_pattern": {OUT: 2},
                             "unet.alpha_pattern": {"to_out.0": 6}},
    "rslora": {"unet.r": 4, "unet.lora_alpha": 2, "unet.use_rslora": True,
               "unet.rank_pattern": {OUT: 2}},
    "ranks alone": {"unet.r": 4, "unet.lora_alpha": 4, "unet.rank_pattern": {OUT: 2}},
}  # fmt: skip


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_of_diffusers_scales_as_diffusers_itself_does(sd1, tiny_folder, header, tmp_path):
    rank = header.get("unet.rank_pattern", {}).get(OUT, 4)
    full = header | {"unet.target_modules": ["to_q", "to_out.0"]}
    path = save(
        tmp_path,
        peft((f"unet.{Q}", 4), (f"unet.{OUT}", rank)),
        {"format": "pt", "lora_adapter_metadata": json.dumps(full)},
    )
    pipeline = StableDiffusionPipeline.from_pretrained(tiny_folder, local_files_only=True)
    pipeline.load_lora_weights(path.parent, weight_name=path.name)
    theirs = {
        name: next(iter(module.scaling.values()))
        for name, module in pipeline.unet.named_modules()
        if name in (Q, OUT)
    }
    assert scales(sd1, path) == pytest.approx(theirs)


def test_mixed_ranks_without_any_alpha_have_the_scale_1_as_in_diffusers(sd1, tiny_folder, tmp_path):
    """Its rule since 0.40: W + B A, whatever the ranks are."""
    path = save(tmp_path, peft((f"unet.{Q}", 4), (f"unet.{OUT}", 2)))
    pipeline = StableDiffusionPipeline.from_pretrained(tiny_folder, local_files_only=True)
    pipeline.load_lora_weights(path.parent, weight_name=path.name)
    for name in (Q, OUT):
        assert next(iter(pipeline.unet.get_submodule(name).scaling.values())) == 1
    assert set(scales(sd1, path).values()) == {1.0}


def test_each_part_has_the_alpha_that_is_said_of_it(sd1, tmp_path):
    down, up = pair(32, 64)
    tensors = peft((f"unet.{Q}", 4)) | {
        f"text_encoder.text_model.{FC}.lora_A.weight": down,
        f"text_encoder.text_model.{FC}.lora_B.weight": up,
    }
    said = {"unet.lora_alpha": 2, "text_encoder.lora_alpha": 16,
            "text_encoder.alpha_pattern": {"mlp.fc1": 12}}  # fmt: skip
    path = save(tmp_path, tensors, {"lora_adapter_metadata": json.dumps(said)})
    assert scales(sd1, path) == {Q: 0.5, FC: 3.0}


@pytest.mark.parametrize("key", ["lora_alpha", "network_alpha", "alpha", "unet.lora_alpha"])
def test_a_key_of_the_header_itself_counts(sd1, key, tmp_path):
    path = save(tmp_path, peft((f"unet.{Q}", 4)), {key: "2", "rank": "4"})
    assert scales(sd1, path) == {Q: 0.5}


def test_a_tensor_counts_more_than_the_header(sd1, tmp_path):
    tensors = peft((f"unet.{Q}", 4)) | {f"unet.{Q}.alpha": torch.tensor(1.0)}
    said = json.dumps({"unet.lora_alpha": 8})
    assert scales(sd1, save(tmp_path, tensors, {"lora_adapter_metadata": said})) == {Q: 0.25}


def test_kohyas_header_counts_where_no_tensor_says_alpha(sd1, tmp_path):
    conv = (rand(2, 16, 3, 3), rand(16, 2, 1, 1))
    tensors = kohya(f"lora_unet_{flat(Q)}", *pair(16, 16)) | kohya(f"lora_unet_{flat(CONV)}", *conv)
    said = {"ss_network_alpha": "2", "ss_network_args": json.dumps({"conv_alpha": "1"})}
    assert scales(sd1, save(tmp_path, tensors, said)) == {Q: 0.5, CONV: 0.5}
    tensors |= {f"lora_unet_{flat(Q)}.alpha": torch.tensor(4.0)}
    assert scales(sd1, save(tmp_path, tensors, said)) == {Q: 1.0, CONV: 0.5}


def test_kohyas_header_does_not_count_for_names_of_diffusers(sd1, tmp_path):
    """Converters fold alpha in and copy the header."""
    path = save(tmp_path, peft((f"unet.{Q}", 4)), {"ss_network_alpha": "1"})
    assert scales(sd1, path) == {Q: 1.0}


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_model.bin"])
@pytest.mark.parametrize("as_folder", [True, False])
def test_a_peft_folder_is_scaled_by_its_config(sd1, name, as_folder, tmp_path):
    tensors = peft((f"base_model.model.{Q}", 4))
    write = torch.save if name.endswith("bin") else safetensors.torch.save_file
    write(tensors, tmp_path / name)
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 6, "use_rslora": True}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    result = read_result(tmp_path if as_folder else tmp_path / name, sd1)
    assert result.layers[0].alpha / 4 == pytest.approx(6 / math.sqrt(4))


def test_pefts_folders_of_the_parts_are_read_as_one(sd1, tmp_path):
    down, up = pair(32, 64)
    halves = {
        "unet": (peft((f"base_model.model.{Q}", 4)), 2),
        "text_encoder": ({f"base_model.model.text_model.{FC}.lora_A.weight": down,
                          f"base_model.model.text_model.{FC}.lora_B.weight": up}, 12),
    }  # fmt: skip
    for part, (tensors, alpha) in halves.items():
        (tmp_path / part).mkdir()
        safetensors.torch.save_file(tensors, tmp_path / part / "adapter_model.safetensors")
        config = json.dumps({"r": 4, "lora_alpha": alpha})
        (tmp_path / part / "adapter_config.json").write_text(config, "utf-8")
    assert scales(sd1, tmp_path) == {Q: 0.5, FC: 3.0}


def test_a_lokr_of_whole_matrices_is_scaled_as_peft_scales_it(sd1, tmp_path):
    w1, w2 = rand(4, 4), rand(4, 4) + 1
    tensors = {f"base_model.model.{Q}.lokr_w1": w1, f"base_model.model.{Q}.lokr_w2": w2}
    path = tmp_path / "adapter_model.safetensors"
    safetensors.torch.save_file(tensors, path)
    config = {"peft_type": "LOKR", "r": 8, "alpha": 4}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    from engine.results import delta

    (layer,) = read_adapter(path, sd1).layers
    torch.testing.assert_close(delta(layer), torch.kron(w1, w2) / 2)


@pytest.mark.parametrize("said", [
    {"unet.lora_alpha": "many"}, {"unet.lora_alpha": [1]},
    {"unet.lora_alpha": True}, {"unet.alpha_pattern": {"(a+)+$": 3}},
])  # fmt: skip
def test_an_alpha_that_makes_no_sense_is_named(sd1, said, tmp_path):
    path = save(tmp_path, peft((f"unet.{Q}", 4)), {"lora_adapter_metadata": json.dumps(said)})
    with pytest.raises(AddonUnreadable, match=r"its settings give (lora_alpha|alpha_pattern) as"):
        read_adapter(path, sd1)


@pytest.mark.parametrize("text", ["{", "[1]", "nothing", '{"unet.lora_alpha": Infinity}'])
def test_settings_that_cannot_be_read_are_not_passed_over(sd1, text, tmp_path):
    path = save(tmp_path, peft((f"unet.{Q}", 4)), {"lora_adapter_metadata": text})
    with pytest.raises(AddonUnreadable, match="lora_adapter_metadata in its header cannot be read"):
        read_adapter(path, sd1)
    other = tmp_path / "adapter_model.safetensors"
    safetensors.torch.save_file(peft((f"unet.{Q}", 4)), other)
    (tmp_path / "adapter_config.json").write_text(text, "utf-8")
    with pytest.raises(AddonUnreadable, match=r"adapter_config\.json beside it cannot be read"):
        read_adapter(other, sd1)


def test_lycoris_scalar_and_a1111s_scale_count(sd1, tmp_path):
    tensors = kohya(NAME, *pair(16, 16), 2.0) | {f"{NAME}.scalar": torch.tensor(0.5)}
    assert scales(sd1, save(tmp_path, tensors)) == {OUT: 0.25}
    tensors = kohya(NAME, *pair(16, 16), 2.0) | {f"{NAME}.scale": torch.tensor(3.0)}
    assert scales(sd1, save(tmp_path, tensors)) == {OUT: 3.0}
