"""Noise or velocity: what a file says of itself, in the order in which it is believed."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from engine.models import catalog
from engine.models.catalog import SD1, SD2_BASE, SD2_V, SDXL, locate
from engine.models.loader import load_model
from engine.models.pickled_values import read_values
from engine.models.prediction_marks import Marks, read_marks
from engine.models.safetensors_header import read_header
from tests import ldm_layout
from tests.conftest import ROOT

NORM = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"


@pytest.fixture(scope="module")
def narrow(tmp_path_factory) -> Path:
    folder = ldm_layout.narrow_configs(tmp_path_factory.mktemp("narrow"))
    for family in ("sd15", "sd21-base", "sd21-v", "sdxl"):
        ldm_layout.write(folder / f"{family}.safetensors", folder / family)
    return folder


@pytest.fixture
def narrow_files(narrow, monkeypatch) -> Path:
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    return narrow


def changed(path: Path, out: Path, more: dict | None = None, metadata: dict | None = None) -> Path:
    """The file again, with more or other tensors and its free text."""
    tensors = safetensors.torch.load_file(path) | (more or {})
    safetensors.torch.save_file(tensors, out, {"format": "pt"} | (metadata or {}))
    return out


def told(path: Path, *, is_sd2: bool = False) -> Marks:
    return read_marks(path, read_header(path), is_sd2=is_sd2)


def small(path: Path, tensors: dict | None = None, metadata: dict | None = None) -> Path:
    safetensors.torch.save_file(tensors or {"x": torch.zeros(3)}, path, metadata)
    return path


def test_a_file_without_marks_says_nothing(tmp_path):
    assert told(small(tmp_path / "m.safetensors")) == Marks(None, zero_terminal_snr=False)


@pytest.mark.parametrize("names", [("v_pred",), ("ztsnr",), ("v_pred", "ztsnr")])
def test_tensors_without_elements_are_marks(tmp_path, names):
    path = small(tmp_path / "m.safetensors", {name: torch.zeros(0) for name in names})
    expected = "v_prediction" if "v_pred" in names else None
    assert told(path) == Marks(expected, zero_terminal_snr="ztsnr" in names)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("v", "v_prediction"), ("V", "v_prediction"), ("v_prediction", "v_prediction"),
     ("v-prediction", "v_prediction"), ("v_pred", "v_prediction"), (" velocity ", "v_prediction"),
     ("epsilon", "epsilon"), ("eps", "epsilon"), ("sample", None), ("", None)],
)  # fmt: skip
def test_the_words_of_modelspec_are_read(tmp_path, word, meant):
    path = small(tmp_path / "m.safetensors", metadata={"modelspec.prediction_type": word})
    assert told(path).prediction_type == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('model:\n  params:\n    parameterization: "v"\n', "v_prediction"),
        ("model:\r\n  params:\r\n    parameterization: v\r\n", "v_prediction"),
        ("model:\n  params:\n    parameterization: 'eps'\n", "epsilon"),
        ("        target: sgm.modules.diffusionmodules.denoiser_scaling.VScaling\n",
         "v_prediction"),
        ("        target: sgm.modules.diffusionmodules.denoiser_scaling.EpsScaling\n", "epsilon"),
        ("        target: sgm.modules.diffusionmodules.denoiser_scaling.EDMScaling\n", None),
        ('# parameterization: "v"\n', None),
        ("model: {}\n", None),
        ("\0\xff" * 500, None),
        ("x" * 70_000 + "\nparameterization: v\n", None),
    ],
)  # fmt: skip
def test_a_yaml_beside_the_file_is_read(tmp_path, text, meant):
    path = small(tmp_path / "m.safetensors")
    (tmp_path / "m.yaml").write_text(text, "latin-1")
    assert told(path).prediction_type == meant


def test_the_yaml_is_believed_before_the_marks_and_the_marks_before_the_words(tmp_path):
    path = small(
        tmp_path / "m.safetensors", {"v_pred": torch.zeros(0)},
        {"modelspec.prediction_type": "epsilon"},
    )  # fmt: skip
    assert told(path).prediction_type == "v_prediction"
    (tmp_path / "m.yaml").write_text("parameterization: eps")
    assert told(path).prediction_type == "epsilon"


def test_a_folder_in_the_place_of_a_yaml_is_no_matter(tmp_path):
    path = small(tmp_path / "m.safetensors")
    (tmp_path / "m.yaml").mkdir()
    assert told(path).prediction_type is None


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize(("spread", "meant"), [(0.02, "epsilon"), (0.2, "v_prediction")])
def test_sd2_is_told_by_the_spread_of_a_norm_wherever_it_lies_in_the_file(
    tmp_path, dtype, spread, meant
):
    """Neighbours before and behind it, of other types and of a spread that misleads."""
    values = (torch.randn(320, generator=torch.Generator().manual_seed(1)) * spread).to(dtype)
    other = torch.full((64,), 0.1) if meant == "v_prediction" else torch.arange(64.0)
    tensors = {"a": other.double(), "b": other.half(), NORM: values, "z": other.bfloat16()}
    tensors |= {"c": torch.zeros(0), "d": torch.tensor(3, dtype=torch.int64)}
    path = small(tmp_path / "m.safetensors", tensors)
    assert told(path, is_sd2=True).prediction_type == meant
    assert told(path, is_sd2=False).prediction_type is None


def test_a_norm_in_a_type_that_tells_nothing_is_passed_over(tmp_path):
    path = small(tmp_path / "m.safetensors", {NORM: torch.zeros(320, dtype=torch.int8)})
    assert told(path, is_sd2=True).prediction_type is None


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize(("name", "family"), [("sd21-base", SD2_BASE), ("sd21-v", SD2_V)])
def test_sd2_is_told_by_its_spread_in_an_old_style_checkpoint_too(
    narrow_files, tmp_path, name, family, zipped
):
    tensors = safetensors.torch.load_file(narrow_files / f"{name}.safetensors")
    torch.save({"state_dict": tensors}, tmp_path / "m.ckpt", _use_new_zipfile_serialization=zipped)
    source = locate(str(tmp_path / "m.ckpt"))
    assert source.family is family
    assert source.prediction_type == family.prediction_type


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_an_old_style_checkpoint_is_told_without_torch_for_the_windows_sake(
    narrow, tmp_path, zipped
):
    tensors = safetensors.torch.load_file(narrow / "sd21-v.safetensors")
    torch.save({"state_dict": tensors}, tmp_path / "m.ckpt", _use_new_zipfile_serialization=zipped)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(narrow), str(tmp_path / "m.ckpt")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["sd2-v", "False"], done.stderr


WITHOUT_TORCH = """
import sys
from pathlib import Path
from engine.models import catalog
catalog.CONFIGS = Path(sys.argv[1])
print(catalog.locate(sys.argv[2]).family.name, "torch" in sys.modules)
"""


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_one_tensor_of_an_old_style_checkpoint_is_read_as_torch_reads_it(tmp_path, zipped, dtype):
    shared = torch.arange(12, dtype=dtype).reshape(3, 4)
    table = {"before": torch.ones(7), "whole": torch.rand(5, 3).to(dtype), "slice": shared[1:]}
    path = tmp_path / "m.ckpt"
    torch.save({"state_dict": table}, path, _use_new_zipfile_serialization=zipped)
    for name in ("whole", "slice"):
        assert read_values(path, name).tolist() == table[name].float().flatten().tolist()
    assert read_values(path, "not there") is None


def test_an_sdxl_file_with_marks_predicts_v_with_zero_terminal_snr(narrow_files, tmp_path):
    path = changed(
        narrow_files / "sdxl.safetensors", tmp_path / "m.safetensors",
        {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)},
    )  # fmt: skip
    source = locate(str(path))
    assert source.family is SDXL
    assert (source.prediction_type, source.zero_terminal_snr) == ("v_prediction", True)
    assert float(load_model(str(path)).noise_schedule.alphas[-1]) == 0


def test_words_outweigh_the_spread_of_sd2(narrow_files, tmp_path):
    for name, word, family in (("sd21-v", "epsilon", SD2_BASE), ("sd21-base", "v", SD2_V)):
        path = changed(
            narrow_files / f"{name}.safetensors", tmp_path / f"{name}.safetensors",
            metadata={"modelspec.prediction_type": word},
        )  # fmt: skip
        assert locate(str(path)).family is family


def test_modelspecs_architecture_outweighs_the_spread_of_sd2_too(narrow_files, tmp_path):
    for name, said, family in (("sd21-v", "stable-diffusion-v2-512", SD2_BASE),
                               ("sd21-base", "stable-diffusion-v2-768-v", SD2_V)):  # fmt: skip
        path = changed(
            narrow_files / f"{name}.safetensors", tmp_path / f"{name}.safetensors",
            metadata={"modelspec.architecture": said},
        )  # fmt: skip
        assert locate(str(path)).family is family


@pytest.mark.parametrize("word", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("family", ["sd15", "sd21-base", "sd21-v", "sdxl"])
def test_the_users_own_word_wins_over_every_mark(narrow_files, tmp_path, family, word):
    against = "v_prediction" if word == "epsilon" else "epsilon"
    path = changed(
        narrow_files / f"{family}.safetensors", tmp_path / "m.safetensors",
        {"v_pred": torch.zeros(0)} if word == "epsilon" else {},
        {"modelspec.prediction_type": against},
    )  # fmt: skip
    (tmp_path / "m.yaml").write_text(f"parameterization: {against[:1].replace('e', 'eps')}")
    assert locate(str(path)).prediction_type == against
    source = locate(str(path), prediction_type=word)
    assert source.prediction_type == word
    sd2 = SD2_V if word == "v_prediction" else SD2_BASE
    assert source.family is {"sd15": SD1, "sdxl": SDXL}.get(family, sd2)
    model = load_model(str(path), prediction_type=word)
    assert model.noise_schedule.prediction_type == word
    assert model.source.family is source.family


def test_a_folder_goes_by_its_scheduler_until_the_user_says_otherwise(tiny_v_folder):
    assert locate(str(tiny_v_folder)).prediction_type == "v_prediction"
    model = load_model(str(tiny_v_folder), prediction_type="epsilon")
    assert model.noise_schedule.prediction_type == "epsilon"


def test_a_header_in_another_order_than_its_data_is_read_by_the_data(tmp_path):
    """Some writers list the tensors by name and store them by size."""
    path = tmp_path / "m.safetensors"
    wide = torch.linspace(-1, 1, 320)
    narrow = torch.full((320,), 0.5)
    header = (
        f'{{"{NORM}":{{"dtype":"F32","shape":[320],"data_offsets":[1280,2560]}},'
        '"a":{"dtype":"F32","shape":[320],"data_offsets":[0,1280]}}'
    ).encode()
    data = narrow.numpy().tobytes() + wide.numpy().tobytes()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)
    assert told(path, is_sd2=True).prediction_type == "v_prediction"
