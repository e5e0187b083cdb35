"""Files that Imprint cannot train: each is named for what it is, without being loaded."""

from __future__ import annotations

import json
import pickle
import struct
from math import prod
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import UserError
from engine.events import RunFailed
from engine.model_errors import (
    ModelDamaged,
    ModelIncomplete,
    ModelIsLora,
    ModelIsPointer,
    ModelMissing,
    ModelTruncated,
    ModelUnsupported,
    ModelWithoutVae,
    NotAModel,
    PickleRefused,
)
from engine.models.catalog import SD1, SD2_BASE, SDXL, locate
from engine.models.loader import load_model
from engine.models.safetensors_header import ITEM_BYTES, PICKLE_STARTS, is_pickle, read_header
from engine.models.size import measure_model
from engine.models.tensor_file import open_tensors
from tests.engine_runs import tiny_run, train
from tests.golden import make_checkpoints

UNET = "model.diffusion_model"
CROSS = f"{UNET}.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
FIRST = f"{UNET}.input_blocks.0.0.weight"
SD15 = {
    CROSS: (320, 768),
    FIRST: (320, 4, 3, 3),
    "first_stage_model.decoder.conv_in.weight": (1,),
    "cond_stage_model.transformer.text_model.final_layer_norm.weight": (1,),
}


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


def in_full(path: Path, shapes: dict[str, tuple[int, ...]], dtype: str = "F16") -> Path:
    """A file of real shapes without its gigabytes: behind the header lies a hole."""
    table, place, size = {}, 0, ITEM_BYTES[dtype]
    for name, shape in shapes.items():
        end = place + size * prod(shape)
        table[name] = entry(list(shape), [place, end], dtype)
        place = end
    with_header(path, table)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + place)
    return path


def real(family: str, **over: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a published model."""
    return make_checkpoints.tensors(family) | over


def without(family: str, *pieces: str) -> dict[str, tuple[int, ...]]:
    return {
        name: shape
        for name, shape in real(family).items()
        if not any(piece in name for piece in pieces)
    }


@pytest.mark.parametrize(
    ("family", "expected"),
    [("sd15", SD1), ("sd21-v", SD2_BASE), ("sdxl", SDXL)],  # zeros in SD 2's norm: no spread
)
def test_a_model_in_real_size_is_known_by_its_names_and_shapes(tmp_path, family, expected):
    path = in_full(tmp_path / "named-like-anything.safetensors", real(family))
    source = locate(str(path))
    assert source.family is expected
    assert source.prediction_type == "epsilon"
    size = measure_model(source)
    # The published counts, in millions.
    unet, text = {"sd15": (860, 123), "sd21-v": (866, 354), "sdxl": (2567, 818)}[family]
    assert round(size.unet / 1e6) == unet
    assert round(size.text / 1e6) == text
    assert round(size.vae / 1e6) == 84


INPAINTING = "an inpainting model"
OTHER = "a model with a UNet of another shape"
REFINER = {
    FIRST: (384, 4, 3, 3),
    f"{UNET}.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (768, 1280),
    "conditioner.embedders.0.model.ln_final.weight": (1280,),
    "first_stage_model.decoder.conv_in.weight": (1,),
}


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (real("sd15") | {FIRST: (320, 9, 3, 3)}, INPAINTING),
        (real("sd21-v") | {FIRST: (320, 9, 3, 3)}, INPAINTING),
        (real("sdxl") | {FIRST: (320, 9, 3, 3)}, INPAINTING),
        (real("sd15") | {FIRST: (320, 8, 3, 3)}, "instruct-pix2pix"),
        (real("sd21-v") | {FIRST: (320, 5, 3, 3)}, "a depth-to-image model"),
        (real("sd21-v") | {FIRST: (320, 7, 3, 3)}, "an upscaling model"),
        (real("sd15") | {FIRST: (320, 12, 3, 3)}, "an inpainting or image-editing model"),
        (REFINER, "an SDXL refiner"),
        ({"double_blocks.0.img_attn.qkv.weight": (8, 8)}, "a Flux model"),
        ({f"{UNET}.double_blocks.0.img_attn.qkv.weight": (8, 8)}, "a Flux model"),
        ({f"{UNET}.joint_blocks.0.x_block.attn.qkv.weight": (8, 8)}, "an SD 3 model"),
        ({"adaln_single.linear.weight": (8, 8)}, "a PixArt model"),
        ({"t_block.1.weight": (8, 8)}, "a PixArt model"),
        ({"clip_txt_pooled_mapper.weight": (8, 8)}, "a Stable Cascade model"),
        ({"effnet_mapper.0.weight": (8, 8, 1, 1)}, "a Stable Cascade model"),
        (real("sd15") | {f"{UNET}.time_embed.cond_proj.weight": (320, 256)},
         "an LCM-distilled model"),
        (real("sdxl") | {"edm_mean": (1, 4, 1, 1)}, "a model of the EDM kind"),
        # SSD-1B and Vega leave transformers out, BK-SDM whole blocks.
        (without("sdxl", *(f".transformer_blocks.{n}." for n in range(4, 10))), OTHER),
        (without("sdxl", "middle_block.1."), OTHER),
        (without("sd15", f"{UNET}.middle_block."), OTHER),
        (without("sd15", *(f"input_blocks.{n}." for n in (2, 5, 8, 11))), OTHER),
        (real("sd15") | {FIRST: (64, 4, 3, 3)}, OTHER),
        (real("sd15") | {CROSS: (320, 1280)}, OTHER),
        # And what has more than it should: unCLIP, motion modules, GLIGEN, a block too many.
        (real("sd21-v") | {f"{UNET}.label_emb.0.0.weight": (1280, 2048)}, OTHER),
        (real("sd15") | {f"{UNET}.input_blocks.1.2.temporal_transformer.norm.weight": (320,)},
         OTHER),
        (real("sd15") | {f"{UNET}.position_net.linears.0.weight": (512, 8)}, OTHER),
        (real("sd15") | {f"{UNET}.output_blocks.12.0.in_layers.0.weight": (320,)}, OTHER),
        (real("sd15") | {f"{CROSS}.quant_state.bitsandbytes__nf4": (90,)},
         "a 4-bit quantised model"),
        (real("sd15") | {f"{CROSS}.absmax": (90,)}, "an 8-bit quantised model"),
        (real("sd15") | {f"{CROSS.removesuffix('weight')}SCB": (90,)}, "an 8-bit quantised model"),
    ],
)  # fmt: skip
def test_each_kind_that_cannot_be_trained_is_named(tmp_path, shapes, said):
    path = in_full(tmp_path / "model.safetensors", shapes)
    with pytest.raises(ModelUnsupported) as caught:
        locate(str(path))
    assert said in caught.value.sentence
    assert caught.value.advice
    assert caught.value.setting == "base_model"


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F8_E5M2"])
@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_an_eight_bit_model_is_named(tmp_path, family, dtype):
    path = in_full(tmp_path / "m.safetensors", real(family), dtype)
    with pytest.raises(ModelUnsupported, match="an 8-bit quantised model"):
        locate(str(path))


@pytest.mark.parametrize(
    ("shapes", "error", "said"),
    [
        ({"lora_unet_x.lora_down.weight": (4, 8)}, ModelIsLora, "is a LoRA, an add-on"),
        ({"unet.x.lora_A.weight": (4, 8)}, ModelIsLora, "is a LoRA"),
        ({"unet.x.processor.to_q_lora.down.weight": (4, 8)}, ModelIsLora, "is a LoRA"),
        ({"lora_unet_x.hada_w1_a": (4, 8)}, ModelIsLora, "is a LoRA"),
        ({"lora_unet_x.lokr_w1": (4, 8)}, ModelIsLora, "is a LoRA"),
        ({"lora_unet_x.oft_blocks": (4, 8, 8)}, ModelIsLora, "is a LoRA"),
        ({"emb_params": (2, 768)}, NotAModel, "it holds no Stable Diffusion UNet"),
        (without("sd15", "first_stage_model."), ModelWithoutVae, "was made without a VAE"),
        (without("sd15", "cond_stage_model."), ModelIncomplete, "without a text encoder."),
        (without("sdxl", "conditioner.embedders.0."), ModelIncomplete,
         "without its first text encoder."),
        (without("sdxl", "conditioner.embedders.1."), ModelIncomplete,
         "without its second text encoder."),
        (without("sdxl", "first_stage_model."), ModelWithoutVae, "was made without a VAE"),
        ({n: s for n, s in SD15.items() if n.startswith(UNET)}, ModelIncomplete,
         "without a text encoder and a VAE: it is a UNet alone"),
        ({n.removeprefix("model.diffusion_model."): s for n, s in SD15.items()
          if n.startswith(UNET)}, NotAModel,
         "it is a UNet alone"),
        ({"model_ema.diffusion_modelinput_blocks00weight": (320, 4, 3, 3)}, NotAModel,
         "it holds only the averages (EMA) of a training"),
        ({"control_model.input_blocks.0.0.weight": (320, 4, 3, 3)}, NotAModel,
         "it is a ControlNet"),
        ({"encoder.conv_in.weight": (128, 3, 3, 3)}, NotAModel, "it is a VAE alone"),
        ({"text_model.final_layer_norm.weight": (768,)}, NotAModel, "it is a text encoder alone"),
        (without("sd15", UNET), NotAModel, "it holds no Stable Diffusion UNet"),
        (SD15 | {CROSS: (), FIRST: ()}, NotAModel, "it holds no Stable Diffusion UNet"),
        (SD15 | {CROSS: ()}, ModelUnsupported, OTHER),
    ],
)  # fmt: skip
def test_each_kind_of_file_is_known_by_its_keys(tmp_path, shapes, error, said):
    path = in_full(tmp_path / "model.safetensors", shapes)
    with pytest.raises(error) as caught:
        locate(str(path))
    assert said in caught.value.sentence
    assert caught.value.advice
    assert caught.value.setting == "base_model"


@pytest.mark.parametrize("length", [640, 896, 1152])
def test_a_header_as_long_as_a_pickles_first_bytes_is_still_a_header(tmp_path, length):
    """Its length, as a number, begins with the two bytes that every pickle begins with."""
    table = {"__metadata__": {"format": "pt"}, "a": entry([3], [0, 6])}
    raw = json.dumps(table).encode().ljust(length)
    path = with_header(tmp_path / "m.safetensors", raw, torch.arange(3.0).half().numpy().tobytes())
    assert path.read_bytes().startswith(PICKLE_STARTS)
    assert not is_pickle(path)
    assert read_header(path).shapes == {"a": (3,)}
    with pytest.raises(NotAModel, match="holds no Stable Diffusion UNet"):
        locate(str(path))
    assert dict(open_tensors(path).read({"a"}))["a"].tolist() == [0, 1, 2]


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
        (pickle.dumps({"state_dict": 1}), ModelDamaged, "not built as torch builds its files"),
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
        with pytest.raises(PickleRefused, match="contains program code"):
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
        ({"a": entry([float("inf")], [0, 4])}, "its header cannot be read"),
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


def test_a_run_on_a_wrong_model_fails_before_it_makes_a_folder(pictures_folder, tmp_path):
    path = written(tmp_path / "lora.safetensors", {"lora_unet_x.lora_down.weight": (4, 8)})
    trained = train(tiny_run(path, pictures_folder, tmp_path / "runs"))
    assert [type(event) for event in trained.events] == [RunFailed]
    assert isinstance(trained.last.error, ModelIsLora)
    assert not (tmp_path / "runs").exists()
