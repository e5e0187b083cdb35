"""Files of other trainers, in the forms that people have, are applied to the last key.

The expected change of each weight is worked out here from the tensors that went into the file.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine.models.loader import load_model
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
