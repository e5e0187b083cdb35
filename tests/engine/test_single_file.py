"""A model in one file, in the layouts in which people have it: read whole and offline."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

from engine.model_errors import ModelDamaged, ModelWithoutVae
from engine.models import catalog, identity
from engine.models.catalog import SD1, SD2_BASE, SD2_V, SDXL, Layout, locate
from engine.models.loader import load_model
from engine.models.size import measure_model
from tests import ldm_layout
from tests.conftest import ROOT
from tests.engine_runs import require_finished, tiny_run, train
from tests.golden import make_sd15_lora
from tests.whole_models import weights_of

FAMILIES = {"sd15": SD1, "sd21-base": SD2_BASE, "sd21-v": SD2_V, "sdxl": SDXL}
PIPELINES = {"sdxl": StableDiffusionXLPipeline}
every_family = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(self, address):
        raise AssertionError(f"a connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory) -> Path:
    """Configs of every family, and a file `<family>.safetensors` beside them."""
    folder = ldm_layout.narrow_configs(tmp_path_factory.mktemp("narrow"))
    for family in FAMILIES:
        ldm_layout.write(folder / f"{family}.safetensors", folder / family, torch.float32)
    return folder


@pytest.fixture
def narrow_files(narrow, monkeypatch) -> Path:
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    return narrow


def require_made_up(weights, dtype: torch.dtype, *, v_prediction: bool, every: int = 1) -> int:
    """Each tensor of each part is the one that was made up for it; returns how many."""
    compared = 0
    for part, own in weights.items():
        for name in list(own)[::every]:
            expected = ldm_layout.made_up(
                part, name, own[name].shape, dtype, v_prediction=v_prediction
            )
            assert torch.equal(own[name].to(dtype), expected), f"{part}.{name}"
            compared += 1
    return compared


@every_family
def test_every_weight_of_a_single_file_arrives_in_its_place(narrow_files, family, no_network):
    path, configs = narrow_files / f"{family}.safetensors", narrow_files / family
    source = locate(str(path))
    assert source.layout is Layout.SINGLE_FILE
    assert source.family is FAMILIES[family]
    model = load_model(str(path))
    known = ldm_layout.shapes(configs)
    weights = weights_of(model)
    assert {part: list(own) for part, own in weights.items()} == {
        part: list(own) for part, own in known.items()
    }
    compared = require_made_up(weights, torch.float32, v_prediction=ldm_layout.predicts_v(configs))
    assert compared == sum(map(len, known.values()))
    assert model.noise_schedule.prediction_type == FAMILIES[family].prediction_type
    assert not any(p.requires_grad for part in model.parts() for p in part.module.parameters())


@every_family
def test_the_weights_are_those_that_diffusers_itself_reads(narrow_files, family, no_network):
    path = narrow_files / f"{family}.safetensors"
    configs = shutil.copytree(narrow_files / family, narrow_files / f"whole-{family}")
    tokenizer = ldm_layout.CONFIGS / "clip_tokenizer"
    for folder in configs.glob("tokenizer*"):
        shutil.copytree(tokenizer, folder, dirs_exist_ok=True)
    pipeline = PIPELINES.get(family, StableDiffusionPipeline).from_single_file(
        str(path), config=str(configs), local_files_only=True, torch_dtype=torch.float32,
        safety_checker=None, feature_extractor=None, image_encoder=None,
    )  # fmt: skip
    for part, own in weights_of(load_model(str(path))).items():
        theirs = {
            name.removeprefix("text_model."): tensor
            for name, tensor in getattr(pipeline, part).state_dict().items()
        }
        for name, tensor in own.items():
            assert torch.equal(tensor, theirs[name]), f"{part}.{name}"


@every_family
def test_the_size_of_a_file_is_counted_without_loading_it(narrow_files, family):
    size = measure_model(locate(str(narrow_files / f"{family}.safetensors")))
    known = ldm_layout.shapes(narrow_files / family)
    numel = {
        part: sum(torch.Size(shape).numel() for shape in own.values())
        for part, own in known.items()
    }
    assert (size.unet, size.vae) == (numel["unet"], numel["vae"])
    text = numel["text_encoder"] + numel.get("text_encoder_2", 0)
    assert text <= size.text < 1.1 * text  # SD 2 brings a layer that nothing reads


@every_family
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_an_old_style_checkpoint_loads_equal_through_the_gate(
    narrow_files, tmp_path, family, zipped
):
    path = narrow_files / f"{family}.safetensors"
    tensors = safetensors.torch.load_file(path)
    old = tmp_path / "old.ckpt"
    torch.save(
        {"state_dict": tensors, "global_step": 840_000}, old,
        _use_new_zipfile_serialization=zipped,
    )  # fmt: skip
    assert locate(str(old)).family is FAMILIES[family]
    left, right = weights_of(load_model(str(old))), weights_of(load_model(str(path)))
    for part, own in right.items():
        assert all(torch.equal(tensor, left[part][name]) for name, tensor in own.items())


def test_a_single_file_can_be_trained_on(narrow_files, pictures_folder, tmp_path, no_network):
    path = narrow_files / "sd15.safetensors"
    data = tiny_run(path, pictures_folder, tmp_path, training={"steps": 1, "resolution": 64})
    tensors = safetensors.torch.load_file(require_finished(train(data)).export)
    assert set(tensors) == {
        f"{name}.{role}"
        for name in make_sd15_lora.unet()
        for role in ("lora_down.weight", "lora_up.weight", "alpha")
    }


MISSING = [
    ("sd15", "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.attn2.to_k.weight"),
    ("sd15", "first_stage_model.decoder.conv_out.weight"),
    ("sd15", "cond_stage_model.transformer.text_model.final_layer_norm.weight"),
    ("sd21-v", "cond_stage_model.model.transformer.resblocks.7.attn.in_proj_bias"),
    ("sd21-base", "cond_stage_model.model.positional_embedding"),
    ("sdxl", "model.diffusion_model.label_emb.0.2.weight"),
    ("sdxl", "conditioner.embedders.0.transformer.text_model.final_layer_norm.bias"),
    ("sdxl", "conditioner.embedders.1.model.text_projection"),
]


@pytest.mark.parametrize(("family", "missing"), MISSING)
def test_a_file_that_lacks_a_weight_is_refused_rather_than_filled_with_noise(
    narrow_files, tmp_path, family, missing
):
    tensors = safetensors.torch.load_file(narrow_files / f"{family}.safetensors")
    tensors.pop(missing)
    safetensors.torch.save_file(tensors, tmp_path / "holed.safetensors", {"format": "pt"})
    with pytest.raises(ModelDamaged, match=r"weights of the \w+ are missing, 1 in all") as caught:
        load_model(str(tmp_path / "holed.safetensors"))
    assert missing in caught.value.sentence


@pytest.mark.parametrize(("family", "name"), MISSING[1:])
def test_a_weight_of_a_wrong_shape_is_named(narrow_files, tmp_path, family, name):
    tensors = safetensors.torch.load_file(narrow_files / f"{family}.safetensors")
    tensors[name] = torch.zeros(5, 7)
    safetensors.torch.save_file(tensors, tmp_path / "odd.safetensors", {"format": "pt"})
    with pytest.raises(ModelDamaged, match=r"has the shape \(5, 7\), not") as caught:
        load_model(str(tmp_path / "odd.safetensors"))
    assert name in caught.value.sentence


def test_what_nothing_reads_may_be_missing_or_more(narrow_files, tmp_path):
    """Files of OpenCLIP without their last layer, averaged weights, position ids, schedules."""
    tensors = safetensors.torch.load_file(narrow_files / "sd21-v.safetensors")
    prefix = "cond_stage_model.model."
    slim = {
        name: tensor
        for name, tensor in tensors.items()
        if "resblocks.23." not in name
        and name not in (f"{prefix}logit_scale", f"{prefix}text_projection")
    }
    slim |= {"betas": torch.zeros(1000), "model_ema.decay": torch.zeros(())}
    slim |= {"cond_stage_model.transformer.text_model.embeddings.position_ids": torch.arange(77)}
    safetensors.torch.save_file(slim, tmp_path / "slim.safetensors", {"format": "pt"})
    weights = weights_of(load_model(str(tmp_path / "slim.safetensors")))
    require_made_up(weights, torch.float32, v_prediction=True)


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_a_text_encoder_without_text_model_in_its_names_is_read(
    narrow_files, tmp_path, family, suffix
):
    """NovelAI's model, and all that was merged from it."""
    tensors = safetensors.torch.load_file(narrow_files / f"{family}.safetensors")
    nai = {
        name.replace("transformer.text_model.", "transformer."): t for name, t in tensors.items()
    }
    assert nai.keys() != tensors.keys()
    path = tmp_path / f"nai{suffix}"
    if suffix == ".ckpt":
        torch.save({"state_dict": nai, "global_step": 3}, path)
    else:
        safetensors.torch.save_file(nai, path)
    assert measure_model(locate(str(path))).text
    require_made_up(weights_of(load_model(str(path))), torch.float32, v_prediction=False)


def test_a_name_that_would_be_there_twice_stays_as_it_is(narrow_files, tmp_path):
    """The offsets of a file follow from all its names: none may go missing."""
    tensors = safetensors.torch.load_file(narrow_files / "sd15.safetensors")
    key = "cond_stage_model.transformer.text_model.final_layer_norm.bias"
    tensors[key.replace("text_model.", "")] = tensors[key] + 1
    path = tmp_path / "both.safetensors"
    safetensors.torch.save_file(tensors, path)
    require_made_up(weights_of(load_model(str(path))), torch.float32, v_prediction=False)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize("prefix", ["", "first_stage_model."])
def test_a_vae_in_a_file_beside_the_model_is_read(narrow_files, tmp_path, suffix, prefix):
    tensors = safetensors.torch.load_file(narrow_files / "sd15.safetensors")
    vae = {name: t for name, t in tensors.items() if name.startswith("first_stage_model.")}
    path = tmp_path / "slim.safetensors"
    safetensors.torch.save_file({n: t for n, t in tensors.items() if n not in vae}, path)
    with pytest.raises(ModelWithoutVae, match=r"beside it as slim\.vae\.safetensors"):
        locate(str(path))
    beside = {prefix + name.removeprefix("first_stage_model."): t for name, t in vae.items()}
    if suffix == ".pt":
        torch.save({"state_dict": beside}, tmp_path / f"slim.vae{suffix}")
    else:
        safetensors.torch.save_file(beside, tmp_path / f"slim.vae{suffix}")
    require_made_up(weights_of(load_model(str(path))), torch.float32, v_prediction=False)


def test_a_vae_beside_the_model_is_a_part_of_its_identity_where_it_is_read(narrow_files, tmp_path):
    whole = tmp_path / "whole.safetensors"
    shutil.copy(narrow_files / "sd15.safetensors", whole)
    tensors = safetensors.torch.load_file(whole)
    vae = {name: t for name, t in tensors.items() if name.startswith("first_stage_model.")}
    slim = tmp_path / "slim.safetensors"
    safetensors.torch.save_file({n: t for n, t in tensors.items() if n not in vae}, slim)
    safetensors.torch.save_file(vae, tmp_path / "slim.vae.safetensors")
    sums, stamp = identity.sums(str(slim)), identity.stamp(str(slim))
    assert set(sums) == {"", ".vae"}
    other = {name: tensor + 1 for name, tensor in vae.items()}
    safetensors.torch.save_file(other, tmp_path / "slim.vae.safetensors")
    assert identity.sums(str(slim))[".vae"] != sums[".vae"]
    assert identity.stamp(str(slim)) != stamp

    shutil.copy(tmp_path / "slim.vae.safetensors", tmp_path / "whole.vae.safetensors")
    assert set(identity.sums(str(whole))) == {""}  # it has one of its own


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


@pytest.mark.parametrize(
    ("variants", "chosen"),
    [
        ((".fp16", ".non_ema"), ".fp16"),
        ((".fp16", ".non_ema", ""), ""),
        ((".non_ema", ".non_ema.fp16"), ".non_ema"),
        ((".fp16",), ".fp16"),
    ],
)
def test_of_variants_of_the_same_weights_one_is_read(tiny_folder, tmp_path, variants, chosen):
    folder = shutil.copytree(tiny_folder, tmp_path / "variants")
    path = folder / "unet/diffusion_pytorch_model.safetensors"
    tensors = safetensors.torch.load_file(path)
    path.unlink()
    for number, variant in enumerate(variants):
        values = {name: torch.full_like(tensor, number) for name, tensor in tensors.items()}
        safetensors.torch.save_file(values, path.with_stem(path.stem + variant), {"format": "pt"})
    found = weights_of(load_model(str(folder)))["unet"]
    assert all(bool((tensor == variants.index(chosen)).all()) for tensor in found.values())
    assert measure_model(locate(str(folder))) == measure_model(locate(str(tiny_folder)))


# Prints what the parent checks: bytes of memory above the level after the imports, and names.
REAL_SIZE = """
import json, resource, socket, sys
import psutil, torch
from engine.formats import lora_kohya
from engine.methods.base import Subject
from engine.methods.lora.method import Lora
from engine.methods.lora.settings import LoraSettings
from engine.models.loader import load_model
from tests.engine.test_single_file import require_made_up
from tests.whole_models import facts_of, weights_of

def refuse(self, address):
    raise AssertionError(f"a connection to {address}")

socket.socket.connect = refuse
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = max(psutil.Process().memory_info().rss, peak())
model = load_model(sys.argv[1], torch.float16)
extra = peak() - before
compared = require_made_up(weights_of(model), torch.float16, v_prediction=False, every=9)
method = Lora(LoraSettings(rank=4, alpha=4.0, text_learning_rate=1e-5), Subject())
method.attach(model)
(result,) = method.results()
tensors = lora_kohya.to_tensors(result, facts_of(model), torch.float16)
print(json.dumps({
    "extra": extra, "compared": compared, "layers": len(result.layers),
    "lora": {name: list(tensor.shape) for name, tensor in tensors.items()},
}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the peak of a process is told by getrusage")
def test_sd15_in_full_size_loads_offline_and_takes_a_lora_of_the_golden_names(tmp_path):
    path = tmp_path / "sd15.safetensors"
    try:
        assert ldm_layout.write(path, ldm_layout.CONFIGS / "sd15") == 1130
        size = path.stat().st_size
        assert size > 2_100_000_000
        done = subprocess.run(
            [sys.executable, "-c", REAL_SIZE, str(path)], cwd=ROOT, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    finally:
        path.unlink(missing_ok=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["extra"] <= 1.3 * size
    assert told["compared"] > 120
    assert told["layers"] == 264
    assert told["lora"] == json.loads(make_sd15_lora.DATA.read_text("utf-8"))
