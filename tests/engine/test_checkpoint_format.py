"""Whole models, written for other programs: one file, or a diffusers folder; both read back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from safetensors.torch import load_file

from engine import storage
from engine.formats import checkpoint, diffusers_folder
from engine.formats.original_yaml import yaml_for
from engine.models import catalog
from engine.models.catalog import SD1, SD2_BASE, SD2_V, SDXL, Layout, ModelSource, locate
from engine.models.loader import load_model
from engine.models.networks import network
from engine.models.safetensors_header import read_header
from engine.output_errors import NotOurs
from engine.results import WeightsResult
from tests import ldm_layout
from tests.conftest import ROOT, SDXL_UNET, build_tiny_model
from tests.golden import make_checkpoints
from tests.whole_models import facts_of, files_in, same_weights, weights_of, whole

GOLDEN = json.loads(make_checkpoints.DATA.read_text("utf-8"))
FAMILIES = {"sd15": SD1, "sd21-base": SD2_BASE, "sd21-v": SD2_V, "sdxl": SDXL}
# Part of every complete file, and of no diffusers folder: nothing reads them while drawing.
NOT_IN_FOLDERS = ("logit_scale", "cond_stage_model.model.text_projection")
every_family = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory) -> Path:
    folder = ldm_layout.narrow_configs(tmp_path_factory.mktemp("narrow"))
    for family in FAMILIES:
        ldm_layout.write(folder / f"{family}.safetensors", folder / family, torch.float32)
    return folder


@pytest.fixture
def narrow_file(narrow, monkeypatch, family) -> Path:
    monkeypatch.setattr(catalog, "CONFIGS", narrow)
    return narrow / f"{family}.safetensors"


class WithoutWeights:
    """A model of a family in real size, of shapes alone."""

    def __init__(self, family: str) -> None:
        self.source = ModelSource(
            path=Path(family), layout=Layout.SINGLE_FILE, family=FAMILIES[family]
        )
        self._configs = {
            path.parent.name: json.loads(path.read_text("utf-8"))
            for path in (ldm_layout.CONFIGS / family).glob("*/config.json")
        }
        self.result = WeightsResult(
            {part: network(part, c).state_dict() for part, c in self._configs.items()},
            self._configs,
        )

    def configs(self):
        return self._configs

    @property
    def noise_schedule(self):
        return self.source.family


@every_family
def test_the_golden_figures_are_those_of_the_original_networks(family):
    assert make_checkpoints.digest(make_checkpoints.tensors(family)) == GOLDEN[family]
    assert GOLDEN[family]["tensors"] == ldm_layout.COUNTS[family]


@every_family
def test_a_file_in_real_size_has_exactly_the_golden_names_and_shapes(family):
    model = WithoutWeights(family)
    facts = facts_of(model, "fp16", prediction_type="epsilon", zero_terminal_snr=False)
    planned = list(checkpoint.planned(model.result, facts))
    assert {entry.name: tuple(entry.shape) for entry in planned} == make_checkpoints.tensors(family)
    assert len(planned) == GOLDEN[family]["tensors"]
    assert {entry.dtype for entry in planned} == {torch.float16}


@every_family
def test_the_layout_of_the_other_tests_is_the_golden_one_too(family):
    planned = ldm_layout.planned(ldm_layout.CONFIGS / family)
    assert {entry.name: tuple(entry.shape) for entry in planned} == make_checkpoints.tensors(family)


@every_family
def test_file_to_folder_to_file_gives_every_tensor_back(narrow_file, tmp_path, family):
    first = load_model(str(narrow_file))
    folder = tmp_path / "folder"
    diffusers_folder.save(folder, whole(first), facts_of(first))
    second = load_model(str(folder))
    assert second.source.layout is Layout.DIFFUSERS_FOLDER
    assert second.source.family is FAMILIES[family]
    assert same_weights(weights_of(second), weights_of(first))

    again = tmp_path / "again.safetensors"
    checkpoint.save(again, whole(second), facts_of(second))
    found, original = load_file(again), load_file(narrow_file)
    assert found.keys() == original.keys()
    for name, tensor in original.items():
        if not name.endswith(NOT_IN_FOLDERS):
            assert torch.equal(found[name], tensor), name
    third = load_model(str(again))
    assert third.source.family is FAMILIES[family]
    assert third.source.prediction_type == FAMILIES[family].prediction_type
    assert same_weights(weights_of(third), weights_of(first))


@every_family
def test_folder_to_file_to_folder_gives_every_byte_back(narrow_file, tmp_path, family):
    model = load_model(str(narrow_file))
    diffusers_folder.save(tmp_path / "one", whole(model), facts_of(model))
    model = load_model(str(tmp_path / "one"))
    checkpoint.save(tmp_path / "middle.safetensors", whole(model), facts_of(model))
    model = load_model(str(tmp_path / "middle.safetensors"))
    diffusers_folder.save(tmp_path / "two", whole(model), facts_of(model))
    assert files_in(tmp_path / "one") == files_in(tmp_path / "two")


@every_family
def test_a_file_that_we_wrote_reads_the_same_in_diffusers(narrow_file, tmp_path, family):
    model = load_model(str(narrow_file))
    diffusers_folder.save(tmp_path / "configs", whole(model), facts_of(model))
    checkpoint.save(tmp_path / "model.safetensors", whole(model), facts_of(model))
    pipeline = pipeline_of(family).from_single_file(
        str(tmp_path / "model.safetensors"), config=str(tmp_path / "configs"),
        local_files_only=True, torch_dtype=torch.float32,
    )  # fmt: skip
    require_same(pipeline, model)


@every_family
def test_a_folder_that_we_wrote_loads_in_diffusers_as_it_is(narrow_file, tmp_path, family):
    model = load_model(str(narrow_file))
    diffusers_folder.save(tmp_path / "folder", whole(model), facts_of(model))
    pipeline = pipeline_of(family).from_pretrained(tmp_path / "folder", local_files_only=True)
    require_same(pipeline, model)
    assert pipeline.scheduler.config.prediction_type == FAMILIES[family].prediction_type
    assert not pipeline.scheduler.config.rescale_betas_zero_snr
    for encoder in model.text.encoders:
        theirs = getattr(pipeline, encoder.name.replace("text_encoder", "tokenizer"))
        prompt = "a photo of a zwx toy"
        assert theirs(prompt)["input_ids"][1:-1] == model.token_ids(prompt)
        assert theirs.pad_token_id == encoder.pad_id
        assert theirs.model_max_length == 77


def pipeline_of(family: str):
    return StableDiffusionXLPipeline if family == "sdxl" else StableDiffusionPipeline


def require_same(pipeline, model) -> None:
    for part, own in weights_of(model).items():
        theirs = {
            name.removeprefix("text_model."): tensor
            for name, tensor in getattr(pipeline, part).state_dict().items()
        }
        for name, tensor in own.items():
            assert torch.equal(tensor, theirs[name]), f"{part}.{name}"


@pytest.mark.parametrize("family", ["sdxl"])
@pytest.mark.parametrize("zero_snr", [False, True])
def test_an_sdxl_file_that_predicts_v_says_so_and_is_known_again(narrow_file, tmp_path, zero_snr):
    model = load_model(str(narrow_file), prediction_type="v_prediction")
    path = tmp_path / "v.safetensors"
    checkpoint.save(path, whole(model), facts_of(model, zero_terminal_snr=zero_snr))
    header = read_header(path)
    marks = {"v_pred", "ztsnr"} if zero_snr else {"v_pred"}
    assert header.shapes.keys() - read_header(narrow_file).shapes.keys() == marks
    assert {header.shapes[mark] for mark in marks} == {(0,)}
    assert header.metadata["modelspec.prediction_type"] == "v"
    path.with_suffix(".yaml").unlink()  # people pass on the file alone
    source = locate(str(path))
    assert (source.prediction_type, source.zero_terminal_snr) == ("v_prediction", zero_snr)
    schedule = load_model(str(path)).noise_schedule
    assert schedule.prediction_type == "v_prediction"
    assert bool(schedule.alphas[-1] == 0) is zero_snr


@pytest.mark.parametrize("family", ["sdxl"])
def test_a_folder_of_zero_terminal_snr_tells_its_scheduler(narrow_file, tmp_path):
    model = load_model(str(narrow_file), prediction_type="v_prediction")
    facts = facts_of(model, zero_terminal_snr=True)
    diffusers_folder.save(tmp_path / "folder", whole(model), facts)
    pipeline = StableDiffusionXLPipeline.from_pretrained(tmp_path / "folder", local_files_only=True)
    assert pipeline.scheduler.config.rescale_betas_zero_snr
    assert pipeline.scheduler.config.timestep_spacing == "trailing"
    assert pipeline.scheduler.config.prediction_type == "v_prediction"
    assert locate(str(tmp_path / "folder")).zero_terminal_snr


@pytest.mark.parametrize("family", ["sd21-v", "sd15"])
def test_another_file_that_predicts_v_gets_a_yaml_and_is_known_by_it(narrow_file, tmp_path, family):
    model = load_model(str(narrow_file), prediction_type="v_prediction")
    for tensor in (model.unet.get_parameter(ldm_layout.SPREAD_NORM),):
        tensor.zero_()  # nothing but the yaml and the header may tell
    path = tmp_path / "v.safetensors"
    checkpoint.save(path, whole(model), facts_of(model))
    assert "v_pred" not in read_header(path).shapes
    assert path.with_suffix(".yaml").is_file()
    for said in ("yaml and header", "header"):
        source = locate(str(path))
        assert source.family is FAMILIES[family], said
        assert source.prediction_type == "v_prediction", said
        path.with_suffix(".yaml").unlink(missing_ok=True)


@pytest.mark.parametrize("family", ["sd15", "sd21-base", "sdxl"])
def test_a_file_that_predicts_noise_has_no_yaml_and_no_marks(narrow_file, tmp_path, family):
    model = load_model(str(narrow_file))
    checkpoint.save(tmp_path / "model.safetensors", whole(model), facts_of(model))
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    header = read_header(tmp_path / "model.safetensors")
    assert not header.shapes.keys() & {"v_pred", "ztsnr"}
    assert header.metadata["format"] == "pt"
    assert header.metadata["modelspec.prediction_type"] == "epsilon"
    assert header.metadata["modelspec.architecture"] == FAMILIES[family].architecture


@pytest.mark.parametrize("family", ["sd15", "sd21-v", "sdxl"])
def test_the_yaml_is_one_that_a_model_can_be_built_from(family):
    """AUTOMATIC1111 takes every network from it: a yaml of one line would break the load."""
    text = yaml_for(facts_of(WithoutWeights(family), prediction_type="v_prediction"))
    model = yaml.safe_load(text)["model"]
    parts = model["params"]
    unet = parts["network_config" if family == "sdxl" else "unet_config"]["params"]
    published = {"sd15": make_checkpoints.SD1, "sdxl": make_checkpoints.SDXL}
    net = published.get(family, make_checkpoints.SD2)
    assert unet["context_dim"] == net.context_dim
    assert unet["use_linear_in_transformer"] is net.use_linear_in_transformer
    assert tuple(unet["channel_mult"]) == net.channel_mult
    assert tuple(unet["attention_resolutions"]) == net.attention_resolutions
    assert unet["model_channels"] == net.model_channels
    assert model["target"].startswith("sgm." if family == "sdxl" else "ldm.")
    assert {"first_stage_config"} <= parts.keys()
    if family == "sdxl":
        assert len(parts["conditioner_config"]["params"]["emb_models"]) == 5
        assert parts["denoiser_config"]["params"]["scaling_config"]["target"].endswith("VScaling")
        assert unet["adm_in_channels"] == net.adm_in_channels
    else:
        assert parts["parameterization"] == "v"
        encoder = parts["cond_stage_config"]
        assert ("params" in encoder) is (family == "sd21-v")


class Counting(dict):
    """Weights that remember how often each was asked for."""

    def __init__(self, weights) -> None:
        super().__init__(weights)
        self.asked = dict.fromkeys(weights, 0)

    def __getitem__(self, name):
        self.asked[name] += 1
        return super().__getitem__(name)


@pytest.mark.parametrize("form", [checkpoint, diffusers_folder])
@every_family
def test_each_weight_is_asked_for_once_the_doubled_layer_of_sd2_too(
    narrow_file, tmp_path, family, form
):
    model = load_model(str(narrow_file))
    counted = {part: Counting(own) for part, own in whole(model).weights.items()}
    result = WeightsResult(counted, model.configs())
    form.save(tmp_path / "out.safetensors", result, facts_of(model))
    assert {times for own in counted.values() for times in own.asked.values()} == {1}


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_equal_models_give_equal_bytes(tiny_folder, tmp_path, kind):
    written = []
    for number in range(2):
        model = load_model(str(tiny_folder))
        out = tmp_path / str(number) / ("m.safetensors" if kind == "file" else "m")
        save = checkpoint.save if kind == "file" else diffusers_folder.save
        save(out, whole(model), facts_of(model, "fp16"))
        written.append(files_in(tmp_path / str(number)))
    assert written[0] == written[1]


@pytest.mark.parametrize("precision", ["fp16", "bf16", "fp32"])
def test_the_precision_is_that_of_the_settings(tiny_folder, tmp_path, precision):
    model = load_model(str(tiny_folder))
    checkpoint.save(tmp_path / "m.safetensors", whole(model), facts_of(model, precision))
    diffusers_folder.save(tmp_path / "m", whole(model), facts_of(model, precision))
    dtype = {"fp16": "F16", "bf16": "BF16", "fp32": "F32"}[precision]
    for path in (tmp_path / "m.safetensors", *(tmp_path / "m").rglob("*.safetensors")):
        assert set(read_header(path).dtypes.values()) == {dtype}


def test_a_fp16_file_holds_the_rounded_weights(tiny_sdxl_folder, tmp_path):
    model = load_model(str(tiny_sdxl_folder))
    checkpoint.save(tmp_path / "m.safetensors", whole(model), facts_of(model, "fp16"))
    own = weights_of(model)
    loaded = list(checkpoint.load(tmp_path / "m.safetensors", model.configs()))
    assert len(loaded) == sum(map(len, own.values()))
    for part, name, tensor in loaded:
        expected = own[part][name.removeprefix("text_model.")]
        assert torch.equal(tensor, expected.to(torch.float16)), f"{part}.{name}"


def test_the_folder_reader_gives_what_the_writer_got(tiny_sd2_folder, tmp_path):
    model = load_model(str(tiny_sd2_folder))
    diffusers_folder.save(tmp_path / "m", whole(model), facts_of(model))
    own = weights_of(model)
    loaded = list(diffusers_folder.load(tmp_path / "m", model.configs()))
    assert len(loaded) == sum(map(len, own.values()))
    for part, name, tensor in loaded:
        assert torch.equal(tensor, own[part][name.removeprefix("text_model.")])
        assert not part.startswith("text_encoder") or name.startswith("text_model.")


def test_a_base_folder_without_a_tokenizer_config_exports_all_the_same(tiny_folder, tmp_path):
    base = shutil.copytree(tiny_folder, tmp_path / "base")
    (base / "tokenizer/tokenizer_config.json").unlink()
    model = load_model(str(base))
    diffusers_folder.save(tmp_path / "m", whole(model), facts_of(model))
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "m", local_files_only=True)
    assert pipeline.tokenizer("a toy")["input_ids"][1:-1] == model.token_ids("a toy")


def test_an_export_that_was_cut_off_before_its_check_is_replaced_as_a_whole(tiny_folder, tmp_path):
    model = load_model(str(tiny_folder))
    folder = tmp_path / "m.unverified"
    folder.mkdir()
    (folder / "left-over.txt").write_text("old")
    diffusers_folder.save(folder, whole(model), facts_of(model))
    assert not (folder / "left-over.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_any_other_folder_of_that_name_is_never_replaced(tiny_folder, tmp_path):
    model = load_model(str(tiny_folder))
    (tmp_path / "m").mkdir()
    (tmp_path / "m/thesis.txt").write_text("mine")
    with pytest.raises(NotOurs):
        diffusers_folder.save(tmp_path / "m", whole(model), facts_of(model))
    assert (tmp_path / "m/thesis.txt").read_text() == "mine"


def test_an_export_that_fails_leaves_the_older_one_whole(tiny_folder, tmp_path):
    model = load_model(str(tiny_folder))
    facts, result = facts_of(model), whole(model)
    storage.own_folder(tmp_path, "run")
    diffusers_folder.save(tmp_path / "m.unverified", result, facts)
    checkpoint.save(tmp_path / "m.safetensors", result, facts)
    before = files_in(tmp_path)
    broken = dict(result.weights["vae"])
    broken["decoder.conv_in.weight"] = torch.zeros(3)
    bad = replace(result, weights=dict(result.weights) | {"vae": broken})
    for save, out in ((diffusers_folder.save, "m.unverified"), (checkpoint.save, "m.safetensors")):
        with pytest.raises(ValueError, match=r"has the shape \(3,\)"):
            save(tmp_path / out, bad, facts)
    assert files_in(tmp_path) == before


def test_a_yaml_of_an_older_export_does_not_outlive_it(tmp_path):
    folder = build_tiny_model(tmp_path / "xl", unet=SDXL_UNET)
    path = tmp_path / "out/m.safetensors"
    storage.own_folder(path.parent, "run")
    for predicts in ("v_prediction", "epsilon"):
        model = load_model(str(folder), prediction_type=predicts)
        checkpoint.save(path, whole(model), facts_of(model))
    assert {p.name for p in path.parent.iterdir()} == {"m.safetensors", storage.MARK}
    path.with_suffix(".yaml").write_text("model: {}  # somebody's own")
    checkpoint.save(path, whole(model), facts_of(model))
    assert path.with_suffix(".yaml").exists()


STREAMED = """
import json, resource, sys
from pathlib import Path
import torch
from engine.formats import checkpoint, diffusers_folder
from engine.models.catalog import SD1, Layout, ModelSource
from engine.models.networks import network
from engine.results import WeightsResult
from tests.engine.test_checkpoint_format import WithoutWeights
from tests.whole_models import facts_of

class Middling(WithoutWeights):
    pass

model = Middling("sd15")
model.configs()["unet"] |= {"block_out_channels": [96, 192, 384, 384]}
model.configs()["text_encoder"] |= {"hidden_size": 96, "intermediate_size": 96}
weights = {}
for part, config in model.configs().items():
    module = network(part, config).to_empty(device="cpu")
    weights[part] = {name: tensor.fill_(0.01) for name, tensor in module.state_dict().items()}
result = WeightsResult(weights, model.configs())
size = sum(t.nbytes for part in weights.values() for t in part.values())
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
small = facts_of(model, sys.argv[2], prediction_type="epsilon", zero_terminal_snr=False)
before = peak()
checkpoint.save(Path(sys.argv[1]) / "m.safetensors", result, small)
diffusers_folder.save(Path(sys.argv[1]) / "m", result, small)
print(json.dumps({"size": size, "extra": peak() - before}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the peak of a process is told by getrusage")
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_writing_a_model_costs_no_second_copy_of_it(tmp_path, precision):
    done = subprocess.run(
        [sys.executable, "-c", STREAMED, str(tmp_path), precision], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["size"] > 300e6
    assert told["extra"] < 0.1 * told["size"]
