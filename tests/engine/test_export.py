"""The export report: what it compares with, what it counts, and what becomes of a wrong file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from engine.errors import ExportFailed
from engine.events import ExportChecked, RunFailed
from engine.formats import embedding, front_ends, hypernetwork, lora_kohya
from engine.formats.catalog import FORMATS, formats_of
from engine.formats.metadata import ExportFacts
from tests.engine_runs import require_finished, tiny_run, train

LORA = {"kind": "lora", "rank": 4, "alpha": 2.0, "learning_rate": 1e-2, "text_learning_rate": 1e-2}
METHODS = {
    "kohya": LORA,
    "embedding": {"kind": "textual_inversion", "learning_rate": 0.1},
    "hypernetwork": {"kind": "hypernetwork", "learning_rate": 1e-2},
    "checkpoint": {"kind": "dreambooth", "learning_rate": 1e-3, "prior_weight": 0},
}


def trained(folder, pictures, runs, form: str, **over):
    data = tiny_run(
        folder, pictures, runs, method=METHODS[form], export={"formats": [form]}, **over
    )  # fmt: skip
    return train(data)


@pytest.mark.parametrize("form", METHODS)
def test_a_sound_file_is_reported_with_its_keys_and_the_front_ends_that_read_it(
    tiny_folder, pictures_folder, tmp_path, form, monkeypatch
):
    monkeypatch.setattr(ExportFacts, "is_published_size", True)
    run = require_finished(trained(tiny_folder, pictures_folder, tmp_path, form))
    (report,) = run.of(ExportChecked)
    assert report.format == form
    assert report.largest_difference < 1e-6
    assert report.keys > 0
    assert report.loads_in == tuple(name for name, n in report.matched.items() if n == report.keys)
    assert set(report.loads_in).isdisjoint(report.not_in)
    expected = (
        {"AUTOMATIC1111", "ComfyUI"} if form == "hypernetwork" else set(front_ends.FRONT_ENDS)
    )
    assert set(report.loads_in) == expected


def weaker(tensors):
    return {n: t * 0.9 if "lora_up" in n or n == "emb_params" else t for n, t in tensors.items()}


def holed(tensors):
    return dict(list(tensors.items())[3:])


def poisoned(tensors):
    name = sorted(tensors)[-1]
    return tensors | {name: torch.full_like(tensors[name], float("nan"))}


@pytest.mark.parametrize("fault", [weaker, holed, poisoned])
def test_a_file_that_is_not_what_was_learnt_ends_the_run_and_is_put_aside(
    tiny_folder, pictures_folder, tmp_path, monkeypatch, fault
):
    original = lora_kohya.save

    def save(path, result, facts):
        original(path, result, facts)
        safetensors.torch.save_file(fault(safetensors.torch.load_file(path)), path)

    monkeypatch.setattr(lora_kohya, "save", save)
    run = trained(tiny_folder, pictures_folder, tmp_path, "kohya")
    assert isinstance(run.last, RunFailed)
    assert isinstance(run.last.error, ExportFailed)
    names = [path.name for path in run.folder.exports.iterdir()]
    assert names == ["toy.unverified.safetensors"]


def test_a_wrong_alpha_is_noticed_though_writer_and_reader_agree_on_it(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    """The yardstick is the live layer's own arithmetic, not the table that was written."""
    from engine.methods.lora import method

    original = method._result_of

    def doubled(part, path, layer):
        found = original(part, path, layer)
        return type(found)(found.part, found.path, found.tensors, found.alpha * 2)

    monkeypatch.setattr(method, "_result_of", doubled)
    run = trained(tiny_folder, pictures_folder, tmp_path, "kohya")
    assert isinstance(run.last, RunFailed)
    assert isinstance(run.last.error, ExportFailed)


@pytest.mark.parametrize("form", ["embedding", "hypernetwork"])
def test_other_kinds_of_files_are_compared_too(
    tiny_folder, pictures_folder, tmp_path, monkeypatch, form
):
    module = {"embedding": embedding, "hypernetwork": hypernetwork}[form]
    original = module.load

    def load(path):
        read = original(path)
        if form == "embedding":
            return type(read)(read.word, {part: rows + 0.1 for part, rows in read.vectors.items()})
        nets = {w: tuple({n: t + 0.1 for n, t in net.items()} for net in pair)
                for w, pair in read.nets.items()}  # fmt: skip
        return type(read)(nets, read.shape)

    monkeypatch.setattr(module, "load", load)
    run = trained(tiny_folder, pictures_folder, tmp_path, form)
    assert isinstance(run.last.error, ExportFailed)


def test_the_name_of_a_file_is_clean_and_an_embeddings_is_its_word(
    tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, method=METHODS["embedding"],
        name="../Ünsafe: name?*", dataset={"trigger": "My-Word"},
        export={"formats": ["embedding"]},
    )  # fmt: skip
    run = require_finished(train(data))
    assert Path(run.last.exports[0]).name == "my-word.safetensors"
    assert Path(run.last.exports[0]).parent == run.folder.exports


@pytest.mark.parametrize(
    ("leaves", "wanted", "expected"),
    [
        (("adapter", "model"), (), ["kohya"]),
        (("model",), (), ["checkpoint"]),
        (("adapter", "embedding"), (), ["kohya", "embedding"]),
        (("adapter", "model"), ("diffusers_folder", "kohya"), ["diffusers_folder", "kohya"]),
    ],
)
def test_the_default_is_the_first_format_of_each_thing_left_and_a_model_only_alone(
    leaves, wanted, expected
):
    assert [entry.name for entry in formats_of("x", leaves, wanted)] == expected


def test_a_model_of_another_size_leaves_as_a_folder_which_says_its_size(
    tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, method=METHODS["checkpoint"])
    run = require_finished(train(data))
    assert [report.format for report in run.of(ExportChecked)] == ["diffusers_folder"]
    assert Path(run.last.exports[0]).is_dir()


def test_open_clip_layers_without_all_four_projections_are_counted_as_dropped_by_a1111():
    from engine.models.catalog import SDXL, Layout, ModelSource

    class Facts:
        source = ModelSource(path=Path("x"), layout=Layout.SINGLE_FILE, family=SDXL)
        config = None
        is_published_size = True

    layer = "lora_te2_text_model_encoder_layers_0_self_attn"
    unet = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k"
    names = [
        f"{start}.{role}"
        for start in (unet, f"{layer}_q_proj", f"{layer}_v_proj")
        for role in ("lora_down.weight", "lora_up.weight", "alpha")
    ]
    counted = front_ends.matches(FORMATS["kohya"], Facts(), names)
    assert counted["ComfyUI"] == 9
    assert counted["AUTOMATIC1111"] == 3


def test_diffusers_block_names_in_an_sdxl_file_match_no_front_ends_rules():
    from engine.models.catalog import SDXL, Layout, ModelSource

    class Facts:
        source = ModelSource(path=Path("x"), layout=Layout.SINGLE_FILE, family=SDXL)
        config = None
        is_published_size = True

    name = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.alpha"
    assert set(front_ends.matches(FORMATS["kohya"], Facts(), [name]).values()) == {0}


def test_a_model_of_another_size_is_promised_to_diffusers_alone(
    tiny_folder, pictures_folder, tmp_path
):
    """The others tell models by their widths: the starter model, and what was made of it."""
    run = require_finished(trained(tiny_folder, pictures_folder, tmp_path, "kohya"))
    (report,) = run.of(ExportChecked)
    assert report.loads_in == ("diffusers",)
    assert len(report.not_in) == 6


@pytest.mark.parametrize("family", ["SD1", "SD2_BASE", "SD2_V", "SDXL"])
def test_the_published_models_have_the_published_size(family):
    from datetime import datetime

    from engine.models import catalog

    source = catalog.ModelSource(
        path=Path("x"), layout=catalog.Layout.SINGLE_FILE, family=getattr(catalog, family)
    )
    configs = {"unet": catalog.bundled_config(source.family, "unet")}
    facts = ExportFacts(
        config=None, source=source, prediction_type="epsilon", num_images=1, step=1,
        started_at=datetime(2026, 1, 1), configs=configs,
    )  # fmt: skip
    assert facts.is_published_size
    narrow = {"unet": configs["unet"] | {"block_out_channels": [48, 96, 128, 128]}}
    assert not replace(facts, configs=narrow).is_published_size


def test_every_format_says_who_reads_it():
    assert set(front_ends.READERS) == set(FORMATS)
