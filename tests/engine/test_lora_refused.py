"""What is not applied is refused by name or with a count; what is applied leaves no trace."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import torch

from engine.addon_errors import (
    AddonForOtherFamily,
    AddonIncomplete,
    AddonNamesUnknown,
    require_addon_file,
)
from engine.addons import Addon, applied
from engine.errors import (
    AddonDoesNotFit,
    AddonMissing,
    AddonUnreadable,
    AddonUnsupported,
    InputNotReadable,
    UserError,
)
from engine.formats.lora_reading import read_adapter
from engine.formats.reading import read_result
from engine.models.loader import load_model
from tests.lora_forms import (
    CONV,
    NAME,
    OUT,
    Q,
    added,
    flat,
    kohya,
    pair,
    rand,
    require_added,
    save,
    simple,
)  # fmt: skip
from tests.method_matrix import base_weights, same


@pytest.fixture(scope="module")
def sd1(tiny_folder):
    return load_model(str(tiny_folder))


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ({f"lora_unet_{flat(Q)}.dora_scale": torch.ones(1, 16)}, "is DoRA,"),
        ({f"unet.{Q}.lora_magnitude_vector.default.weight": torch.ones(16)}, "is DoRA,"),
        ({f"{NAME}.oft_blocks": torch.ones(2, 8, 8)}, "is OFT,"),
        ({f"{NAME}.oft_diag": torch.ones(2, 8, 8)}, "is OFT,"),
        ({f"base_model.model.{OUT}.oft_R.default.weight": torch.ones(2, 28)}, "is OFT,"),
        ({f"{NAME}.weight": torch.ones(1, 16), f"{NAME}.on_input": torch.tensor(True)},
         r"is \(IA\)\^3,"),
        ({f"{NAME}.set_weight": torch.ones(16, 16)}, "replaces whole layers"),
        ({f"{NAME}.reshape_weight": torch.ones(2)}, "replaces whole layers"),
        ({f"{NAME}.bias_values": torch.ones(2)}, "scattered biases"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("alone", [False, True])
def test_what_is_not_applied_is_refused_by_its_name(sd1, extra, kind, alone, tmp_path):
    before = base_weights(sd1)
    path = save(tmp_path, extra if alone else simple() | extra)
    with pytest.raises(AddonUnsupported, match=kind):
        with applied(sd1, [Addon(path)]):
            pass
    assert same(base_weights(sd1), before)


@pytest.mark.parametrize(
    "extra",
    [
        kohya(NAME, rand(16, 4), rand(4, 16)),  # transposed
        kohya(NAME, *pair(24, 16)),  # of a wider model
        kohya(NAME, rand(4, 16), rand(16, 5)),  # halves that do not meet
        {f"{NAME}.diff": rand(16, 8)},
        {f"{NAME}.diff_b": rand(17)},
        {f"{NAME}.diff": torch.tensor(1.0)},
        {f"lora_unet_{flat(Q)}.diff_b": rand(16)},  # a layer that has no bias
    ],
)
def test_layers_of_other_shapes_are_counted_and_nothing_is_applied(sd1, extra, tmp_path):
    before = base_weights(sd1)
    tensors = kohya(f"lora_unet_{flat(CONV)}", rand(2, 16, 3, 3), rand(16, 2, 1, 1)) | extra
    with pytest.raises(AddonDoesNotFit, match="1 of 2 layers have other shapes"):
        with applied(sd1, [Addon(save(tmp_path, tensors))]):
            pass
    assert same(base_weights(sd1), before)


@pytest.mark.parametrize(
    ("extra", "count", "total", "name"),
    [
        ({"lora_unet_nowhere.lora_down.weight": rand(4, 16)}, 1, 2, "lora_unet_nowhere"),
        ({"a_stray_key": rand(3)}, 1, 2, "a_stray_key"),
        ({f"lora_unet_{flat(Q)}.bias": rand(16)}, 1, 2, f"lora_unet_{flat(Q)}.bias"),
        ({f"lora_unet_x{n}.lora_down.weight": rand(4, 8) for n in range(12)}, 12, 13,
         "lora_unet_x0, lora_unet_x1, lora_unet_x10"),
    ],
)  # fmt: skip
def test_names_that_are_not_known_are_named_and_no_other_model_is_blamed(
    sd1, extra, count, total, name, tmp_path
):
    before = base_weights(sd1)
    with pytest.raises(AddonNamesUnknown) as caught:
        with applied(sd1, [Addon(save(tmp_path, simple() | extra))]):
            pass
    told = str(caught.value)
    assert f"{count} of its {total} layers" in told
    assert f"does not know: {name}." in told
    assert "another model" not in told
    assert same(base_weights(sd1), before)


@pytest.mark.parametrize(
    ("extra", "has"),
    [
        ({f"{NAME}.lora_down.weight": rand(4, 16)}, "lora_down.weight"),
        ({f"{NAME}.lora_up.weight": rand(16, 4)}, "lora_up.weight"),
        ({f"{NAME}.alpha": torch.tensor(1.0)}, "alpha"),  # nothing but a strength
        ({f"{NAME}.hada_w1_a": rand(4, 4), f"{NAME}.hada_w1_b": rand(4, 4)},
         "hada_w1_a, hada_w1_b"),
        ({f"{NAME}.lora_down.weight": rand(4, 16), f"{NAME}.lora_up.weight": rand(16, 4),
          f"{NAME}.lokr_w1": rand(4, 4)}, "lokr_w1, lora_down.weight, lora_up.weight"),
        ({f"{NAME}.a1.weight": rand(4, 4)}, "a1"),
    ],
)  # fmt: skip
def test_a_layer_of_which_a_part_is_missing_is_named_with_what_it_has(sd1, extra, has, tmp_path):
    with pytest.raises(AddonIncomplete) as caught:
        read_adapter(save(tmp_path, simple() | extra), sd1)
    told = str(caught.value)
    assert "is incomplete" in told
    assert "from 1 of its 2 layers" in told
    assert f"{NAME} (it has only {has})" in told


def test_an_alpha_of_several_numbers_is_said_to_be_none(sd1, tmp_path):
    tensors = kohya(NAME, *pair(16, 16)) | {f"{NAME}.alpha": torch.ones(3)}
    with pytest.raises(AddonUnreadable, match=f"alpha of unet.{OUT} is not a single number"):
        read_adapter(save(tmp_path, tensors), sd1)


def test_an_sdxl_file_on_sd1_is_said_to_be_one(sd1, tmp_path):
    tensors = kohya("lora_te2_text_model_encoder_layers_1_mlp_fc1", *pair(24, 48))
    with pytest.raises(AddonForOtherFamily, match="made for Stable Diffusion XL; this model is"):
        read_adapter(save(tmp_path, tensors | kohya("lora_unet_input_blocks_7_1_proj_in",
                                                    *pair(32, 32))), sd1)  # fmt: skip


@pytest.mark.parametrize(("width", "title"), [(1024, "Stable Diffusion 2.x"),
                                              (2048, "Stable Diffusion XL")])  # fmt: skip
def test_the_width_of_the_text_tells_the_family(sd1, width, title, tmp_path):
    name = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
    with pytest.raises(AddonForOtherFamily, match=f"made for {title}"):
        read_adapter(save(tmp_path, kohya(name, *pair(width, 640))), sd1)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("role", ["lora_down.weight", "lora_up.weight", "alpha"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_numbers_that_are_none_are_refused_with_the_layers_name(sd1, bad, role, dtype, tmp_path):
    tensors = {name: t.to(dtype) for name, t in simple().items()}
    tensors[f"lora_unet_{flat(Q)}.{role}"].view(-1)[0] = bad
    with pytest.raises(AddonUnreadable, match=f"unet.{Q} holds numbers that are none"):
        read_adapter(save(tmp_path, tensors), sd1)


def test_rank_0_is_refused_with_the_layers_name(sd1, tmp_path):
    tensors = kohya(f"lora_unet_{flat(Q)}", torch.zeros(0, 16), torch.zeros(16, 0), 1.0)
    with pytest.raises(AddonUnreadable, match=f"unet.{Q} holds nothing, its rank is 0"):
        read_adapter(save(tmp_path, tensors), sd1)


def test_alpha_0_adds_nothing(sd1, tmp_path):
    path = save(tmp_path, kohya(f"lora_unet_{flat(Q)}", *pair(16, 16), 0.0))
    assert added(sd1, path) == {}
    assert read_adapter(path, sd1).layers[0].alpha == 0


def test_eight_bit_weights_are_read_as_what_they_hold(sd1, tmp_path):
    d, u = (tensor.to(torch.float8_e4m3fn) for tensor in pair(16, 16))
    found = added(sd1, save(tmp_path, kohya(f"lora_unet_{flat(Q)}", d, u)))
    require_added(found, {f"unet.{Q}": u.float() @ d.float()})


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        (
            {"model.diffusion_model.input_blocks.0.0.weight": rand(4, 4)},
            "a whole model, not a LoRA",
        ),
        ({"weight": rand(4, 4), "bias": rand(4)}, "its form is not known"),
        ({}, "its form is not known"),
    ],
)
def test_what_is_no_addon_at_all_is_said_to_be_none(sd1, tensors, said, tmp_path):
    with pytest.raises(UserError, match=said):
        read_adapter(save(tmp_path, tensors), sd1)


def test_a_table_of_tags_of_two_megabytes_is_no_hindrance(sd1, tmp_path):
    path = save(tmp_path, simple(), {"ss_tag_frequency": "x" * (2 << 20), "ss_v2": "<b>True</b>"})
    assert set(added(sd1, path)) == {f"unet.{Q}"}


# Strength, several files, precision


@pytest.mark.parametrize("strength", [-1.0, 0.5, 2.0])
def test_the_strength_scales_the_change(sd1, strength, tmp_path):
    path = save(tmp_path, simple())
    require_added(
        added(sd1, path, strength), {f"unet.{Q}": strength * added(sd1, path)[f"unet.{Q}"]}
    )


def two_files(folder: Path) -> tuple[Path, Path]:
    """Both change to_q; the second one to_out as well."""
    paths = []
    for name in ("one", "two"):
        (folder / name).mkdir()
        tensors = kohya(f"lora_unet_{flat(Q)}", *pair(16, 16, len(paths) + 2))
        if paths:
            tensors |= kohya(NAME, *pair(16, 16, 5))
        paths.append(save(folder / name, tensors))
    return paths[0], paths[1]


def test_several_files_add_up(sd1, tmp_path):
    one, two = two_files(tmp_path)
    first, second = added(sd1, one), added(sd1, two)
    before = base_weights(sd1)
    with applied(sd1, [Addon(one, 0.5), Addon(two, -2.0)]):
        during = base_weights(sd1)
    assert same(base_weights(sd1), before)
    moved = {
        name.removesuffix(".weight"): during[name] - before[name]
        for name in before
        if not torch.equal(during[name], before[name])
    }
    require_added(moved, {
        f"unet.{Q}": 0.5 * first[f"unet.{Q}"] - 2 * second[f"unet.{Q}"],
        f"unet.{OUT}": -2 * second[f"unet.{OUT}"],
    })  # fmt: skip


@pytest.mark.parametrize("break_by", ["a later file", "an error inside"])
def test_weights_are_back_bit_for_bit_whatever_fails(sd1, break_by, tmp_path):
    one, two = two_files(tmp_path)
    before = base_weights(sd1)
    if break_by == "a later file":
        bad = save(tmp_path, simple() | {"stray": rand(3)})
        with pytest.raises(AddonNamesUnknown):
            with applied(sd1, [Addon(one), Addon(two, 0.3), Addon(bad)]):
                pytest.fail("nothing is to be done with a part of the files")
    else:
        with pytest.raises(RuntimeError, match="inside"):
            with applied(sd1, [Addon(one), Addon(two, 0.3)]):
                assert not same(base_weights(sd1), before)
                raise RuntimeError("inside")
    assert same(base_weights(sd1), before)


def test_half_precision_weights_are_summed_in_single_and_rounded_once(tiny_folder, tmp_path):
    model = load_model(str(tiny_folder), torch.float16)
    before = model.unet.get_submodule(Q).weight.detach().clone()
    assert before.dtype is torch.float16
    # Each of ten changes is too small for a half-precision number to notice.
    tiny = 0.2 * torch.finfo(torch.float16).eps * before.float().abs().mean()
    path = save(
        tmp_path, kohya(f"lora_unet_{flat(Q)}", torch.ones(1, 16), torch.full((16, 1), tiny))
    )
    with applied(model, [Addon(path)] * 10):
        during = model.unet.get_submodule(Q).weight.detach().clone()
    exact = (before.double() + 10 * float(tiny)).float().half()
    assert during.dtype is torch.float16
    assert (during == exact).float().mean() > 0.99
    assert not torch.equal(during, before)
    assert torch.equal(model.unet.get_submodule(Q).weight, before)


def test_an_add_on_that_is_not_there_is_not_called_a_model(tiny_folder, tmp_path):
    with pytest.raises(AddonMissing, match="Choose a LoRA, an embedding or a hypernetwork"):
        read_result(tmp_path / "gone.safetensors", load_model(str(tiny_folder)))


def test_a_text_file_given_as_an_add_on_is_not_called_a_model(tiny_folder, tmp_path):
    path = tmp_path / "words.safetensors"
    path.write_text("these are words")
    with pytest.raises(AddonUnreadable, match="Choose a LoRA, an embedding or a hypernetwork"):
        read_result(path, load_model(str(tiny_folder)))


def test_a_file_that_the_system_refuses_is_not_called_missing(tmp_path, monkeypatch):
    path = tmp_path / "cat.safetensors"
    path.touch()

    def refuse(*_: object, **__: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "stat", refuse)
    with pytest.raises(InputNotReadable, match="Permission denied"):
        require_addon_file(path)
