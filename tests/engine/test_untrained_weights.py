"""Whatever a base model has and was not trained is in the exported model bit for bit."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine import storage
from engine.config_file import require
from engine.errors import ExportFailed
from engine.events import ExportChecked
from engine.export import export_one
from engine.export_record import ExportRecord
from engine.formats import checkpoint
from engine.formats.catalog import FORMATS
from engine.formats.metadata import ExportFacts
from engine.methods.base import Method, Subject
from engine.methods.catalog import build
from engine.models import catalog
from engine.models.loader import load_model
from engine.models.tensor_file import open_tensors
from engine.tensor_writer import write_tensors
from tests import ldm_layout
from tests.figures import SOAK
from tests.whole_models import facts_of

DREAMBOOTH = {"kind": "dreambooth", "prior_weight": 0}
WITH_TEXT = DREAMBOOTH | {"text_learning_rate": 1e-3}
BAKED = {"kind": "lora", "rank": 2, "text_learning_rate": 1e-3}
CLIP = {"sd15": "cond_stage_model.transformer.", "sdxl": "conditioner.embedders.0.transformer."}
OPEN_CLIP = {"sd21-base": "cond_stage_model.model.", "sdxl": "conditioner.embedders.1.model."}
UNET = "model.diffusion_model."
AVERAGED = "model_ema.diffusion_modelinput_blocks00weight"


def with_everything(family: str, configs: Path, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """A file as the published ones are: with what nothing reads while drawing."""
    tensors = ldm_layout.tensors(configs, dtype)
    generator = torch.Generator().manual_seed(11)

    def random(*shape: int, of: torch.dtype = dtype) -> torch.Tensor:
        return torch.randn(shape, generator=generator).to(of)

    for name in tensors:
        if ".resblocks.23." in name and family == "sd21-base":
            tensors[name] = random(*tensors[name].shape)
    if family in OPEN_CLIP:
        tensors[f"{OPEN_CLIP[family]}logit_scale"] = torch.tensor(4.5, dtype=dtype)
    if family == "sd21-base":
        tensors[f"{OPEN_CLIP[family]}text_projection"] = random(16, 16)
    if family in CLIP:
        name = f"{CLIP[family]}text_model.embeddings.position_ids"
        tensors[name] = torch.arange(77)[None]
    if family == "sdxl":
        tensors["denoiser.sigmas"] = random(1000, of=torch.float32)
    tensors["alphas_cumprod"] = random(1000, of=torch.float32)
    tensors[AVERAGED] = random(8, 4, 3, 3)
    return tensors


@pytest.fixture(scope="module")
def narrow(tmp_path_factory) -> Path:
    return ldm_layout.narrow_configs(tmp_path_factory.mktemp("narrow"))


def attached(path: Path, settings: dict, dtype: torch.dtype = torch.float32):
    """A method on a model, whose learning weights have moved."""
    config = require({"dataset": {"folder": "x"}, "method": settings})
    model = load_model(str(path), dtype)
    method = build(config.method, Subject("zwx", "toy"))
    method.attach(model)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for _, parameter in method.named_parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=generator))
    return method, model


def facts_for(model, settings: dict, precision: str) -> ExportFacts:
    facts = facts_of(model, precision)
    data = facts.config.model_dump(mode="json") | {"method": settings}
    return replace(facts, config=require(data))


def exported(path: Path, method: Method, facts: ExportFacts, form: str = "checkpoint"):
    (report,) = [
        event
        for event in export_one(FORMATS[form], path, method, facts, ExportRecord(None))
        if isinstance(event, ExportChecked)
    ]
    return report


def learnt_names(method: Method, model) -> set[str]:
    """Names in the file of the weights that the method teaches."""
    from engine.models.ldm_names import folder_name, original_entries
    from engine.models.networks import whole_shapes

    configs = model.configs()
    shapes = {part: list(names) for part, names in whole_shapes(configs).items()}
    learnt = {
        (part, folder_name(part, name))
        for part, names in method.whole_model().learnt.items()
        for name in names
    }
    return {
        entry.originals[0]
        for entry in original_entries(configs, shapes)
        if any((entry.part, name) in learnt for name in entry.names)
    }


def same_bits(left: torch.Tensor, right: torch.Tensor) -> bool:
    return left.dtype == right.dtype and left.shape == right.shape and torch.equal(left, right)


LEARNT = {"unet": DREAMBOOTH, "text": WITH_TEXT, "baked": BAKED}
FAMILIES = ("sd15", "sd21-base", "sdxl")
PRECISIONS = {"fp16": torch.float16, "bf16": torch.float32}  # of the export, and of its base
# Each family with each kind of learning, in one of the two precisions; in both in `make soak`.
LEFT_ALONE = [
    (family, learnt, precision)
    for number, (family, learnt) in enumerate(product(FAMILIES, LEARNT))
    for place, precision in enumerate(PRECISIONS)
    if SOAK or place == number % 2
]


@pytest.mark.parametrize(("family", "learnt", "precision"), LEFT_ALONE)
def test_every_tensor_of_the_base_file_that_did_not_learn_comes_back_bit_for_bit(
    narrow, tmp_path, monkeypatch, family, learnt, precision
):
    settings, base_type = LEARNT[learnt], PRECISIONS[precision]
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    base = with_everything(family, narrow / family, base_type)
    write_tensors(tmp_path / "base.safetensors", base)
    method, model = attached(tmp_path / "base.safetensors", settings)
    learnt = learnt_names(method, model)
    report = exported(tmp_path / "out.safetensors", method, facts_for(model, settings, precision))
    made = load_file(tmp_path / "out.safetensors")
    assert base.keys() - made.keys() == {AVERAGED}
    assert any("(EMA) of the base model, 1 tensors," in said for said in report.remarks)
    assert made.keys() - base.keys() == set()
    still = base.keys() - learnt - {AVERAGED}
    assert len(still) > 100
    assert [name for name in still if not same_bits(made[name], base[name])] == []
    moved = {name for name in learnt if not torch.equal(made[name], base[name].to(made[name]))}
    assert moved == learnt
    assert {made[name].dtype for name in learnt} == {checkpoint.DTYPES[precision]}
    assert report.loads_in  # what only goes through is no reason for a front end to refuse


def test_a_base_held_in_half_precision_costs_the_untrained_weights_nothing(
    narrow, tmp_path, monkeypatch
):
    """As on a card: a fp16 file whose frozen weights are in memory in bf16."""
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    base = with_everything("sd15", narrow / "sd15", torch.float16)
    write_tensors(tmp_path / "base.safetensors", base)
    method, model = attached(tmp_path / "base.safetensors", BAKED, torch.bfloat16)
    learnt = learnt_names(method, model)
    exported(tmp_path / "out.safetensors", method, facts_for(model, BAKED, "fp16"))
    made = load_file(tmp_path / "out.safetensors")
    still = base.keys() - learnt - {AVERAGED}
    assert [name for name in still if not same_bits(made[name], base[name])] == []
    rounded = [n for n in still if not torch.equal(base[n].bfloat16().half(), base[n].half())]
    assert rounded  # else the memory would have done too


@pytest.mark.parametrize("pickled", ["zip", "legacy"])
def test_an_old_style_base_file_gives_what_it_has_too(narrow, tmp_path, monkeypatch, pickled):
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    base = with_everything("sd21-base", narrow / "sd21-base", torch.float16)
    torch.save(
        {"state_dict": base, "global_step": 5}, tmp_path / "base.ckpt",
        _use_new_zipfile_serialization=pickled == "zip",
    )  # fmt: skip
    method, model = attached(tmp_path / "base.ckpt", DREAMBOOTH)
    exported(tmp_path / "out.safetensors", method, facts_for(model, DREAMBOOTH, "fp16"))
    made = load_file(tmp_path / "out.safetensors")
    still = [name for name in base if not name.startswith((UNET, AVERAGED))]
    assert [name for name in still if not same_bits(made[name], base[name])] == []


@pytest.mark.parametrize("family", ["sd15", "sd21-base", "sdxl"])
def test_a_folder_has_no_such_tensors_so_they_are_made_as_readers_want_them(
    narrow, tmp_path, monkeypatch, family
):
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    write_tensors(tmp_path / "b.safetensors", ldm_layout.tensors(narrow / family, torch.float16))
    method, model = attached(tmp_path / "b.safetensors", DREAMBOOTH)
    exported(tmp_path / "folder", method, facts_for(model, DREAMBOOTH, "fp16"), "diffusers_folder")
    again, model = attached(tmp_path / "folder", DREAMBOOTH)
    exported(tmp_path / "out.safetensors", again, facts_for(model, DREAMBOOTH, "fp16"))
    made = load_file(tmp_path / "out.safetensors")
    assert made.keys() == ldm_layout.tensors(narrow / family, torch.float16).keys()
    if family == "sd21-base":
        start = "cond_stage_model.model.transformer.resblocks"
        assert torch.equal(made[f"{start}.23.ln_1.weight"], made[f"{start}.22.ln_1.weight"])
        assert torch.equal(made["cond_stage_model.model.text_projection"].float(), torch.eye(16))


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_the_untrained_parts_of_a_folder_are_those_of_the_base_folder(
    tiny_folder, tmp_path, precision
):
    method, model = attached(tiny_folder, DREAMBOOTH)
    facts = facts_for(model, DREAMBOOTH, precision)
    exported(tmp_path / "out", method, facts, "diffusers_folder")
    for part, name in (
        ("vae", "diffusion_pytorch_model"), ("text_encoder", "model"),
    ):  # fmt: skip
        base = load_file(tiny_folder / part / f"{name}.safetensors")
        made = load_file(tmp_path / "out" / part / f"{name}.safetensors")
        made = {own.removeprefix("text_model."): tensor for own, tensor in made.items()}
        base = {own.removeprefix("text_model."): tensor for own, tensor in base.items()}
        assert base.keys() == made.keys()
        assert all(same_bits(made[own], base[own]) for own in base)
    unet = load_file(tmp_path / "out/unet/diffusion_pytorch_model.safetensors")
    assert {tensor.dtype for tensor in unet.values()} == {checkpoint.DTYPES[precision]}


def test_a_base_file_that_went_away_costs_the_export_nothing_but_what_only_it_had(
    narrow, tmp_path, monkeypatch
):
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    base = with_everything("sd21-base", narrow / "sd21-base", torch.float16)
    write_tensors(tmp_path / "base.safetensors", base)
    method, model = attached(tmp_path / "base.safetensors", DREAMBOOTH)
    (tmp_path / "base.safetensors").unlink()
    exported(tmp_path / "out.safetensors", method, facts_for(model, DREAMBOOTH, "fp16"))
    made = load_file(tmp_path / "out.safetensors")
    name = "first_stage_model.encoder.conv_in.weight"
    assert same_bits(made[name], base[name])
    assert float(made["cond_stage_model.model.logit_scale"]) == pytest.approx(4.605, abs=1e-2)


def test_a_base_file_that_was_replaced_gives_none_of_the_other_models_weights(
    narrow, tmp_path, monkeypatch
):
    storage.own_folder(tmp_path, "run")  # its files are written twice
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    base = with_everything("sd15", narrow / "sd15", torch.float16)
    write_tensors(tmp_path / "base.safetensors", base)
    method, model = attached(tmp_path / "base.safetensors", DREAMBOOTH)
    other = {n: t * 2 if t.is_floating_point() else t for n, t in base.items()}
    write_tensors(tmp_path / "base.safetensors", other)
    exported(tmp_path / "out.safetensors", method, facts_for(model, DREAMBOOTH, "fp16"))
    made = load_file(tmp_path / "out.safetensors")
    name = "first_stage_model.encoder.conv_in.weight"
    assert same_bits(made[name], base[name])


def test_a_copied_tensor_that_is_not_the_base_models_fails_the_check(narrow, tmp_path, monkeypatch):
    storage.own_folder(tmp_path, "run")  # its files are written twice
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    base = with_everything("sd21-base", narrow / "sd21-base", torch.float16)
    write_tensors(tmp_path / "base.safetensors", base)
    method, model = attached(tmp_path / "base.safetensors", DREAMBOOTH)
    for name in (
        "cond_stage_model.model.text_projection",
        "cond_stage_model.model.transformer.resblocks.23.ln_1.weight",
        "first_stage_model.encoder.conv_in.weight",
        "alphas_cumprod",
    ):
        original = checkpoint.save

        def save(path, result, facts, name=name, original=original):
            original(path, result, facts)
            tensors = load_file(path)
            tensors[name] = tensors[name].flip(0)
            write_tensors(path, tensors)

        with monkeypatch.context() as patch, pytest.raises(ExportFailed):
            patch.setattr(checkpoint, "save", save)
            exported(tmp_path / "out.safetensors", method, facts_for(model, DREAMBOOTH, "fp16"))


def test_a_model_made_from_a_file_loads_as_that_file_does(narrow, tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    base = with_everything("sdxl", narrow / "sdxl", torch.float16)
    write_tensors(tmp_path / "base.safetensors", base)
    method, model = attached(tmp_path / "base.safetensors", DREAMBOOTH)
    exported(tmp_path / "out.safetensors", method, facts_for(model, DREAMBOOTH, "fp16"))
    again = load_model(str(tmp_path / "out.safetensors"))
    assert again.source.family is model.source.family
    assert "denoiser.sigmas" in open_tensors(tmp_path / "out.safetensors").shapes


@pytest.mark.parametrize("pickled", [False, True])
def test_a_base_file_with_novelais_names_gives_each_tensor_once_under_the_usual_name(
    narrow, tmp_path, monkeypatch, pickled
):
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    base = with_everything("sd15", narrow / "sd15", torch.float16)
    named = {
        name.replace(".transformer.text_model.", ".transformer."): t for name, t in base.items()
    }
    path = tmp_path / ("base.ckpt" if pickled else "base.safetensors")
    if pickled:
        torch.save({"state_dict": named}, path)
    else:
        write_tensors(path, named)
    method, model = attached(path, DREAMBOOTH)
    exported(tmp_path / "out.safetensors", method, facts_for(model, DREAMBOOTH, "fp16"))
    made = load_file(tmp_path / "out.safetensors")
    assert made.keys() == base.keys() - {AVERAGED}
    still = [name for name in made if not name.startswith(UNET)]
    assert [name for name in still if not same_bits(made[name], base[name])] == []
