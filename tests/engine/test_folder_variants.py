"""Diffusers folders in the forms in which people have them: shards, half precision, old names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file

from engine.model_errors import ModelDamaged
from engine.model_shelf import scan
from engine.models.catalog import locate
from engine.models.loader import load_model
from engine.models.size import measure_model
from tests.whole_models import same_weights, weights_of

PARTS = ("unet", "vae", "text_encoder")


@pytest.fixture
def folder(tiny_folder, tmp_path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "model")


def weights_file(part: Path) -> Path:
    (path,) = part.glob("*.safetensors")
    return path


def add_variant(part: Path, variant: str, change=lambda tensor: tensor.half()) -> None:
    """The same weights again, changed, under the name that diffusers gives a variant."""
    path = weights_file(part)
    tensors = {name: change(tensor) for name, tensor in load_file(path).items()}
    save_file(tensors, path.with_suffix(f".{variant}.safetensors"), {"format": "pt"})


def split(path: Path, mark: str = "") -> list[Path]:
    """Three shards with an index, as the libraries write them."""
    tensors = load_file(path)
    names, stem, table, shards = sorted(tensors), path.name.split(".")[0], {}, []
    for number in range(3):
        shard = path.with_name(f"{stem}{mark}-{number + 1:05}-of-00003.safetensors")
        own = {name: tensors[name] for name in names[number::3]}
        save_file(own, shard, {"format": "pt"})
        table |= dict.fromkeys(own, shard.name)
        shards.append(shard)
    index = {"metadata": {}, "weight_map": table}
    path.with_name(f"{stem}.safetensors.index{mark}.json").write_text(json.dumps(index), "utf-8")
    path.unlink()
    return shards


def test_a_folder_gives_the_weights_that_diffusers_itself_reads(folder):
    pipeline = StableDiffusionPipeline.from_pretrained(folder, local_files_only=True)
    for part, own in weights_of(load_model(str(folder))).items():
        theirs = getattr(pipeline, part).state_dict()
        assert own
        for name, tensor in own.items():
            key = name if name in theirs else f"text_model.{name}"
            assert torch.equal(tensor, theirs[key]), f"{part}.{name}"


def test_a_folder_of_half_precision_variants_alone_loads(folder, tiny_folder):
    for part in PARTS:
        whole = weights_file(folder / part)
        add_variant(folder / part, "fp16")
        whole.unlink()
    expected = {
        part: {name: tensor.half().float() for name, tensor in own.items()}
        for part, own in weights_of(load_model(str(tiny_folder))).items()
    }
    assert same_weights(weights_of(load_model(str(folder))), expected)


def test_a_model_in_half_precision_keeps_its_autoencoder_in_full(folder):
    model = load_model(str(folder), torch.float16)
    assert {t.dtype for t in weights_of(model)["vae"].values()} == {torch.float32}
    for part in ("unet", "text_encoder"):
        assert {t.dtype for t in weights_of(model)[part].values()} == {torch.float16}


@pytest.mark.parametrize("variant", ["fp16", "non_ema"])
def test_of_several_variants_the_plain_one_is_read(folder, tiny_folder, variant):
    for part in PARTS:
        add_variant(folder / part, variant, torch.zeros_like)
    assert same_weights(
        weights_of(load_model(str(folder))), weights_of(load_model(str(tiny_folder)))
    )


@pytest.mark.parametrize("mark", ["", ".fp16"])
def test_shards_make_one_model(folder, tiny_folder, mark):
    for part in PARTS:
        split(weights_file(folder / part), mark)
    assert same_weights(
        weights_of(load_model(str(folder))), weights_of(load_model(str(tiny_folder)))
    )


def test_the_shards_that_the_libraries_write_load(folder, tiny_folder):
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", local_files_only=True)
    shutil.rmtree(folder / "unet")
    unet.save_pretrained(folder / "unet", max_shard_size="200KB")
    assert len(list((folder / "unet").glob("*.safetensors"))) > 1
    assert same_weights(
        weights_of(load_model(str(folder))), weights_of(load_model(str(tiny_folder)))
    )


def test_a_shard_that_was_not_downloaded_is_missed(folder):
    split(weights_file(folder / "unet"))[1].unlink()
    with pytest.raises(
        ModelDamaged, match=r"weights of the unet are missing, \d+ in all: "
    ) as told:
        load_model(str(folder))
    assert told.value.sentence.count(", ") == 5  # one before the number, four between five names


@pytest.mark.parametrize("prefixed", [True, False])
def test_text_encoders_load_with_and_without_the_prefix_of_old(folder, tiny_folder, prefixed):
    """transformers >= 5.6 leaves `text_model.` out; every older file has it."""
    path = weights_file(folder / "text_encoder")
    bare = {name.removeprefix("text_model."): t for name, t in load_file(path).items()}
    start = "text_model." if prefixed else ""
    save_file({f"{start}{name}": t for name, t in bare.items()}, path, {"format": "pt"})
    assert same_weights(
        weights_of(load_model(str(folder))), weights_of(load_model(str(tiny_folder)))
    )


def test_an_attention_of_old_may_be_a_convolution(folder, tiny_folder):
    path = weights_file(folder / "vae")
    tensors = {
        name: t[:, :, None, None].contiguous() if ".to_" in name and t.dim() == 2 else t
        for name, t in load_file(path).items()
    }
    assert any(".to_q.weight" in name and t.dim() == 4 for name, t in tensors.items())
    save_file(tensors, path, {"format": "pt"})
    assert same_weights(
        weights_of(load_model(str(folder))), weights_of(load_model(str(tiny_folder)))
    )


# As trainers, systems and editors leave them


def as_it_was(folder: Path, tiny_folder: Path) -> bool:
    return same_weights(
        weights_of(load_model(str(folder))), weights_of(load_model(str(tiny_folder)))
    )


def test_a_folder_of_old_style_weights_alone_loads(folder, tiny_folder):
    for part in PARTS:
        path = weights_file(folder / part)
        stem = "pytorch_model" if part == "text_encoder" else path.stem
        torch.save(load_file(path), path.with_name(f"{stem}.bin"))
        path.unlink()
    assert measure_model(locate(str(folder))) == measure_model(locate(str(tiny_folder)))
    assert as_it_was(folder, tiny_folder)


def test_old_style_shards_of_half_precision_load(folder, tiny_folder):
    path = weights_file(folder / "unet")
    tensors = load_file(path)
    names = sorted(tensors)
    for number in range(2):
        own = {name: tensors[name] for name in names[number::2]}
        torch.save(own, path.with_name(f"{path.stem}.fp16-{number + 1:05}-of-00002.bin"))
    path.unlink()
    assert as_it_was(folder, tiny_folder)


def test_safetensors_count_more_than_old_style_files(folder, tiny_folder):
    for part in PARTS:
        path = weights_file(folder / part)
        zeros = {name: torch.zeros_like(tensor) for name, tensor in load_file(path).items()}
        torch.save(zeros, path.with_suffix(".bin"))
    assert as_it_was(folder, tiny_folder)


@pytest.mark.parametrize("name", [
    "._diffusion_pytorch_model.safetensors", ".~lock.safetensors", "Thumbs.db", ".DS_Store",
    "diffusion_pytorch_model (1).safetensors", "diffusion_pytorch_model - Copy.safetensors",
    "diffusion_pytorch_model.safetensors.part", "pytorch_lora_weights.safetensors",
])  # fmt: skip
def test_what_systems_and_downloads_leave_beside_the_weights_is_not_read(folder, tiny_folder, name):
    (folder / "unet" / name).write_bytes(b"\0\5\26\7 nothing of a model")
    assert as_it_was(folder, tiny_folder)


@pytest.mark.parametrize("name", [
    "StableDiffusionImg2ImgPipeline", "StableDiffusionControlNetPipeline", "MyOwnPipeline",
    "StableDiffusionPAGPipeline",
])  # fmt: skip
def test_a_pipeline_of_another_name_with_the_same_parts_is_the_same_model(
    folder, tiny_folder, name
):
    path = folder / "model_index.json"
    index = json.loads(path.read_text("utf-8")) | {"_class_name": name}
    path.write_text(json.dumps(index), "utf-8")
    assert as_it_was(folder, tiny_folder)


def test_configs_with_a_byte_order_mark_are_read(folder, tiny_folder):
    for path in folder.rglob("*.json"):
        path.write_text(path.read_text("utf-8"), "utf-8-sig")
    assert as_it_was(folder, tiny_folder)


def test_a_folder_without_its_tokenizer_reads_prompts_as_before(folder, tiny_folder):
    expected = load_model(str(tiny_folder)).encode_prompts(["a cat, ésks"]).tokens
    shutil.rmtree(folder / "tokenizer")
    assert torch.equal(load_model(str(folder)).encode_prompts(["a cat, ésks"]).tokens, expected)


def test_a_text_encoder_with_its_own_vocabulary_needs_its_tokenizer(folder):
    shutil.rmtree(folder / "tokenizer")
    path = folder / "text_encoder/config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"vocab_size": 1000}), "utf-8")
    with pytest.raises(ModelDamaged):
        load_model(str(folder))


def test_a_scan_passes_over_what_systems_leave(folder, tiny_folder):
    for name in (".git", "__MACOSX", "@eaDir", ".Trash-1000"):
        shutil.copytree(tiny_folder, folder.parent / name / "model")
    (folder.parent / "._model.safetensors").write_bytes(b"x")
    assert [Path(entry.path) for entry in scan(folder.parent)] == [folder]
