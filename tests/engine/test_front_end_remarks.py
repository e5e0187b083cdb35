"""What the report of an export says has to be set or known in other programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import safetensors.torch
import torch
from diffusers import DDPMScheduler, StableDiffusionXLPipeline

from engine.addons import Addon, applied
from engine.config_file import require
from engine.formats import checkpoint, front_ends, lora_diffusers
from engine.formats.catalog import FORMATS
from engine.formats.front_end_remarks import remarks, shows_invoke_the_model
from engine.formats.metadata import ExportFacts
from engine.models import catalog
from engine.models.catalog import SD1, SD2_BASE, SD2_V, SDXL, Layout, ModelSource, bundled_config
from engine.models.loader import load_model
from engine.tensor_writer import write_tensors
from tests import ldm_layout
from tests.live_loras import TIGHT, attached, through_diffusers
from tests.method_matrix import outputs
from tests.whole_models import facts_of, whole

V, EPSILON = "v_prediction", "epsilon"


def facts(family=SD1, predicts=EPSILON, method=None, precision="fp16", **over) -> ExportFacts:
    config = require(
        {"dataset": {"folder": "x"}, "method": method or {"kind": "dreambooth"},
         "export": {"precision": precision}}
    )  # fmt: skip
    source = ModelSource(path=Path("x"), layout=Layout.SINGLE_FILE, family=family)
    return ExportFacts(
        config=config, source=source, prediction_type=predicts, num_images=1, step=1,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        configs={"unet": bundled_config(family, "unet")}, **over,
    )  # fmt: skip


def about(said, program: str) -> str:
    """What is said of a program, in one text."""
    return " ".join(text for text in said if program in text.partition(":")[0])


@pytest.mark.parametrize(("family", "predicts"), [(SD1, EPSILON), (SDXL, EPSILON), (SD2_V, V)])
def test_a_model_that_readers_take_for_what_it_is_needs_no_setting_in_diffusers_and_invokeai(
    family, predicts
):
    said = remarks(FORMATS["checkpoint"], facts(family, predicts), ())
    assert not about(said, "diffusers")
    assert not about(said, "InvokeAI")
    assert bool(about(said, "AUTOMATIC1111")) is (predicts == V)


@pytest.mark.parametrize(
    ("family", "predicts"), [(SDXL, V), (SD1, V), (SD2_BASE, EPSILON)],
    ids=["sdxl v", "sd1 v", "sd2 epsilon"],
)  # fmt: skip
def test_a_model_that_readers_take_for_another_names_the_setting(family, predicts):
    said = remarks(FORMATS["checkpoint"], facts(family, predicts), ())
    assert f'prediction_type="{predicts}"' in about(said, "diffusers")
    assert predicts in about(said, "InvokeAI")
    assert (".yaml" in about(said, "AUTOMATIC1111")) is (predicts == V)
    for program in ("ComfyUI", "stable-diffusion.cpp"):
        assert bool(about(said, program)) is (family is SD1)


@pytest.mark.parametrize("family", [SD1, SD2_V, SDXL])
def test_zero_terminal_snr_names_its_settings(family):
    said = remarks(FORMATS["checkpoint"], facts(family, V, zero_terminal_snr=True), ())
    assert "rescale_betas_zero_snr=True" in about(said, "diffusers")
    assert 'timestep_spacing="trailing"' in about(said, "diffusers")
    assert "Zero Terminal SNR" in about(said, "AUTOMATIC1111")


def test_what_the_report_says_of_diffusers_is_what_diffusers_does(tmp_path, monkeypatch):
    """Without a scheduler its pipeline predicts noise; with the one that is named, v."""
    narrow = ldm_layout.narrow_configs(tmp_path / "narrow")
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    write_tensors(tmp_path / "b.safetensors", ldm_layout.tensors(narrow / "sdxl", torch.float32))
    model = load_model(str(tmp_path / "b.safetensors"), prediction_type=V)
    path = tmp_path / "v.safetensors"
    checkpoint.save(path, whole(model), facts_of(model, zero_terminal_snr=True))
    pipeline = StableDiffusionXLPipeline.from_single_file(
        str(path), config=str(narrow / "sdxl"), local_files_only=True, torch_dtype=torch.float32
    )
    assert pipeline.scheduler.config.prediction_type == EPSILON
    (said,) = [
        text
        for text in remarks(FORMATS["checkpoint"], facts(SDXL, V, zero_terminal_snr=True), ())
        if text.startswith("diffusers:")
    ]
    settings = eval(f"dict({said.facts['settings']})")
    named = DDPMScheduler.from_config(pipeline.scheduler.config, **settings)
    assert named.config.prediction_type == V
    assert named.config.rescale_betas_zero_snr
    assert named.config.timestep_spacing == "trailing"


def test_of_a_model_that_no_other_program_knows_no_setting_is_said():
    unet = bundled_config(SD1, "unet")
    narrow = {"unet": {**unet, "block_out_channels": [32, 64]}}
    known = facts(SD1, V, zero_terminal_snr=True)
    assert remarks(FORMATS["checkpoint"], known, ())
    assert remarks(FORMATS["checkpoint"], replace(known, configs=narrow), ()) == ()


def test_averaged_weights_that_are_left_out_are_said():
    said = remarks(FORMATS["checkpoint"], facts(), (), num_averaged=686)
    assert "686 tensors" in said[0]


LOKR = {"kind": "lora", "algorithm": "lokr"}
TO_K = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
TEXT = "text_model_encoder_layers_0_self_attn_q_proj"


@pytest.mark.parametrize(
    ("names", "is_shown"),
    [
        ([f"{TO_K}.lora_down.weight", f"{TO_K}.lora_up.weight"], True),
        ([f"{TO_K}.hada_w1_b"], True),
        ([f"{TO_K}.lokr_w1", f"{TO_K}.lokr_w2"], True),
        ([f"{TO_K}.lokr_w1", f"{TO_K}.lokr_w2_a", f"{TO_K}.lokr_w2_b"], False),
        ([f"{TO_K}.lokr_w1", f"{TO_K}.lokr_w2_a", f"lora_te_{TEXT}.lokr_w1",
          f"lora_te_{TEXT}.lokr_w2"], True),
        ([f"lora_te1_{TEXT}.lora_down.weight"], False),
        ([f"lora_te1_{TEXT}.lora_down.weight", f"lora_te2_{TEXT}.lora_down.weight"], True),
        ([f"{TO_K.replace('attn2', 'attn1')}.lora_down.weight"], False),
    ],
)  # fmt: skip
def test_invokeai_is_promised_what_shows_it_the_width_of_the_text(names, is_shown):
    assert shows_invoke_the_model(names) is is_shown
    here = facts(method=LOKR)
    read = front_ends.matches(FORMATS["kohya"], here, names)
    assert ("InvokeAI" in read) is is_shown
    said = remarks(FORMATS["kohya"], here, names)
    is_lokr = any(".lokr_" in name for name in names)
    is_said = any("unrecognized token vector length" in text for text in said)
    assert is_said is (is_lokr and not is_shown)


@pytest.mark.parametrize("precision", ["fp16", "bf16", "fp32"])
@pytest.mark.parametrize("role", ["hada_w1_b", "lokr_w1", "lora_down.weight"])
def test_a1111s_products_in_the_files_precision_are_said(precision, role):
    names = [f"{TO_K}.{role}", f"{TO_K}.lokr_w2"] if "lokr" in role else [f"{TO_K}.{role}"]
    said = remarks(FORMATS["kohya"], facts(method=LOKR, precision=precision), names)
    is_said = any("LoHa and LoKr" in text for text in said)
    assert is_said is (precision != "fp32" and "lora" not in role)


MIXED = {
    "block ranks": {"block_ranks": "down=2, mid=3, up.0=6", "conv": True},
    "conv rank": {"conv": True, "conv_rank": 2},
    "rslora by block": {"rslora": True, "alpha": 1.5, "block_ranks": "down=2, up=9"},
}


@pytest.mark.parametrize("kind", MIXED)
@pytest.mark.parametrize("family", ["tiny_folder", "tiny_sdxl_folder"])
def test_a_file_of_different_ranks_means_the_same_to_every_rule_of_diffusers(
    request, tmp_path, kind, family
):
    """With its header, as diffusers reads it since 0.34; without it, by the rule of 0.40."""
    live = attached(request.getfixturevalue(family), MIXED[kind])
    path = live.write("diffusers", "fp32", tmp_path)
    with safetensors.safe_open(path, "pt") as file:
        assert lora_diffusers.ADAPTER_KEY in file.metadata()
    assert live.error(through_diffusers(live.base, path)) < TIGHT
    bare = tmp_path / "bare.safetensors"
    safetensors.torch.save_file(safetensors.torch.load_file(path), bare)
    assert live.error(through_diffusers(live.base, bare)) < TIGHT
    said = remarks(FORMATS["diffusers"], live.facts, ())
    assert any("different ranks" in text for text in said)


def test_diffusers_takes_the_scale_from_that_header_and_not_from_its_own_rule(
    tiny_folder, tmp_path, monkeypatch
):
    """The rule before 0.40 gave layers of another rank another scale."""
    from diffusers.utils import peft_utils

    live = attached(tiny_folder, MIXED["conv rank"])
    path = live.write("diffusers", "fp32", tmp_path)

    def older(rank_dict, network_alpha_dict, peft_state_dict, **options):
        made = newer(rank_dict, network_alpha_dict, peft_state_dict, **options)
        return made | {"lora_alpha": next(iter(rank_dict.values())), "alpha_pattern": {}}

    newer = peft_utils.get_peft_kwargs
    monkeypatch.setattr(peft_utils, "get_peft_kwargs", older)
    assert live.error(through_diffusers(live.base, path)) < TIGHT
    bare = tmp_path / "bare.safetensors"
    safetensors.torch.save_file(safetensors.torch.load_file(path), bare)
    assert live.error(through_diffusers(live.base, bare)) > TIGHT


def test_a_file_of_one_rank_needs_no_such_header(tiny_folder, tmp_path):
    live = attached(tiny_folder, {})
    path = live.write("diffusers", "fp16", tmp_path)
    with safetensors.safe_open(path, "pt") as file:
        assert lora_diffusers.ADAPTER_KEY not in file.metadata()
    assert remarks(FORMATS["diffusers"], live.facts, ()) == ()


def test_our_reader_follows_the_rule_of_diffusers_0_40_where_a_file_says_no_scale(
    tiny_folder, tmp_path
):
    """Another's file of different ranks, without alpha and without a header."""
    live = attached(tiny_folder, MIXED["conv rank"])
    written = live.write("diffusers", "fp32", tmp_path)
    path = tmp_path / "bare.safetensors"
    safetensors.torch.save_file(safetensors.torch.load_file(written), path)
    model = load_model(str(live.base))
    with applied(model, [Addon(path)]):
        ours = outputs(model)
    theirs = through_diffusers(live.base, path)
    for name, said in theirs.items():
        assert (ours[name] - said).norm() < TIGHT * said.norm()


def test_changes_that_the_files_type_hardly_holds_are_said():
    names = [f"{TO_K}.lora_down.weight"]
    here = facts(method={"kind": "lora"})
    (said,) = remarks(FORMATS["kohya"], here, names, rounding=0.22)
    assert "fp16 keeps them only roughly: the worst layer is off by 22%" in said
    assert remarks(FORMATS["kohya"], here, names, rounding=0.004) == ()
