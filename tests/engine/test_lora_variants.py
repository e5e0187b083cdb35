"""Every kind of LoRA, with random weights, means in its files what the live model meant.

The reference is the live model's output before anything is written. Three readers look at each
file: ours, diffusers', and one written from the format's tables.
"""

from __future__ import annotations

import pytest
import safetensors.torch
import torch

from engine.addons import Addon, applied
from engine.errors import FormatDoesNotFit
from engine.models.loader import load_model
from tests.live_loras import (
    FOLDERS,
    KINDS,
    LOOSE,
    ON_XL,
    TIGHT,
    Live,
    attached,
    by_the_tables,
    changed,
    forms,
    through_diffusers,
    without_alpha,
    without_index_of_out,
    without_text_model,
)  # fmt: skip
from tests.method_matrix import outputs

CASES = [*(f"{kind} on sd1" for kind in KINDS), *(f"{kind} on sdxl" for kind in ON_XL)]


@pytest.fixture(scope="module", params=CASES)
def live(request) -> Live:
    kind, _, family = request.param.partition(" on ")
    return attached(request.getfixturevalue(FOLDERS[family]), KINDS[kind])


def test_the_live_model_is_far_from_the_base_model(live):
    bare = outputs(load_model(str(live.base)))
    for name, said in live.said.items():
        assert (said - bare[name]).norm() > LOOSE * bare[name].norm(), name
        assert torch.isfinite(said).all()


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_our_reader_gets_what_the_live_model_meant(live, precision, tmp_path):
    for form in forms(live):
        model = load_model(str(live.base))
        with applied(model, [Addon(live.write(form, precision, tmp_path))]):
            assert live.error(outputs(model)) < (1e-5 if precision == "fp32" else TIGHT), form


def test_a_reader_by_the_tables_gets_what_the_live_model_meant(live, tmp_path):
    told, unknown = by_the_tables(live.base, live.write("kohya", "fp32", tmp_path))
    assert unknown == []
    assert live.error(told) < TIGHT


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_diffusers_gets_what_the_live_model_meant(live, precision, tmp_path):
    if live.method.settings.algorithm != "lora":
        with pytest.raises(FormatDoesNotFit):  # diffusers reads neither LoHa nor LoKr
            live.write("diffusers", precision, tmp_path)
        return
    for form in forms(live):
        told = through_diffusers(live.base, live.write(form, precision, tmp_path))
        assert live.error(told) < TIGHT, form


def with_blocks_of_diffusers(tensors):
    return {name.replace("middle_block_1", "mid_block_attentions_0"): t
            for name, t in tensors.items()}  # fmt: skip


@pytest.mark.parametrize(
    "fault", [without_alpha, without_index_of_out, without_text_model, with_blocks_of_diffusers]
)
def test_the_reader_by_the_tables_can_fail_on_sdxl(tiny_sdxl_folder, fault, tmp_path):
    live = attached(tiny_sdxl_folder, {"conv": True})
    wrong = changed(live.write("kohya", "fp32", tmp_path), tmp_path / "wrong.safetensors", fault)
    told, unknown = by_the_tables(live.base, wrong)
    assert live.error(told) > LOOSE
    assert bool(unknown) is (fault is not without_alpha)


def test_a_loha_without_its_alpha_is_told_from_one_with_it(tiny_folder, tmp_path):
    live = attached(tiny_folder, {"algorithm": "loha"})
    wrong = changed(
        live.write("kohya", "fp32", tmp_path), tmp_path / "wrong.safetensors", without_alpha
    )
    assert live.error(by_the_tables(live.base, wrong)[0]) > LOOSE


def test_small_and_large_ranks_give_lokr_its_low_rank_and_its_whole_form(tiny_folder):
    def roles(**settings) -> set[str]:
        live = attached(tiny_folder, {"algorithm": "lokr", **settings})
        return {role for layer in live.method.results()[0].layers for role in layer.tensors}

    assert roles(rank=64) == {"lokr_w1", "lokr_w2"}
    assert {"lokr_w2_a", "lokr_w2_b"} < roles(rank=1, lokr_factor=2)


def test_all_layers_of_a_file_have_one_alpha_since_diffusers_loses_others(tiny_folder, tmp_path):
    live = attached(tiny_folder, {"block_ranks": "down=2, up=8"})
    tensors = safetensors.torch.load_file(live.write("kohya", "fp32", tmp_path))
    assert {t.item() for name, t in tensors.items() if name.endswith(".alpha")} == {2.0}
    ranks = {t.shape[0] for name, t in tensors.items() if name.endswith("lora_down.weight")}
    assert ranks == {2, 4, 8}


@pytest.mark.parametrize(
    ("rslora", "scale"),
    [(False, {1: 0.5, 4: 0.5, 16: 0.5}),
     (True, {1: 2.0, 4: 1.0, 16: 0.5})],  # Kalajdzievski 2023: alpha / root of the rank
)  # fmt: skip
def test_the_strength_of_a_layer_whatever_its_rank(tiny_folder, rslora, scale):
    live = attached(tiny_folder, {"block_ranks": "down=1, up=16", "rslora": rslora})
    (result,) = live.method.results()
    found = {layer.rank: layer.alpha / layer.rank for layer in result.layers}
    assert found == pytest.approx(scale)
