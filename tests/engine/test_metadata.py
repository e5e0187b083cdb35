"""What stands in the header of an exported file, and what must never stand there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from datetime import datetime
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import load_file

from engine.config_file import require
from engine.formats import lora_kohya
from engine.formats.metadata import ExportFacts
from engine.methods.base import Subject
from engine.methods.lora.method import Lora
from engine.models.catalog import SD1, Layout, ModelSource
from engine.models.loader import load_model
from engine.results import AdapterResult
from tests.engine_runs import data_section, require_finished, tiny_run, train


def header_of(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        return file.metadata()


@pytest.fixture(scope="module")
def exports(tiny_folder, pictures_folder, tmp_path_factory) -> dict[str, Path]:
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path_factory.mktemp("runs"), name="My toy",
        dataset={"folder": str(pictures_folder), "trigger": "sks", "class_word": "toy"},
        training={"steps": 2}, export={"formats": ["kohya", "diffusers"], "precision": "fp16"},
        checkpoints={"every_steps": 0},
    )  # fmt: skip
    kohya, diffusers = require_finished(train(data)).last.exports
    return {"kohya": Path(kohya), "diffusers": Path(diffusers)}


def test_every_value_suits_the_panel_of_automatic1111(exports):
    header = header_of(exports["kohya"])
    assert all(isinstance(value, str) for value in header.values())
    for value in header.values():
        if value.startswith("{"):  # what A1111 decodes
            assert isinstance(json.loads(value), dict)
    folders = json.loads(header["ss_dataset_dirs"])
    assert [entry["img_count"] for _, entry in folders.items()] == [3]
    started = float(header["ss_training_started_at"])
    assert abs(started - datetime.now().timestamp()) < 600


def test_the_keys_by_which_programs_sort_a_lora_are_right(exports):
    header = header_of(exports["kohya"])
    assert header["ss_base_model_version"] == "sd_v1"
    assert header["ss_v2"] == "False"
    assert header["ss_network_module"] == "networks.lora"
    assert header["ss_network_dim"] == "4"
    assert header["ss_network_alpha"] == "2.0"
    assert header["ss_output_name"] == "My toy"
    assert header["ss_num_train_images"] == "3"
    assert header["ss_resolution"] == "(32, 32)"


@pytest.mark.parametrize("form", ["kohya", "diffusers"])
def test_modelspec_says_what_it_must(exports, form):
    header = header_of(exports[form])
    assert header["modelspec.sai_model_spec"] == "1.0.1"
    assert header["modelspec.architecture"] == "stable-diffusion-v1/lora"
    assert header["modelspec.implementation"] == "diffusers"
    assert header["modelspec.title"] == "My toy"
    assert header["modelspec.resolution"] == "32x32"
    assert header["modelspec.prediction_type"] == "epsilon"
    assert header["modelspec.trigger_phrase"] == "sks toy"
    assert datetime.fromisoformat(header["modelspec.date"]).tzinfo is not None


def test_the_hash_is_that_of_the_data_as_written(exports):
    header = header_of(exports["kohya"])
    assert header["sshs_model_hash"] == data_section(exports["kohya"])
    assert re.fullmatch("[0-9a-f]{64}", header["sshs_model_hash"])


@pytest.mark.parametrize("form", ["kohya", "diffusers"])
def test_no_path_no_home_and_no_caption_leaves_the_house(exports, form, pictures_folder):
    text = exports[form].read_bytes()[
        : 8 + int.from_bytes(exports[form].read_bytes()[:8], "little")
    ]
    for secret in (
        str(pictures_folder), str(Path.home()), str(exports[form].parents[3]),
        "a photo of a toy, number", "picture0", os.environ.get("USER") or "picture1",
    ):  # fmt: skip
        assert secret.encode() not in text
    assert not re.search(rb'": ?"(/|[A-Za-z]:\\\\)', text)


def test_nothing_that_a_run_leaves_beside_its_own_config_tells_where_the_pictures_are(
    exports, pictures_folder
):
    run_folder = exports["kohya"].parents[1]
    named = {
        path.name
        for path in run_folder.rglob("*")
        if path.is_file() and str(pictures_folder).encode() in path.read_bytes()
    }
    assert named == {"config.json"}


FAMILIES = {
    "tiny_folder": ("sd_v1", "False", "stable-diffusion-v1/lora", "diffusers", "epsilon"),
    "tiny_v_folder": ("sd_v1_v", "False", "stable-diffusion-v1/lora", "diffusers", "v"),
    "tiny_sd2_folder": ("sd_v2_v", "True", "stable-diffusion-v2-768-v/lora", "diffusers", "v"),
    "tiny_sdxl_folder": (
        "sdxl_base_v1-0", "False", "stable-diffusion-xl-v1-base/lora",
        "https://github.com/Stability-AI/generative-models", "epsilon",
    ),
}  # fmt: skip


def headers(base: Path, folder: Path, **method) -> dict[str, str]:
    """What stands in a kohya file of a LoRA on that model."""
    config = require({"dataset": {"folder": "x"}, "method": {"kind": "lora", "rank": 4, **method}})
    model = load_model(str(base))
    facts = ExportFacts(
        config=config, source=model.source, num_images=1, step=1, configs=model.configs(),
        prediction_type=model.noise_schedule.prediction_type,
        started_at=datetime.now().astimezone(),
    )  # fmt: skip
    lora = Lora(config.method, Subject())
    lora.attach(model)
    lora_kohya.save(folder / "x.safetensors", lora.results()[0], facts)
    return header_of(folder / "x.safetensors")


@pytest.mark.parametrize("folder", FAMILIES)
def test_each_family_is_called_what_the_programs_look_for(request, folder, tmp_path):
    version, is_v2, architecture, implementation, predicts = FAMILIES[folder]
    header = headers(request.getfixturevalue(folder), tmp_path)
    assert header["ss_base_model_version"] == version
    assert header["ss_v2"] == is_v2
    assert header["modelspec.architecture"] == architecture
    assert header["modelspec.implementation"] == implementation
    assert header["modelspec.prediction_type"] == predicts


@pytest.mark.parametrize(
    ("method", "module", "arguments"),
    [
        ({"alpha": 2.0}, "networks.lora", {}),
        ({"alpha": 2.0, "conv": True, "conv_rank": 2}, "networks.lora",
         {"conv_dim": "2", "conv_alpha": "2.0"}),
        ({"algorithm": "loha"}, "lycoris.kohya", {"algo": "loha"}),
        ({"algorithm": "loha", "alpha": 2.0, "conv": True, "conv_rank": 2}, "lycoris.kohya",
         {"algo": "loha", "conv_dim": "2", "conv_alpha": "1.0"}),
        ({"algorithm": "lokr"}, "lycoris.kohya", {"algo": "lokr"}),
    ],
)  # fmt: skip
def test_the_kind_of_add_on_is_told_in_the_words_of_its_trainer(
    tiny_folder, tmp_path, method, module, arguments
):
    header = headers(tiny_folder, tmp_path, **method)
    assert header["ss_network_module"] == module
    assert json.loads(header["ss_network_args"]) == arguments
    assert header["ss_network_dim"] == "4"
    assert float(header["ss_network_alpha"]) == method.get("alpha", 16.0)


def test_a_rank_stabilised_alpha_is_told_as_files_mean_it(tiny_folder, tmp_path):
    header = headers(tiny_folder, tmp_path, alpha=3.0, rslora=True)
    assert float(header["ss_network_alpha"]) == 6.0  # over the rank 4 it is 3 over its root
    tensors = load_file(tmp_path / "x.safetensors")
    assert {t.item() for name, t in tensors.items() if name.endswith(".alpha")} == {6.0}


def test_a_lora_of_the_starter_model_says_that_it_fits_no_other(tmp_path):
    def facts(is_starter: bool) -> ExportFacts:
        return ExportFacts(
            config=require({"dataset": {"folder": "x"}}),
            source=ModelSource(
                path=Path("some/photo-model.safetensors"), layout=Layout.SINGLE_FILE, family=SD1,
                is_starter=is_starter,
            ),
            prediction_type="epsilon", num_images=1, step=1, started_at=datetime.now().astimezone(),
            configs={"unet": {}},
        )  # fmt: skip

    result = AdapterResult((), 4, 4.0)
    told = {}
    for is_starter in (True, False):
        path = tmp_path / f"{is_starter}.safetensors"
        lora_kohya.save(path, result, facts(is_starter))
        told[is_starter] = header_of(path)
    assert "fits only that model" in told[True]["modelspec.description"]
    assert told[True]["ss_sd_model_name"] == "Imprint starter model"
    assert told[False]["modelspec.description"] == "Taught with Imprint to photo-model."
    assert told[False]["ss_sd_model_name"] == "photo-model"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_an_export_can_be_read_by_others_as_far_as_the_umask_says(tmp_path, umask, mode):
    from engine.storage import write_bytes

    before = os.umask(umask)
    try:
        write_bytes(tmp_path / "file", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_the_same_run_gives_the_same_data_under_any_name(tiny_folder, pictures_folder, tmp_path):
    hashes = set()
    for name in ("one", "two"):
        data = tiny_run(tiny_folder, pictures_folder, tmp_path, name=name, training={"steps": 1})
        hashes.add(header_of(require_finished(train(data)).export)["sshs_model_hash"])
    assert len(hashes) == 1
    assert hashlib.sha256(b"").hexdigest() not in hashes
