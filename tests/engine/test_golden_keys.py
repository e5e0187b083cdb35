"""The names and shapes that we write, against lists made from the format's own tables."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import torch

from engine.config_file import require
from engine.diffusion import NoiseSchedule
from engine.formats import lora_diffusers, lora_kohya
from engine.formats.metadata import ExportFacts
from engine.methods.base import Subject
from engine.methods.lora.method import Lora
from engine.methods.lora.settings import LoraSettings
from engine.models.catalog import SD1, SD2_V, SDXL, Family, Layout, ModelSource, bundled_config
from engine.models.clip_text import TextEncoder
from engine.models.loader import TOKENIZER, load_tokenizer
from engine.models.networks import network
from engine.models.stable_diffusion import StableDiffusion
from engine.results import AdapterResult
from tests.golden import make_lora_names, make_sd15_lora

SD15 = json.loads(make_sd15_lora.DATA.read_text("utf-8"))


def golden(*lists: str) -> dict[str, list[int]]:
    """Name -> shape of every tensor of the lists' modules."""
    found: dict[str, list[int]] = {}
    for name in lists:
        modules = json.loads(make_lora_names.data(name).read_text("utf-8"))
        for module, (down, up) in modules.items():
            found[f"{module}.lora_down.weight"] = down
            found[f"{module}.lora_up.weight"] = up
            found[f"{module}.alpha"] = []
    return found


def without_weights(family: Family) -> StableDiffusion:
    """A family as its configs say, on the meta device: shapes, no memory."""
    parts = ["unet", "vae", *family.text_prefixes]
    modules = {part: network(part, bundled_config(family, part)) for part in parts}
    tokenizer = load_tokenizer(TOKENIZER)
    return StableDiffusion(
        ModelSource(path=Path("model"), layout=Layout.SINGLE_FILE, family=family),
        NoiseSchedule(torch.ones(1000), "epsilon"),
        unet=modules["unet"],
        vae=modules["vae"],
        text_encoders=[TextEncoder(p, modules[p], tokenizer, 0) for p in family.text_prefixes],
    )


def adapted(family: Family, **settings) -> tuple[AdapterResult, ExportFacts]:
    """A LoRA of rank 4 on a whole family, zeros for weights, and what its writers are told."""
    model = without_weights(family)
    method = Lora(LoraSettings(**{"rank": 4, "alpha": 4.0, **settings}), Subject())
    method.attach(model)
    configs = model.configs()
    (found,) = method.results()
    facts = ExportFacts(
        config=require({"dataset": {"folder": "x"}}), source=model.source,
        prediction_type="epsilon", num_images=1, step=1, started_at=datetime.now().astimezone(),
        configs=configs,
    )  # fmt: skip
    layers = tuple(
        replace(layer, tensors={k: torch.zeros(t.shape) for k, t in layer.tensors.items()})
        for layer in found.layers
    )
    return replace(found, layers=layers), facts


def written(family: Family, **settings) -> dict[str, list[int]]:
    result, facts = adapted(family, **settings)
    tensors = lora_kohya.to_tensors(result, facts, torch.float16)
    for name, tensor in tensors.items():
        assert tensor.dtype == (torch.float32 if name.endswith(".alpha") else torch.float16)
    return {name: list(tensor.shape) for name, tensor in tensors.items()}


WITH_TEXT = {"text_learning_rate": 1e-5}


def test_the_golden_lists_are_what_the_tables_say():
    assert make_sd15_lora.tensors() == SD15
    assert (len(make_sd15_lora.unet()), len(make_sd15_lora.text_encoder())) == (192, 72)
    assert len(SD15) == 792
    for name, make in make_lora_names.LISTS.items():
        assert json.loads(make_lora_names.data(name).read_text("utf-8")) == make()


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("sd21_lora", {"lora_unet": 192, "lora_te": 138}),
        ("sdxl_lora", {"lora_unet": 722, "lora_te1": 72, "lora_te2": 192}),
        ("sd15_convolutions", {"lora_unet": 86}),
        ("sdxl_convolutions", {"lora_unet": 66}),
    ],
)
def test_each_list_has_the_published_number_of_modules(name, counts):
    modules = json.loads(make_lora_names.data(name).read_text("utf-8"))
    found: dict[str, int] = {}
    for module in modules:
        prefix = "_".join(module.split("_")[:2])
        found[prefix] = found.get(prefix, 0) + 1
    assert found == counts


@pytest.mark.parametrize(
    ("family", "conv", "expected"),
    [
        (SD1, False, lambda: SD15),
        (SD1, True, lambda: SD15 | golden("sd15_convolutions")),
        (SD2_V, False, lambda: golden("sd21_lora")),
        (SD2_V, True, lambda: golden("sd21_lora", "sd15_convolutions")),
        (SDXL, False, lambda: golden("sdxl_lora")),
        (SDXL, True, lambda: golden("sdxl_lora", "sdxl_convolutions")),
    ],
    ids=["sd15", "sd15 conv", "sd21", "sd21 conv", "sdxl", "sdxl conv"],
)
def test_a_kohya_file_has_exactly_the_golden_names_and_shapes(family, conv, expected):
    assert written(family, conv=conv, **WITH_TEXT) == expected()


def test_a_diffusers_file_of_sd15_has_two_tensors_for_each_golden_module():
    result, _ = adapted(SD1, **WITH_TEXT)
    tensors = lora_diffusers.to_tensors(result, torch.float16)
    assert len(tensors) == 528
    expected = {
        name.rsplit(".", 2)[0] for name in SD15 if name.endswith("lora_down.weight")
    }  # the same modules, once the dots are underscores again
    found = {
        name.rsplit(".lora_", 1)[0]
        .replace(".", "_")
        .replace("text_encoder_text_model", "lora_te_text_model")
        for name in tensors
    }
    assert {f"lora_{name}" if name.startswith("unet_") else name for name in found} == expected


def modules_of(tensors: dict[str, list[int]]) -> set[str]:
    return {name.partition(".")[0] for name in tensors}


def test_without_the_text_encoder_only_the_unet_is_in_the_file():
    assert modules_of(written(SD1)) == set(make_sd15_lora.unet())


def test_without_feed_forward_only_the_attention_is_in_the_file():
    names = modules_of(written(SD1, feed_forward=False))
    assert names == {name for name in make_sd15_lora.unet() if "_attn" in name}
    assert len(names) == 128


def test_only_3x3_kernels_get_the_rank_of_convolutions_as_with_kohya_and_lycoris():
    shapes = written(SD1, conv=True, conv_rank=2)
    ranks = {
        name.removesuffix(".lora_down.weight"): shape[0]
        for name, shape in shapes.items()
        if name.endswith("lora_down.weight")
    }
    wide = {
        name.removesuffix(".lora_down.weight")
        for name, shape in (SD15 | golden("sd15_convolutions")).items()
        if name.endswith("lora_down.weight") and shape[-1] == 3
    }
    assert len(wide) == 50
    assert {name for name, rank in ranks.items() if rank == 2} == wide
    assert set(ranks.values()) == {2, 4}
