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

from engine.config_file import require
from engine.formats import lora_kohya
from engine.formats.metadata import ExportFacts
from engine.models.catalog import SD1, Layout, ModelSource
from engine.results import LowRankResult
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


def test_a_v_model_is_called_one(tiny_v_folder, pictures_folder, tmp_path):
    data = tiny_run(tiny_v_folder, pictures_folder, tmp_path, training={"steps": 1})
    header = header_of(require_finished(train(data)).export)
    assert header["ss_base_model_version"] == "sd_v1_v"
    assert header["modelspec.prediction_type"] == "v"


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


def test_a_lora_of_the_starter_model_says_that_it_fits_no_other(tmp_path):
    def facts(is_starter: bool) -> ExportFacts:
        return ExportFacts(
            config=require({"dataset": {"folder": "x"}}),
            source=ModelSource(
                path=Path("some/photo-model.safetensors"), layout=Layout.SINGLE_FILE, family=SD1,
                is_starter=is_starter,
            ),
            prediction_type="epsilon", num_images=1, step=1, started_at=datetime.now().astimezone(),
        )  # fmt: skip

    result = LowRankResult((), 4, 4.0)
    told = {}
    for is_starter in (True, False):
        lora_kohya.save(tmp_path / "x.safetensors", result, facts(is_starter))
        told[is_starter] = header_of(tmp_path / "x.safetensors")
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
