"""Files that are no SD 1.x model: each is named for what it is, without being loaded."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import (
    ModelDamaged,
    ModelIsLora,
    ModelIsPickle,
    ModelIsPointer,
    ModelMissing,
    ModelTruncated,
    ModelUnsupported,
    NotAModel,
    UserError,
)
from engine.events import RunFailed
from engine.models.catalog import SD1, locate
from engine.models.loader import load_model
from engine.models.safetensors_header import read_header
from tests.engine_runs import tiny_run, train

UNET = "model.diffusion_model"
CROSS = f"{UNET}.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
FIRST = f"{UNET}.input_blocks.0.0.weight"
PARTS = {
    "first_stage_model.decoder.conv_in.weight": (1,),
    "cond_stage_model.transformer.text_model.final_layer_norm.weight": (1,),
}
SD15 = {CROSS: (320, 768), FIRST: (320, 4, 3, 3), **PARTS}


# The file is written anew for each example, so one folder serves them all.
many = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def written(path: Path, shapes: dict[str, tuple[int, ...]], dtype=torch.float16) -> Path:
    """A small real safetensors file of these names and shapes."""
    tensors = {name: torch.zeros(shape, dtype=dtype) for name, shape in shapes.items()}
    safetensors.torch.save_file(tensors, path)
    return path


def with_header(path: Path, header: object, data: bytes = b"") -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + data)
    return path


def entry(shape: list, offsets: list, dtype: str = "F16") -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    ("shapes", "error", "said"),
    [
        ({"lora_unet_x.lora_down.weight": (4, 8)}, ModelIsLora, "is a LoRA, an add-on"),
        ({"unet.x.lora_A.weight": (4, 8)}, ModelIsLora, "is a LoRA"),
        ({"conditioner.embedders.1.model.ln_final.weight": (1280,), **SD15},
         ModelUnsupported, "an SDXL model"),
        (SD15 | {CROSS: (320, 1024)}, ModelUnsupported, "an SD 2.x model"),
        (SD15 | {FIRST: (320, 9, 3, 3)}, ModelUnsupported, "an inpainting or image-editing model"),
        ({"double_blocks.0.img_attn.qkv.weight": (8, 8)}, ModelUnsupported, "a Flux model"),
        ({f"{UNET}.joint_blocks.0.x.weight": (8, 8)}, ModelUnsupported, "an SD 3 model"),
        ({"emb_params": (2, 768)}, NotAModel, "it holds no Stable Diffusion UNet"),
        ({CROSS: (320, 768), FIRST: (320, 4, 3, 3)}, ModelDamaged,
         "the part first_stage_model is missing"),
        ({name: shape for name, shape in SD15.items() if "cond_stage" not in name}, ModelDamaged,
         "the part cond_stage_model is missing"),
        (SD15 | {CROSS: (), FIRST: ()}, NotAModel, "it holds no Stable Diffusion UNet"),
    ],
)  # fmt: skip
def test_each_kind_of_file_is_known_by_its_keys(tmp_path, shapes, error, said):
    path = written(tmp_path / "model.safetensors", shapes)
    with pytest.raises(error) as caught:
        locate(str(path))
    assert said in caught.value.sentence
    assert caught.value.advice
    assert caught.value.setting == "base_model"


def test_a_file_of_sd15_is_known_by_its_keys(tmp_path):
    assert locate(str(written(tmp_path / "model.safetensors", SD15))).family is SD1


def test_an_eight_bit_model_is_named(tmp_path):
    path = written(tmp_path / "m.safetensors", SD15, torch.float8_e4m3fn)
    with pytest.raises(ModelUnsupported, match="an 8-bit quantised model"):
        locate(str(path))


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 4265146304\n"


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (POINTER, ModelIsPointer, f"only a Git LFS pointer of {len(POINTER)} bytes"),
        (b"<!DOCTYPE html><html>Sign in</html>", NotAModel, "it is a web page"),
        (b"  <html>", NotAModel, "it is a web page"),
        (b"", NotAModel, "the file is empty"),
        (b"GGUF\x03\0\0\0" + bytes(20), ModelUnsupported, "a GGUF file"),
        (b"hello, world, hello", NotAModel, "it is no safetensors file"),
        (struct.pack("<Q", 1 << 40) + b"{}" + bytes(100), ModelDamaged, "impossibly long"),
        (struct.pack("<Q", 5000) + b"{" + bytes(100), ModelTruncated, "cut short"),
        (pickle.dumps({"state_dict": 1}), ModelIsPickle, "It was not opened"),
    ],
)  # fmt: skip
def test_each_kind_of_file_is_known_by_its_first_bytes(tmp_path, data, error, said):
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(error) as caught:
        locate(str(path))
    assert said in caught.value.sentence


def test_a_pickle_is_refused_before_anything_in_it_is_run(tmp_path):
    canary = tmp_path / "canary"

    class Bomb:
        def __reduce__(self):
            return (Path.touch, (canary,))

    for name, zipped in (("a.ckpt", True), ("b.ckpt", False), ("c.safetensors", True)):
        torch.save(Bomb(), tmp_path / name, _use_new_zipfile_serialization=zipped)
        with pytest.raises(ModelIsPickle, match="old-style checkpoint"):
            load_model(str(tmp_path / name))
    (tmp_path / "d.ckpt").write_bytes(pickle.dumps(Bomb(), protocol=0))
    with pytest.raises(UserError):
        load_model(str(tmp_path / "d.ckpt"))
    assert not canary.exists()


def test_a_download_that_was_not_finished_says_how_much_is_there(tmp_path):
    path = written(tmp_path / "model.safetensors", SD15 | {"x": (1 << 21,)})
    path.write_bytes(path.read_bytes()[: 1 << 20])
    with pytest.raises(ModelTruncated, match=r"1\.0 of 4\.\d MiB are there") as caught:
        locate(str(path))
    assert "Download it again" in caught.value.advice


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"{not json", "its header cannot be read"),
        (b"{\xff\xfe", "its header cannot be read"),
        (b"{" * 100_000, "its header cannot be read"),
        ([1], "its header cannot be read"),
        ({"a": 1}, "its header cannot be read"),
        ({"a": entry([2], [0, 4], "F99")}, "its header cannot be read"),
        ({"a": entry([2], [0, 4], [])}, "its header cannot be read"),
        ({"a": entry([2], [0])}, "its header cannot be read"),
        ({"__metadata__": [1], "a": entry([2], [0, 4])}, "its header cannot be read"),
        ({"a": entry([2], [0, 3])}, "the size of a is wrong"),
        ({"a": entry([-2], [4, 0])}, "the shape of a is wrong"),
        ({"a": entry([2.5], [0, 5])}, "the shape of a is wrong"),
        ({"a": entry(["2"], [0, 4])}, "the shape of a is wrong"),
        ({"a": entry([float("inf")], [0, 4])}, "the shape of a is wrong"),
        ({"a": entry([True, 2], [0, 4])}, "the shape of a is wrong"),
        ({"a": entry([1] * 9, [0, 2])}, "the size of a is wrong"),
        ({"a": entry([2], [0, 4]), "b": entry([2], [2, 6])}, "the place of b is wrong"),
        ({"a": entry([2], [0, 4]), "b": entry([2], [8, 12])}, "the place of b is wrong"),
        ({"a": entry([2], [-4, 0])}, "the shape of a is wrong"),
        ({"a": entry([1], [0, 2])}, "bytes that belong to no tensor"),
        ({f"t{n}": entry([0], [0, 0]) for n in range(20_001)}, "it lists 20001 tensors"),
    ],
)  # fmt: skip
def test_a_header_that_lies_is_refused(tmp_path, header, said):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    if not raw.startswith(b"{"):
        raw = b"{" + raw
    path = with_header(tmp_path / "m.safetensors", raw, bytes(4))
    with pytest.raises(ModelDamaged, match=said):
        locate(str(path))


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=200)
    | st.builds(
        lambda header, data: struct.pack("<Q", len(header)) + header + data,
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
            | st.sampled_from(["F16", "__metadata__", "shape"]),
            lambda inner: st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["a", "shape", "dtype", "data_offsets", "__metadata__"]), inner
            ),
        ).map(lambda value: json.dumps({"t": value, "__metadata__": value}).encode()),
        st.binary(max_size=40),
    )
)  # fmt: skip
def test_arbitrary_bytes_are_a_header_or_get_one_of_our_errors(tmp_path, data):
    path = tmp_path / "fuzzed.safetensors"
    path.write_bytes(data)
    try:
        read_header(path)
    except UserError as error:
        assert error.sentence


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=2)), max_size=5))
def test_a_changed_header_is_never_read_as_more_than_safetensors_itself_reads(tmp_path, changes):
    path = written(tmp_path / "mutated.safetensors", SD15)
    data = bytearray(path.read_bytes())
    length = struct.unpack("<Q", data[:8])[0]
    for share, piece in changes:
        place = int(share * (length + 7))
        data[place : place + len(piece)] = piece
    path.write_bytes(data)
    try:
        header = read_header(path)
    except UserError as error:
        assert error.sentence
        return
    with safetensors.safe_open(path, framework="pt") as file:
        assert set(file.keys()) == set(header.shapes)


@pytest.mark.parametrize(
    "name", ["not-there.safetensors", "~nobody-here/model", "a\0b", "x" * 300, "https://host/m"]
)
def test_a_path_that_leads_nowhere_gets_a_sentence(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelMissing, match="There is no model at"):
        locate(name)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda f: (f / "model_index.json").unlink(), NotAModel, "model_index.json is missing"),
        (lambda f: (f / "unet/config.json").write_text("{"), ModelDamaged, "cannot be read"),
        (lambda f: (f / "unet/config.json").write_text("[]"), ModelDamaged, "is no table"),
        (lambda f: (f / "unet/config.json").write_text('{"in_channels": 9}'), ModelUnsupported,
         "inpainting"),
        (lambda f: (f / "unet/config.json").write_text(
            '{"in_channels": 4, "use_linear_projection": true}'), ModelUnsupported, "SD 2.x"),
        (lambda f: (f / "unet/config.json").write_text(
            '{"in_channels": 4, "block_out_channels": "x"}'), ModelDamaged, "is damaged"),
        (lambda f: (f / "unet/config.json").write_text(
            '{"in_channels": 4, "norm_num_groups": 0}'), ModelDamaged, "is damaged"),
        (lambda f: shutil.rmtree(f / "vae"), ModelDamaged, "is damaged"),
        (lambda f: next((f / "vae").glob("*.safetensors")).unlink(), ModelDamaged, "is damaged"),
        (lambda f: next((f / "text_encoder").glob("*.safetensors")).write_bytes(b"x" * 50),
         ModelDamaged, "is damaged"),
        (lambda f: shutil.rmtree(f / "scheduler"), ModelDamaged, "is damaged"),
        (lambda f: shutil.rmtree(f / "tokenizer"), ModelDamaged, "is damaged"),
        (lambda f: (f / "tokenizer/vocab.json").write_text("{"), ModelDamaged, "is damaged"),
        (lambda f: (f / "model_index.json").write_text(
            '{"text_encoder_2": ["transformers", "x"]}'), ModelUnsupported, "an SDXL model"),
    ],
)  # fmt: skip
def test_a_folder_with_a_fault_gets_a_sentence(tiny_folder, tmp_path, change, error, said):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    change(folder)
    with pytest.raises(error, match=said):
        load_model(str(folder))


def test_a_folder_that_brings_only_a_pickle_is_refused(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    weights = next((folder / "unet").glob("*.safetensors"))
    torch.save(safetensors.torch.load_file(weights), folder / "unet/diffusion_pytorch_model.bin")
    weights.unlink()
    with pytest.raises(ModelDamaged):
        load_model(str(folder))


def test_a_run_on_a_wrong_model_fails_before_it_makes_a_folder(pictures_folder, tmp_path):
    path = written(tmp_path / "lora.safetensors", {"lora_unet_x.lora_down.weight": (4, 8)})
    trained = train(tiny_run(path, pictures_folder, tmp_path / "runs"))
    assert [type(event) for event in trained.events] == [RunFailed]
    assert isinstance(trained.last.error, ModelIsLora)
    assert not (tmp_path / "runs").exists()
