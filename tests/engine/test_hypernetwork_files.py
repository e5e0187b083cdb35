"""Hypernetwork files: ours for the front ends, theirs for us, and hostile ones."""

from __future__ import annotations

import io
import pickletools
import re
import zipfile

import pytest
import torch
from torch import nn

from engine.errors import AddonUnreadable
from engine.formats import hypernetwork as file_format
from engine.formats.plain_pickle import dump
from engine.model_errors import ModelDamaged
from engine.results import NetworkShape
from tests.hypernetworks import (
    NORM_AND_ACTIVATION,
    PROMPT_WIDTH,
    SHAPES,
    TORCH_NAMES,
    WIDTHS,
    a1111_net,
    made,
    saved,
)

A1111_OLD = re.compile(r"^([^/]+)/((data/\d+)|version|(data\.pkl))$")
A1111_NEW = re.compile(
    r"^([^/]+)/((data/\d+)|version|byteorder|(\.data/serialization_id)|(data\.pkl))$"
)


def test_the_file_passes_automatic1111s_checker(tmp_path):
    path, _ = saved(tmp_path, made())
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        opcodes = list(pickletools.genops(archive.read("archive/data.pkl")))
    assert all(A1111_OLD.match(name) and A1111_NEW.match(name) for name in names)
    assert sum(name.endswith("data.pkl") for name in names) == 1
    globals_used = {argument for op, argument, _ in opcodes if op.name == "GLOBAL"}
    assert globals_used == {
        "collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch FloatStorage",
    }  # fmt: skip
    assert not {op.name for op, _, _ in opcodes} & {"STACK_GLOBAL", "INST", "OBJ", "NEWOBJ"}


def test_every_field_is_written_in_the_form_that_both_front_ends_take(tmp_path):
    result = made(activation="relu", layer_norm=True, dropout=0.4)
    path, data = saved(tmp_path, result, "my toy")
    nets = {key: data.pop(key) for key in list(data) if isinstance(key, int)}
    assert data == {
        "step": 700,
        "name": "my toy",
        "layer_structure": [1.0, 2.0, 1.0],
        "activation_func": "relu",
        "is_layer_norm": True,
        "weight_initialization": "Normal",
        "sd_checkpoint": None,
        "sd_checkpoint_name": "some model",
        "activate_output": False,
        "use_dropout": False,
        "dropout_structure": [0, 0, 0],
        "last_layer_dropout": False,
        "optional_info": None,
    }
    assert type(data["step"]) is int
    assert list(nets) == list(WIDTHS)
    for pair in nets.values():
        assert type(pair) is tuple
        for state in pair:
            # Linear 0, ReLU 1, LayerNorm 2, Linear 3, LayerNorm 4
            places = [name for name in state if name.endswith(".weight")]
            assert places == [f"linear.{place}.weight" for place in (0, 2, 3, 4)]
            assert all(type(tensor) is torch.Tensor for tensor in state.values())
    assert file_format.load(path).shape.activation == "relu"


@pytest.mark.parametrize("shape", [*SHAPES.values(), NORM_AND_ACTIVATION], ids=str)
def test_what_was_saved_comes_back_the_same(shape, tmp_path):
    result = made(**shape)
    path, _ = saved(tmp_path, result)
    again = file_format.load(path)
    assert again.shape.layer_structure == result.shape.layer_structure
    assert again.nets.keys() == result.nets.keys()
    for width, pair in result.nets.items():
        for mine, other in zip(pair, again.nets[width], strict=True):
            assert mine.keys() == other.keys()
            assert all(torch.equal(mine[name], other[name]) for name in mine)


def test_equal_results_give_equal_bytes(tmp_path):
    result = made()
    first, _ = saved(tmp_path / "a", result)
    second, _ = saved(tmp_path / "b", result)
    assert first.read_bytes() == second.read_bytes()


def community_file(
    path, width: int = PROMPT_WIDTH, *, seed: int = 0, **fields
) -> tuple[dict, list]:
    """A file as AUTOMATIC1111's own torch.save writes it, and its two modules."""
    data = {
        "layer_structure": [1, 2, 2, 1],
        "activation_func": "relu",
        "is_layer_norm": False,
        "activate_output": False,
        "dropout_structure": [0, 0, 0, 0],
    } | fields
    torch.manual_seed(seed)
    nets = [_unloaded(width, data) for _ in "kv"]
    data[width] = tuple(net.state_dict(prefix="linear.") for net in nets)
    torch.save(data, path)
    return data, nets


def _unloaded(width: int, data: dict) -> nn.Module:
    structure, modules = data["layer_structure"], []
    for i in range(len(structure) - 1):
        modules.append(nn.Linear(int(width * structure[i]), int(width * structure[i + 1])))
        if data["activation_func"] and (i < len(structure) - 2 or data["activate_output"]):
            modules.append(TORCH_NAMES[data["activation_func"]]())
        if data["is_layer_norm"]:
            modules.append(nn.LayerNorm(int(width * structure[i + 1])))
        if data["dropout_structure"][i + 1] > 0:
            modules.append(nn.Dropout(data["dropout_structure"][i + 1]))
    return nn.Sequential(*modules).eval()


def test_a_file_trained_with_dropout_is_numbered_anew_without(tmp_path):
    data, nets = community_file(
        tmp_path / "dropout.pt", use_dropout=True, dropout_structure=[0, 0.3, 0.3, 0]
    )
    assert "linear.6.weight" in data[PROMPT_WIDTH][0]
    read = file_format.load(tmp_path / "dropout.pt")
    _, rewritten = saved(tmp_path, read)
    assert rewritten["use_dropout"] is False
    x = torch.randn(3, PROMPT_WIDTH)
    for state, net in zip(rewritten[PROMPT_WIDTH], nets, strict=True):
        assert "linear.4.weight" in state
        assert torch.equal(a1111_net(state, PROMPT_WIDTH, rewritten)(x), net(x))


def test_the_oldest_files_are_read_with_automatic1111s_defaults(tmp_path):
    net = {
        "linear1.weight": torch.randn(2 * PROMPT_WIDTH, PROMPT_WIDTH).half(),
        "linear1.bias": torch.zeros(2 * PROMPT_WIDTH).half(),
        "linear2.weight": torch.randn(PROMPT_WIDTH, 2 * PROMPT_WIDTH).half(),
        "linear2.bias": torch.zeros(PROMPT_WIDTH).half(),
    }
    path = tmp_path / "old.pt"
    torch.save({PROMPT_WIDTH: (net, net), "step": 3, "name": "old"}, path)
    result = file_format.load(path)
    assert result.shape == NetworkShape((1, 2, 1), "linear", activate_output=True)
    tensors = result.nets[PROMPT_WIDTH][0]
    assert torch.equal(tensors["linear.1.weight"], net["linear2.weight"].float())
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float32}


def test_an_optimizer_file_beside_it_is_not_looked_at(tmp_path):
    path, _ = saved(tmp_path, made())
    path.with_name("toy.pt.optim").write_bytes(b"anything")
    assert file_format.load(path).nets.keys() == set(WIDTHS)


NET = {"linear.0.weight": torch.eye(4), "linear.0.bias": torch.zeros(4)}
SOUND = {4: (NET, NET), "layer_structure": [1, 1]}


def with_net(**changes) -> dict:
    return SOUND | {4: (NET, NET | changes)}


HOSTILE = {
    "absurd structure": (SOUND | {"layer_structure": [1, 10**9, 1]}, "structure makes no sense"),
    "endless structure": (SOUND | {"layer_structure": [1] * 10**5}, "structure makes no sense"),
    "no number": (SOUND | {"layer_structure": [1, float("nan"), 1]}, "structure makes no sense"),
    "endless number": (SOUND | {"layer_structure": [1, 10**400, 1]}, "structure makes no sense"),
    "words": (SOUND | {"layer_structure": "1, 2, 1"}, "structure makes no sense"),
    "not one at the end": (SOUND | {"layer_structure": [1, 2]}, "structure makes no sense"),
    "bigger than it is": (SOUND | {"layer_structure": [1, 60, 60, 1]}, "not built as it says"),
    "activation": (SOUND | {"activation_func": "gelu"}, "activation 'gelu' is not known"),
    "activation, a number": (SOUND | {"activation_func": 10**400}, "activation int is not known"),
    "flag": (SOUND | {"is_layer_norm": "yes"}, "is_layer_norm is neither"),
    "no norm": (SOUND | {"is_layer_norm": True}, "not built as it says"),
    "width 0": (SOUND | {0: (NET, NET)}, "no width"),
    "width below 0": (SOUND | {-4: (NET, NET)}, "no width"),
    "width True": (SOUND | {True: (NET, NET)}, "no width"),
    "width 4.5": ({4.5: (NET, NET)}, "no width"),
    "wrong width": ({8: (NET, NET), "layer_structure": [1, 1]}, "width 8 are not built"),
    "three nets": (SOUND | {4: (NET, NET, NET)}, "no pair of nets for width 4"),
    "a list of numbers": (SOUND | {4: [1, 2]}, "width 4 are not whole"),
    "no bias": (SOUND | {4: (NET, {"linear.0.weight": torch.eye(4)})}, "not whole"),
    "other names": (with_net(**{"up.weight": torch.eye(4)}), "hold 'up.weight'"),
    "a number in a net": (SOUND | {4: (NET, NET | {"linear.0.bias": 3})}, "hold 'linear.0.bias'"),
    "whole numbers": (with_net(**{"linear.0.bias": torch.zeros(4, dtype=torch.int64)}), "hold"),
    "NaN": (with_net(**{"linear.0.bias": torch.full((4,), torch.nan)}), "values that are none"),
    "no nets": ({"step": 3}, "it holds no nets"),
    "optimizer": (
        {"optimizer_name": "AdamW", "hash": "ab", "optimizer_state_dict": {}},
        "optimizer's state",
    ),
}


@pytest.mark.parametrize(("data", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_not_what_it_should_be_is_refused_by_its_fault(data, reason, tmp_path):
    (tmp_path / "file.pt").write_bytes(dump(data))
    with pytest.raises(AddonUnreadable, match=reason):
        file_format.load(tmp_path / "file.pt")


def test_a_width_of_four_hundred_digits_does_not_pass_the_gate(tmp_path):
    (tmp_path / "file.pt").write_bytes(dump(SOUND | {10**400: (NET, NET)}))
    with pytest.raises(ModelDamaged, match="a key that is neither text nor number"):
        file_format.load(tmp_path / "file.pt")


def test_the_file_that_the_hostile_ones_are_made_of_is_read(tmp_path):
    (tmp_path / "file.pt").write_bytes(dump(SOUND))
    assert file_format.load(tmp_path / "file.pt").nets.keys() == {4}


def test_a_plain_pickle_writes_of_a_view_only_what_the_view_shows():
    whole = torch.arange(100_000.0)
    written = dump({"view": whole[5:8], "turned": torch.ones(2, 3).t()})
    assert len(written) < 2000
    read = torch.load(io.BytesIO(written), weights_only=True)
    assert read["view"].tolist() == [5, 6, 7]
    assert read["turned"].is_contiguous()


@pytest.mark.parametrize("value", [torch.ones(2).numpy(), torch.float16, {1, 2}, b"bytes"])
def test_a_plain_pickle_holds_nothing_that_needs_a_class_of_its_own(value):
    with pytest.raises(TypeError, match=type(value).__name__):
        dump({"value": [value]})
