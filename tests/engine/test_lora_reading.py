"""Files of other trainers, in the forms that people have, are applied to the last key.

The expected change of each weight is worked out here from the tensors that went into the file.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine.formats.lora_diffusers import full_path
from engine.formats.lora_keys import split_key
from engine.formats.lora_kohya import layer_name
from engine.formats.lora_names import known_names
from engine.formats.lora_reading import read_adapter
from engine.formats.reading import read_result
from engine.generate import Worn, worn
from engine.models.loader import load_model
from engine.results import delta
from tests.lora_forms import (
    CONV,
    FC,
    FF,
    OUT,
    TEXT,
    TEXT_OUT,
    Q,
    added,
    flat,
    kohya,
    pair,
    rand,
    require_added,
    save,
    text,
)  # fmt: skip


@pytest.fixture(scope="module")
def sd1(tiny_folder):
    return load_model(str(tiny_folder))


@pytest.fixture(scope="module")
def sdxl(tiny_sdxl_folder):
    return load_model(str(tiny_sdxl_folder))


# kohya


ORIGINAL_Q = "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q"


@pytest.mark.parametrize("q", [f"lora_unet_{flat(Q)}", ORIGINAL_Q])
@pytest.mark.parametrize("te", ["lora_te", "lora_te1"])
@pytest.mark.parametrize("alpha", [None, 2.0, 0.5])
def test_kohya_files_of_sd1_with_both_ways_to_name_blocks_and_encoders(sd1, q, te, alpha, tmp_path):
    (d, u), (td, tu) = pair(16, 16, 4), pair(32, 64, 3)
    name = f"{te}_text_model_{flat(FC)}"
    found = added(sd1, save(tmp_path, kohya(q, d, u, alpha) | kohya(name, td, tu, alpha)))
    a, b = (1.0, 1.0) if alpha is None else (alpha / 4, alpha / 3)
    require_added(found, {f"unet.{Q}": a * u @ d, text(FC): b * tu @ td})


@pytest.mark.parametrize(
    "name",
    ["lora_unet_output_blocks_0_1_transformer_blocks_1_attn2_to_k",
     "lora_unet_up_blocks_0_attentions_0_transformer_blocks_1_attn2_to_k"],
)  # fmt: skip
def test_kohya_files_of_sdxl_with_both_ways_to_name_blocks(sdxl, name, tmp_path):
    (d, u), (d1, u1), (d2, u2) = pair(56, 32), pair(32, 32), pair(24, 48)
    tensors = kohya(name, d, u, 4.0)
    tensors |= kohya("lora_te1_text_model_encoder_layers_0_self_attn_v_proj", d1, u1, 4.0)
    tensors |= kohya("lora_te2_text_model_encoder_layers_1_mlp_fc1", d2, u2, 4.0)
    require_added(added(sdxl, save(tmp_path, tensors)), {
        "unet.up_blocks.0.attentions.0.transformer_blocks.1.attn2.to_k": u @ d,
        "text_encoder.encoder.layers.0.self_attn.v_proj": u1 @ d1,
        "text_encoder_2.text_model.encoder.layers.1.mlp.fc1": u2 @ d2,
    })  # fmt: skip


def test_a_file_of_mixed_ranks_with_convolutions(sd1, tmp_path):
    q, conv = pair(16, 16, 2), (rand(5, 16, 3, 3), rand(16, 5, 1, 1))
    tensors = kohya(f"lora_unet_{flat(Q)}", *q, 1.0)
    tensors |= kohya(f"lora_unet_{flat(CONV)}", *conv, 3.0)
    found = added(sd1, save(tmp_path, tensors))
    delta = torch.einsum("orxy,rikl->oikl", conv[1], conv[0])
    require_added(found, {f"unet.{Q}": q[1] @ q[0] / 2, f"unet.{CONV}": 3 / 5 * delta})


def test_a_1x1_convolution_takes_two_and_four_dimensions(sd1, tmp_path):
    name = "down_blocks.0.attentions.0.proj_in"
    d, u = pair(16, 16)
    for tensors in (
        kohya(f"lora_unet_{flat(name)}", d, u),
        kohya(f"lora_unet_{flat(name)}", d[:, :, None, None], u[:, :, None, None]),
    ):
        require_added(added(sd1, save(tmp_path, tensors)), {f"unet.{name}": u @ d})


# peft and diffusers


@pytest.mark.parametrize("start", ["", "base_model.model."])
@pytest.mark.parametrize("infix", ["", ".default", ".my_style"])
@pytest.mark.parametrize("unet", ["unet.", ""])
def test_peft_files_with_prefix_and_infix(sd1, start, infix, unet, tmp_path):
    (d, u), (od, ou) = pair(16, 16), pair(16, 16, 2)
    tensors = {
        f"{start}{unet}{Q}.lora_A{infix}.weight": d,
        f"{start}{unet}{Q}.lora_B{infix}.weight": u,
        f"{start}{unet}{OUT}.lora_A{infix}.weight": od,
        f"{start}{unet}{OUT}.lora_B{infix}.weight": ou,
    }
    require_added(added(sd1, save(tmp_path, tensors)), {f"unet.{Q}": u @ d, f"unet.{OUT}": ou @ od})


@pytest.mark.parametrize("model", ["text_model.", ""])
def test_text_encoders_with_and_without_text_model_in_diffusers_names(sd1, model, tmp_path):
    d, u = pair(32, 32)
    name = f"text_encoder.{model}{TEXT}"
    path = save(tmp_path, {f"{name}.lora_A.weight": d, f"{name}.lora_B.weight": u})
    require_added(added(sd1, path), {text(TEXT): u @ d})


OLD_ATTENTION = Q.removesuffix(".to_q")


@pytest.mark.parametrize("start", ["unet.", ""])
@pytest.mark.parametrize(
    ("q", "out"),
    [(".processor.to_q_lora", ".processor.to_out_lora"), (".to_q.lora", ".to_out.0.lora"),
     (".to_q_lora", ".to_out_lora"), (".to_q.lora", ".to_out.lora")],
)  # fmt: skip
def test_old_diffusers_files(sd1, start, q, out, tmp_path):
    (d, u), (od, ou) = pair(16, 16), pair(16, 16, 2)
    place = f"{start}{OLD_ATTENTION}"
    tensors = {
        f"{place}{q}.down.weight": d, f"{place}{q}.up.weight": u,
        f"{place}{out}.down.weight": od, f"{place}{out}.up.weight": ou,
    }  # fmt: skip
    require_added(added(sd1, save(tmp_path, tensors)), {f"unet.{Q}": u @ d, f"unet.{OUT}": ou @ od})


@pytest.mark.parametrize("alpha_of", ["{}.alpha", "{}.lora_linear_layer.alpha"])
def test_old_diffusers_files_with_text_and_alpha(sd1, alpha_of, tmp_path):
    (d, u), (od, ou), (qd, qu) = pair(32, 32), pair(32, 32, 2), pair(16, 16)
    name, out = f"text_encoder.text_model.{TEXT}", f"text_encoder.text_model.{TEXT_OUT}"
    tensors = {
        f"{name}.lora_linear_layer.down.weight": d, f"{name}.lora_linear_layer.up.weight": u,
        alpha_of.format(name): torch.tensor(1.0),
        f"{out}.lora_linear_layer.down.weight": od, f"{out}.lora_linear_layer.up.weight": ou,
        f"unet.{OLD_ATTENTION}.processor.to_q_lora.down.weight": qd,
        f"unet.{OLD_ATTENTION}.processor.to_q_lora.up.weight": qu,
        f"unet.{OLD_ATTENTION}.processor.to_q_lora.alpha": torch.tensor(2.0),
    }  # fmt: skip
    require_added(added(sd1, save(tmp_path, tensors)), {
        text(TEXT): u @ d / 4, text(TEXT_OUT): ou @ od, f"unet.{Q}": qu @ qd / 2,
    })  # fmt: skip


def test_old_diffusers_text_encoders_that_speak_the_unets_words(sd1, tmp_path):
    (d, u), (od, ou) = pair(32, 32), pair(32, 32, 2)
    attention = "text_encoder.text_model.encoder.layers.0.self_attn"
    tensors = {
        f"{attention}.to_q_lora.down.weight": d, f"{attention}.to_q_lora.up.weight": u,
        f"{attention}.to_out_lora.down.weight": od, f"{attention}.to_out_lora.up.weight": ou,
    }  # fmt: skip
    require_added(added(sd1, save(tmp_path, tensors)), {text(TEXT): u @ d, text(TEXT_OUT): ou @ od})


def test_both_parts_of_sdxl_in_diffusers_names(sdxl, tmp_path):
    d, u = pair(24, 24)
    name = "text_encoder_2.text_model.encoder.layers.0.self_attn.q_proj"
    path = save(tmp_path, {f"{name}.lora_A.weight": d, f"{name}.lora_B.weight": u})
    require_added(added(sdxl, path), {name: u @ d})


# LyCORIS


def test_a_loha_is_the_product_of_two_low_rank_matrices_entry_by_entry(sd1, tmp_path):
    name = f"lora_unet_{flat(FF)}"
    a1, b1, a2, b2 = rand(128, 3), rand(3, 16), rand(128, 3) + 1, rand(3, 16) + 1
    roles = {"hada_w1_a": a1, "hada_w1_b": b1, "hada_w2_a": a2, "hada_w2_b": b2}
    tensors = {f"{name}.{role}": tensor for role, tensor in roles.items()}
    path = save(tmp_path, tensors | {f"{name}.alpha": torch.tensor(1.5)})
    require_added(added(sd1, path), {f"unet.{FF}": 0.5 * (a1 @ b1) * (a2 @ b2)})


def test_a_loha_in_tuckers_form_on_a_convolution(sd1, tmp_path):
    name = f"lora_unet_{flat(CONV)}"
    t1, a1, b1 = rand(2, 2, 3, 3), rand(2, 16), rand(2, 16) + 0.3
    t2, a2, b2 = rand(2, 2, 3, 3) + 1, rand(2, 16) + 1, rand(2, 16) + 0.5
    roles = {"hada_t1": t1, "hada_w1_a": a1, "hada_w1_b": b1,
             "hada_t2": t2, "hada_w2_a": a2, "hada_w2_b": b2}  # fmt: skip
    path = save(tmp_path, {f"{name}.{role}": tensor for role, tensor in roles.items()})

    def factor(core: Tensor, a: Tensor, b: Tensor) -> Tensor:
        """sum over p and q of core[p, q, k, l] a[p, out] b[q, in]."""
        rows = torch.tensordot(a, core, dims=([0], [0]))  # (out, q, k, l)
        return torch.tensordot(rows, b, dims=([1], [0])).permute(0, 3, 1, 2)

    require_added(added(sd1, path), {f"unet.{CONV}": factor(t1, a1, b1) * factor(t2, a2, b2)})


def test_a_locon_in_tuckers_form(sd1, tmp_path):
    name = f"lora_unet_{flat(CONV)}"
    down, mid, up = rand(4, 16, 1, 1), rand(4, 4, 3, 3), rand(16, 4, 1, 1)
    tensors = kohya(name, down, up, 2.0) | {f"{name}.lora_mid.weight": mid}
    found = added(sd1, save(tmp_path, tensors))
    # Three convolutions, one after another, are one with this kernel.
    eye = torch.eye(16)[:, :, None, None]
    spread = torch.nn.functional.pad(eye, (2, 2, 2, 2))
    answer = torch.nn.functional.conv2d(
        torch.nn.functional.conv2d(torch.nn.functional.conv2d(spread, down), mid), up
    )  # (in, out, 3, 3), mirrored
    require_added(found, {f"unet.{CONV}": 0.5 * answer.permute(1, 0, 2, 3).flip(2, 3)})


@pytest.mark.parametrize("form", ["whole", "second low", "both low"])
def test_a_lokr_is_a_kronecker_product(sd1, form, tmp_path):
    name = f"lora_unet_{flat(FF)}"  # (128, 16) = (8, 2) x (16, 8)
    w1, w2 = rand(8, 2), rand(16, 8)
    w1_a, w1_b, w2_a, w2_b = rand(8, 3), rand(3, 2), rand(16, 3), rand(3, 8)
    roles, factors, scale = {
        "whole": ({"lokr_w1": w1, "lokr_w2": w2}, (w1, w2), 1.0),  # alpha counts for nothing
        "second low": ({"lokr_w1": w1, "lokr_w2_a": w2_a, "lokr_w2_b": w2_b},
                       (w1, w2_a @ w2_b), 2.0),
        "both low": ({"lokr_w1_a": w1_a, "lokr_w1_b": w1_b, "lokr_w2_a": w2_a, "lokr_w2_b": w2_b},
                     (w1_a @ w1_b, w2_a @ w2_b), 2.0),
    }[form]  # fmt: skip
    tensors = {f"{name}.{role}": tensor for role, tensor in roles.items()}
    path = save(tmp_path, tensors | {f"{name}.alpha": torch.tensor(6.0)})
    require_added(added(sd1, path), {f"unet.{FF}": scale * torch.kron(*factors)})


@pytest.mark.parametrize("tucker", [False, True])
def test_a_lokr_on_a_convolution(sd1, tucker, tmp_path):
    name = f"lora_unet_{flat(CONV)}"  # (16, 16) = (4, 2) x (4, 8)
    w1, core, a, b = rand(4, 2), rand(3, 3, 3, 3), rand(3, 4), rand(3, 8)
    w2 = torch.einsum("pqkl,po,qi->oikl", core, a, b) if tucker else rand(4, 8, 3, 3)
    low = {"lokr_t2": core, "lokr_w2_a": a, "lokr_w2_b": b}
    roles = {"lokr_w1": w1} | (low if tucker else {"lokr_w2": w2})
    path = save(tmp_path, {f"{name}.{role}": tensor for role, tensor in roles.items()})
    expected = torch.stack([
        torch.stack([torch.kron(w1, w2[:, :, k, m]) for m in range(3)], dim=-1) for k in range(3)
    ], dim=-2)  # fmt: skip
    require_added(added(sd1, path), {f"unet.{CONV}": expected})


def test_a_file_may_mix_loha_lokr_and_lora(sd1, tmp_path):
    d, u = pair(16, 16)
    w1, w2 = rand(4, 4), rand(4, 4) + 1
    name = f"lora_unet_{flat(OUT)}"
    tensors = kohya(f"lora_unet_{flat(Q)}", d, u)
    tensors |= {f"{name}.lokr_w1": w1, f"{name}.lokr_w2": w2}
    found = added(sd1, save(tmp_path, tensors))
    require_added(found, {f"unet.{Q}": u @ d, f"unet.{OUT}": torch.kron(w1, w2)})


# Names of all programs


def layers_of_all_kinds(model) -> dict[tuple[str, str], torch.nn.Module]:
    return {
        (part.name, path): module
        for part in model.parts()
        for path, module in part.module.named_modules()
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d)
    }


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
@pytest.mark.parametrize("writer", ["kohya", "diffusers"])
def test_every_name_that_we_write_is_read_as_the_same_layer(family, writer, request):
    model = request.getfixturevalue(family)
    known = known_names(model).places
    for part, path in layers_of_all_kinds(model):
        if writer == "kohya":
            name = layer_name(part, path, model.source.family, model.configs()["unet"])
        else:
            name = f"{part}.{full_path(part, path)}"
        key = f"{name}.lora_down.weight" if writer == "kohya" else f"{name}.lora_A.weight"
        assert known[split_key(key)[0]] == (part, path)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_no_name_means_two_layers(family, request):
    """Each name was given to one layer: the count of all names is the sum of those of each."""
    model = request.getfixturevalue(family)
    known = known_names(model).places
    by_place = {}
    for name, place in known.items():
        by_place.setdefault(place, []).append(name)
    assert set(layers_of_all_kinds(model)) <= set(by_place)
    for places in known_names(model).ambiguous.values():
        assert len(set(places)) == len(places)


CLIP_TEXT = "text_model.encoder.layers.0.self_attn.q_proj"
NAMES_OF_Q = [
    f"unet.{Q}", Q, f"lycoris_{flat(Q)}", f"base_model.model.{Q}", f"base_model.model.unet.{Q}",
    f"{Q}.base_layer", ORIGINAL_Q, ORIGINAL_Q.replace("lora_unet", "lycoris"),
    *(f"{start}input_blocks.1.1.transformer_blocks.0.attn1.to_q"
      for start in ("unet.", "diffusion_model.", "model.diffusion_model.")),
]  # fmt: skip
ROLES = [
    ("lora_down.weight", "lora_up.weight"), ("lora_A.weight", "lora_B.weight"),
    ("lora_A.default.weight", "lora_B.default.weight"), ("lora_A", "lora_B"),
    ("lora.down.weight", "lora.up.weight"),
    ("lora_linear_layer.down.weight", "lora_linear_layer.up.weight"),
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES_OF_Q)
@pytest.mark.parametrize("roles", ROLES)
@pytest.mark.parametrize("alpha", [None, 2.0])
def test_any_name_of_a_layer_goes_with_any_spelling_of_the_roles(sd1, name, roles, alpha, tmp_path):
    d, u = pair(16, 16)
    tensors = {f"{name}.{roles[0]}": d, f"{name}.{roles[1]}": u}
    if alpha is not None:
        tensors[f"{name}.alpha"] = torch.tensor(alpha)
    scale = 1.0 if alpha is None else 0.5
    require_added(added(sd1, save(tmp_path, tensors)), {f"unet.{Q}": scale * u @ d})


@pytest.mark.parametrize("name", [
    f"lora_te_{flat(CLIP_TEXT)}", f"lora_te1_{flat(CLIP_TEXT)}", f"text_encoder.{CLIP_TEXT}",
    f"clip_l.{CLIP_TEXT}", f"text_encoders.clip_l.transformer.{CLIP_TEXT}", CLIP_TEXT,
    f"base_model.model.{CLIP_TEXT}", f"base_model.model.{TEXT}",
])  # fmt: skip
def test_every_name_of_a_text_encoders_layer_is_known(sd1, name, tmp_path):
    d, u = pair(32, 32)
    path = save(tmp_path, {f"{name}.lora_A.weight": d, f"{name}.lora_B.weight": u})
    require_added(added(sd1, path), {text(TEXT): u @ d})


@pytest.mark.parametrize(("part", "width"), [("text_encoder", 32), ("text_encoder_2", 24)])
def test_a_text_encoder_of_sdxl_saved_alone_by_peft_is_told_by_its_width(
    sdxl, part, width, tmp_path
):
    d, u = pair(width, width)
    name = f"base_model.model.{CLIP_TEXT}"
    path = save(tmp_path, {f"{name}.lora_A.weight": d, f"{name}.lora_B.weight": u})
    (layer,) = read_adapter(path, sdxl).layers
    assert layer.part == part


@pytest.mark.parametrize("name", [
    "lora_te2_text_projection", "lora_te2_text_model_text_projection",
    "text_encoder_2.text_projection", "clip_g.text_projection",
    "text_encoders.clip_g.transformer.text_projection",
])  # fmt: skip
def test_the_projection_of_sdxls_second_encoder_is_known_to_all(sdxl, name, tmp_path):
    encoder = next(part.module for part in sdxl.parts() if part.name == "text_encoder_2")
    outputs, inputs = encoder.text_projection.weight.shape
    d, u = pair(inputs, outputs)
    found = added(sdxl, save(tmp_path, kohya(name, d, u, 4.0)))
    require_added(found, {"text_encoder_2.text_projection": u @ d})


def test_a_projection_that_no_picture_depends_on_is_no_hindrance(sd1, tmp_path):
    d, u = pair(16, 16)
    extra = kohya("lora_te1_text_projection", *pair(32, 32), 4.0)
    found = added(sd1, save(tmp_path, kohya(f"lora_unet_{flat(Q)}", d, u) | extra))
    require_added(found, {f"unet.{Q}": u @ d})


# Whole differences, norms, GLoRA


NORM = "down_blocks.0.attentions.0.transformer_blocks.0.norm1"
GROUP_NORM = "down_blocks.0.resnets.0.norm1"


@pytest.mark.parametrize("names", [("w_norm", "b_norm"), ("diff", "diff_b")])
@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_the_norms_of_lycoris_are_added_to_weights_and_biases(sd1, names, strength, tmp_path):
    d, u = pair(16, 16)
    tensors = kohya(f"lora_unet_{flat(Q)}", d, u)
    for path in (NORM, GROUP_NORM):
        tensors[f"lora_unet_{flat(path)}.{names[0]}"] = rand(16)
        tensors[f"lora_unet_{flat(path)}.{names[1]}"] = rand(16) + 1
    found = added(sd1, save(tmp_path, tensors), strength)
    expected = {f"unet.{Q}": strength * u @ d}
    for path in (NORM, GROUP_NORM):
        expected[f"unet.{path}"] = strength * rand(16)
        expected[f"unet.{path}.bias"] = strength * (rand(16) + 1)
    require_added(found, expected)


def test_a_file_of_whole_differences_is_added_as_it_is(sd1, tmp_path):
    name = f"lora_unet_{flat(CONV)}"
    tensors = {f"{name}.diff": rand(16, 16, 3, 3), f"{name}.diff_b": rand(16)}
    found = added(sd1, save(tmp_path, tensors))
    require_added(found, {f"unet.{CONV}": rand(16, 16, 3, 3), f"unet.{CONV}.bias": rand(16)})


@pytest.mark.parametrize("form", ["new", "old"])
def test_a_glora_multiplies_the_weight_and_adds(sd1, form, tmp_path):
    """W a1 a2 + b1 b2 of LyCORIS, where the older files have the factors the other way round."""
    name, rank = f"lora_unet_{flat(FF)}", 3  # 16 -> 128
    a1, a2, b1, b2 = rand(16, rank), rand(rank, 16), rand(128, rank), rand(rank, 16) + 1
    weight = sd1.unet.get_submodule(FF).weight.detach()
    roles = {"a1": a1, "a2": a2, "b1": b1, "b2": b2}
    if form == "old":
        roles = {"a1": a2, "a2": a1, "b1": b2, "b2": b1}
    tensors = {f"{name}.{role}.weight": tensor for role, tensor in roles.items()}
    path = save(tmp_path, tensors | {f"{name}.alpha": torch.tensor(6.0)})
    require_added(added(sd1, path), {f"unet.{FF}": 2 * (weight @ a1 @ a2 + b1 @ b2)})


# Old-style files, and embeddings inside


def as_they_are(tensors):
    return tensors


@pytest.mark.parametrize("around", [
    as_they_are, lambda t: {"state_dict": t, "step": 3}, lambda t: {"weights": t},
])  # fmt: skip
@pytest.mark.parametrize("name", ["lora.pt", "pytorch_lora_weights.bin", "lora.ckpt"])
def test_a_lora_in_a_pickle_is_read_through_the_gate(sd1, around, name, tmp_path):
    d, u = pair(16, 16)
    tensors = {f"unet.{Q}.lora.down.weight": d, f"unet.{Q}.lora.up.weight": u}
    torch.save(around(tensors), tmp_path / name)
    (layer,) = read_result(tmp_path / name, sd1).layers
    assert (layer.part, layer.path) == ("unet", Q)
    torch.testing.assert_close(delta(layer), u @ d)


def test_an_embedding_inside_a_lora_is_taught_with_it(sd1, tmp_path):
    d, u = pair(16, 16)
    tensors = kohya(f"lora_unet_{flat(Q)}", d, u)
    tensors["bundle_emb.my-word.string_to_param.*"] = rand(2, 32)
    result = read_adapter(save(tmp_path, tensors), sd1)
    (word,) = result.words
    assert (word.word, word.num_vectors) == ("my-word", 2)
    before = sd1.encode_prompts(["a my-word"]).tokens
    with worn(sd1, [Worn("lora", result, 1.0)]):
        assert not torch.equal(sd1.encode_prompts(["a my-word"]).tokens, before)
    assert torch.equal(sd1.encode_prompts(["a my-word"]).tokens, before)
