"""Add-ons that promise more than the model can take are refused by their header, unread."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
import safetensors.torch
import torch

from engine.addons import Addon, applied
from engine.errors import AddonUnreadable
from engine.formats import embedding, embedding_a1111
from engine.formats.lora_file import open_lora, read_tensors
from engine.formats.lora_reading import read_adapter
from engine.formats.reading import read_result
from engine.model_errors import ModelDamaged
from engine.models.loader import load_model
from engine.models.tensor_file import SafetensorsFile
from tests.lora_forms import NAME, added, kohya, pair, save, simple
from tests.method_matrix import base_weights, same

ITEM_BYTES = {"F32": 4, "F16": 2}


@pytest.fixture(scope="module")
def sd1(tiny_folder):
    return load_model(str(tiny_folder))


@pytest.fixture
def no_weight_is_read(monkeypatch):
    def read(*args: object) -> None:
        raise AssertionError("weights are read")

    monkeypatch.setattr(SafetensorsFile, "read", read)
    monkeypatch.setattr(torch, "load", read)


def promise(path: Path, shapes: dict[str, tuple[int, ...]], dtype: str = "F32") -> Path:
    """A file that is as large as its header says, and has holes where its data would be."""
    header, end = {}, 0
    for name, shape in shapes.items():
        size = ITEM_BYTES[dtype] * torch.Size(shape).numel()
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw)
    os.truncate(path, 8 + len(raw) + end)
    return path


def lora_of_rank(rank: int) -> dict[str, tuple[int, ...]]:
    return {f"{NAME}.lora_down.weight": (rank, 16), f"{NAME}.lora_up.weight": (16, rank)}


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (lora_of_rank(1 << 27), "far more than this layer of the model has"),  # 16 GiB
        ({f"{NAME}.diff": (1 << 16, 1 << 16), f"{NAME}.diff_b": (16,)}, "has other shapes|fit"),
        (
            {**lora_of_rank(4), "bundle_emb.word.string_to_param.*": (1 << 16, 1 << 15)},
            "far more than",
        ),
        (
            {**lora_of_rank(4), "lora_te_text_projection.lora_down.weight": (1 << 16, 1 << 15)},
            "far more than",
        ),
    ],
    ids=["rank", "whole", "word", "without effect"],
)
def test_a_lora_of_gigabytes_is_refused_by_its_header(
    sd1, shapes, said, tmp_path, no_weight_is_read
):
    path = promise(tmp_path / "a.safetensors", shapes)
    assert path.stat().st_size > 1 << 30
    with pytest.raises(Exception, match=said) as refused:
        read_result(path, sd1)
    assert type(refused.value).__name__.startswith("Addon")


@pytest.mark.parametrize(
    "shapes",
    [
        {"emb_params": (1 << 16, 1 << 16)},
        {f"word_{number}": (8192,) for number in range(2500)},
        {"clip_l": (75, 768), "clip_g": (1 << 20, 1280)},
    ],
    ids=["one", "many", "two encoders"],
)
def test_an_embedding_of_gigabytes_is_refused_by_its_header(
    sd1, shapes, tmp_path, no_weight_is_read
):
    path = promise(tmp_path / "a.safetensors", shapes)
    with pytest.raises(AddonUnreadable, match=r"no embedding of a known form|far too large"):
        embedding.load(path)


@pytest.mark.parametrize("name", ["emb_params", f"{NAME}.lora_down.weight"])
def test_an_empty_tensor_of_astronomic_sides_is_refused(sd1, name, tmp_path):
    path = promise(tmp_path / "a.safetensors", {name: (0, 1 << 31, 1 << 31)})
    with pytest.raises(ModelDamaged, match=r"the shape of .* is wrong"):
        read_result(path, sd1)


def test_an_old_file_of_gigabytes_is_refused_by_its_size(sd1, tmp_path, no_weight_is_read):
    path = tmp_path / "a.pt"
    path.write_bytes(b"PK\x03\x04" + bytes(60))
    os.truncate(path, 20 << 30)
    with pytest.raises(AddonUnreadable, match="it is 20 GiB large"):
        read_adapter(path, sd1)
    with pytest.raises(AddonUnreadable, match="it is 20480 MiB large"):
        embedding_a1111.load(path)


def test_an_embedding_of_eight_bits_is_read(tmp_path):
    rows = torch.tensor([[0.5, -1.0, 2.0, 0.25]])
    data = safetensors.torch.save({"emb_params": rows.to(torch.float8_e4m3fn)})
    (tmp_path / "a.safetensors").write_bytes(data)
    found = embedding.load(tmp_path / "a.safetensors").vectors["text_encoder"]
    assert torch.equal(found, rows)


def test_an_embedding_that_fp32_cannot_hold_is_refused(tmp_path):
    rows = torch.full((1, 4), 1e300, dtype=torch.float64)
    (tmp_path / "a.safetensors").write_bytes(safetensors.torch.save({"emb_params": rows}))
    with pytest.raises(AddonUnreadable, match="no longer numbers"):
        embedding.load(tmp_path / "a.safetensors")


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int32])
def test_a_lora_that_was_quantized_to_whole_numbers_is_refused(sd1, dtype, tmp_path):
    """Their scale stands nowhere, so that they would be taken for weights of a hundred."""
    path = save(tmp_path, kohya(NAME, *(half.to(dtype) for half in pair(16, 16))))
    with pytest.raises(AddonUnreadable, match="holds whole numbers"):
        read_adapter(path, sd1)


@pytest.mark.parametrize(
    "tensors",
    [
        kohya(NAME, *(half * 1e37 for half in pair(16, 16))),
        kohya(NAME, *(half * 1e18 for half in pair(16, 16)), alpha=1e20),
        {
            f"{NAME}.{role}": torch.full((16, 4) if role.endswith("a") else (4, 16), 1e10)
            for role in ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b")
        },
        {f"{NAME}.lokr_w1": torch.full((4, 4), 1e30), f"{NAME}.lokr_w2": torch.full((4, 4), 1e30)},
    ],
    ids=["lora", "alpha", "loha", "lokr"],
)
def test_finite_halves_whose_product_is_infinite_are_refused(sd1, tensors, tmp_path):
    before = base_weights(sd1)
    path = save(tmp_path, tensors)
    with pytest.raises(AddonUnreadable, match=r"what unet.* adds to the weights is infinite"):
        with applied(sd1, [Addon(path)]):
            pass
    assert same(base_weights(sd1), before)


def test_large_halves_whose_product_is_ordinary_are_applied(sd1, tmp_path):
    down, up = pair(16, 16)
    plain = added(sd1, save(tmp_path, kohya(NAME, down, up)))
    (tmp_path / "large").mkdir()
    large = added(sd1, save(tmp_path / "large", kohya(NAME, down * 2.0**100, up * 2.0**-100)))
    assert plain.keys() == large.keys()
    assert all(torch.allclose(plain[name], large[name], rtol=1e-5) for name in plain)


def test_a_lora_of_a_rank_above_its_layers_sides_is_read(sd1, tmp_path):
    read_adapter(save(tmp_path, kohya(NAME, *pair(16, 16, rank=128))), sd1)


def test_what_is_read_is_what_safetensors_itself_reads(tmp_path):
    tensors = simple() | {
        "x.alpha": torch.tensor(4.0),
        "y.alpha": torch.tensor(2, dtype=torch.int64),
    }
    path = save(tmp_path, tensors)
    found, expected = read_tensors(path), safetensors.torch.load_file(path)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)
    assert all(tensor.is_meta for tensor in open_lora(path).tensors.values())
