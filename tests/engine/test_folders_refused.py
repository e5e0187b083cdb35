"""Diffusers folders that Imprint cannot train, or that have a fault: each gets its sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.model_errors import (
    ModelDamaged,
    ModelIncomplete,
    ModelIsPointer,
    ModelUnsupported,
    NotAModel,
)
from engine.models.catalog import SD1, locate
from engine.models.loader import load_model

INPAINTING = "an inpainting model"
OTHER = "a model with a UNet of another shape"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 4265146304\n"


def edit(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), "utf-8")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda f: (f / "model_index.json").unlink(), NotAModel, "model_index.json is missing"),
        (lambda f: (f / "unet/config.json").write_text("{"), ModelDamaged, "cannot be read"),
        (lambda f: (f / "unet/config.json").write_text("[]"), ModelDamaged, "is no table"),
        (lambda f: (f / "unet/config.json").write_text('{"in_channels": 9}'), ModelUnsupported,
         "inpainting"),
        (lambda f: (f / "unet/config.json").write_text(
            '{"in_channels": 4, "use_linear_projection": true}'), ModelDamaged, "is damaged"),
        (lambda f: (f / "unet/config.json").write_text("[" * 100_000), ModelDamaged,
         "cannot be read"),
        (lambda f: edit(f / "unet/config.json", transformer_layers_per_block=[[10**9]]),
         ModelDamaged, r"transformer_layers_per_block is \[\[1000000000\]\]"),
        (lambda f: edit(f / "unet/config.json", layers_per_block=10**9),
         ModelDamaged, "layers_per_block is 1000000000"),
        (lambda f: edit(f / "unet/config.json", in_channels=9), ModelUnsupported, INPAINTING),
        (lambda f: edit(f / "unet/config.json", in_channels=[4]), ModelUnsupported, "inpainting"),
        (lambda f: edit(f / "unet/config.json", time_cond_proj_dim=256), ModelUnsupported, "LCM"),
        (lambda f: edit(f / "unet/config.json", addition_embed_type="text"), ModelUnsupported,
         OTHER),
        (lambda f: edit(f / "unet/config.json", cross_attention_dim=64), ModelDamaged,
         "has the shape"),
        (lambda f: edit(f / "scheduler/scheduler_config.json", prediction_type="sample"),
         ModelUnsupported, "a model that predicts sample"),
        (lambda f: edit(f / "model_index.json", _class_name="FluxPipeline", unet=None),
         ModelUnsupported, "a FluxPipeline"),
        (lambda f: edit(f / "model_index.json", _class_name="StableDiffusion3Pipeline", unet=None),
         ModelUnsupported, "a StableDiffusion3Pipeline"),
        (lambda f: edit(f / "model_index.json", _class_name="AltDiffusionPipeline",
                        text_encoder=["alt_diffusion", "RobertaSeriesModelWithTransformation"]),
         ModelUnsupported, "a AltDiffusionPipeline"),
        (lambda f: shutil.rmtree(f / "text_encoder"), ModelIncomplete,
         "was made without the folder text_encoder"),
        (lambda f: shutil.rmtree(f / "vae"), ModelIncomplete, "was made without the folder vae"),
        (lambda f: next((f / "unet").glob("*.safetensors")).unlink(), ModelDamaged,
         "unet has no weights"),
        (lambda f: edit(f / "model_index.json", text_encoder_2=["transformers", "x"]),
         ModelUnsupported, OTHER),
        (lambda f: (f / "unet/config.json").write_text(
            '{"in_channels": 4, "block_out_channels": "x"}'), ModelDamaged, "is damaged"),
        (lambda f: (f / "unet/config.json").write_text(
            '{"in_channels": 4, "norm_num_groups": 0}'), ModelDamaged, "is damaged"),
        (lambda f: next((f / "vae").glob("*.safetensors")).unlink(), ModelDamaged, "is damaged"),
        (lambda f: next((f / "text_encoder").glob("*.safetensors")).write_bytes(b"x" * 50),
         NotAModel, "it is no safetensors file"),
        (lambda f: next((f / "unet").glob("*.safetensors")).write_bytes(POINTER), ModelIsPointer,
         "Git LFS pointer"),
        (lambda f: shutil.rmtree(f / "scheduler"), NotAModel, "scheduler_config.json is missing"),
        (lambda f: (f / "tokenizer/vocab.json").write_text("{"), ModelDamaged, "is damaged"),
        (lambda f: (f / "model_index.json").write_text(
            '{"text_encoder_2": ["transformers", "x"]}'), ModelUnsupported,
         "an SDXL refiner"),
    ],
)  # fmt: skip
def test_a_folder_with_a_fault_gets_a_sentence(tiny_folder, tmp_path, change, error, said):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    change(folder)
    with pytest.raises(error, match=said):
        load_model(str(folder))


@pytest.mark.parametrize("value", [None, [], [None, None], {"a": 1}, "x", 3, [[], 1]])
def test_a_second_text_encoder_that_is_none_leaves_a_folder_what_it_was(
    tiny_folder, tmp_path, value
):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    edit(folder / "model_index.json", text_encoder_2=value)
    assert locate(str(folder)).family is SD1
