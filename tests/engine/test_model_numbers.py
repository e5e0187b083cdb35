"""Numbers of a diffusers folder that no model of these families has: a sentence, and no memory."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from engine.caption_models import CaptionModelUnsuitable, look_at
from engine.errors import JudgeUnreadable
from engine.evaluation.networks import load_network
from engine.model_errors import ModelDamaged, ModelNumberWrong, ModelScheduleWrong
from engine.models.catalog import CONFIGS, locate, part_config, read_config
from engine.models.config_check import require_part, require_scheduler, require_sensible
from engine.models.loader import load_model
from engine.models.size import bucket_step, largest_clip_skip, native_side

SCHEDULER = "scheduler/scheduler_config.json"


@pytest.fixture
def folder(tiny_folder, tmp_path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "model")


def change(folder: Path, file: str, **values: object) -> None:
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.fixture
def _no_schedule_is_made(monkeypatch):
    """What is refused is refused before anything is made of it."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a schedule was made")

    monkeypatch.setattr("engine.models.loader.DDPMScheduler.from_config", refuse)


@pytest.mark.usefixtures("_no_schedule_is_made")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_train_timesteps", 0), ("num_train_timesteps", 1), ("num_train_timesteps", -1),
        ("num_train_timesteps", 10_001),
        ("num_train_timesteps", 10**8), ("num_train_timesteps", 4 * 10**8),
        ("num_train_timesteps", 10**11), ("num_train_timesteps", 1000.0),
        ("num_train_timesteps", "1000"), ("num_train_timesteps", None),
        ("num_train_timesteps", True), ("num_train_timesteps", [1000]),
        ("beta_start", 0), ("beta_start", 1), ("beta_start", -0.1), ("beta_start", "low"),
        ("beta_start", None), ("beta_end", 1.0), ("beta_end", 5), ("beta_end", [0.1]),
        ("beta_end", 1e-9), ("beta_schedule", "other"), ("beta_schedule", 5),
        ("trained_betas", [0.5]), ("trained_betas", []), ("trained_betas", "x"),
        ("trained_betas", {}), ("trained_betas", [0.01] * 999), ("trained_betas", [0.01] * 1001),
        ("trained_betas", [0.01] * 999 + [1.5]), ("trained_betas", [0.01] * 999 + ["x"]),
        ("trained_betas", [0] * 1000),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_a_schedule_that_no_model_has_is_refused_by_its_number(folder, name, value):
    change(folder, SCHEDULER, **{name: value})
    for look in (locate, load_model):
        with pytest.raises(ModelNumberWrong) as caught:
            look(str(folder))
        said = caught.value.sentence
        assert f"{name} is " in said
        assert "scheduler_config.json" in said
        assert "it must be " in said
        assert len(said) < 500


@pytest.mark.usefixtures("_no_schedule_is_made")
@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "9" * 5000])
def test_a_schedule_of_no_number_cannot_be_read(folder, value):
    text = (folder / SCHEDULER).read_text()
    (folder / SCHEDULER).write_text(text.replace("0.012", value))
    with pytest.raises(ModelDamaged, match="cannot be read"):
        locate(str(folder))


def test_betas_that_leave_nothing_of_a_picture_are_refused_before_the_training(folder):
    change(folder, SCHEDULER, beta_start=0.9, beta_end=0.99)
    with pytest.raises(ModelScheduleWrong, match="nothing is left of a picture after timestep"):
        load_model(str(folder))


def test_betas_of_its_own_and_another_number_of_steps_are_taken(folder):
    betas = torch.linspace(0.001, 0.1, 100).tolist()
    change(folder, SCHEDULER, num_train_timesteps=100, trained_betas=betas)
    assert load_model(str(folder)).noise_schedule.num_timesteps == 100


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("unet", "block_out_channels", []), ("unet", "block_out_channels", [16] * 1000),
        ("unet", "block_out_channels", [0, 32]), ("unet", "block_out_channels", [10**9, 32]),
        ("unet", "block_out_channels", "x"), ("unet", "layers_per_block", 10**9),
        ("unet", "layers_per_block", -1), ("unet", "layers_per_block", [[[[1]]]]),
        ("unet", "transformer_layers_per_block", 10**6), ("unet", "sample_size", 10**6),
        ("unet", "sample_size", 0), ("unet", "sample_size", "8"), ("unet", "norm_eps", 0),
        ("unet", "norm_num_groups", 0), ("unet", "cross_attention_dim", 10**9),
        ("unet", "attention_head_dim", 0), ("unet", "dropout", 5), ("unet", "out_channels", 8),
        ("vae", "latent_channels", 16), ("vae", "in_channels", 1), ("vae", "out_channels", 4),
        ("vae", "scaling_factor", 0), ("vae", "scaling_factor", -0.18),
        ("vae", "scaling_factor", 10**6), ("vae", "scaling_factor", "0.18"),
        ("vae", "block_out_channels", [8] * 500), ("vae", "layers_per_block", 10**9),
        ("vae", "norm_num_groups", None),
        ("text_encoder", "num_hidden_layers", 10**9), ("text_encoder", "num_hidden_layers", 0),
        ("text_encoder", "hidden_size", 10**9), ("text_encoder", "vocab_size", 10**10),
        ("text_encoder", "max_position_embeddings", 10**9),
        ("text_encoder", "max_position_embeddings", 5), ("text_encoder", "layer_norm_eps", 0),
        ("text_encoder", "num_attention_heads", -2), ("text_encoder", "pad_token_id", -1),
        ("text_encoder", "intermediate_size", True), ("text_encoder", "projection_dim", 1.5),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_a_number_of_a_part_that_no_model_has_is_refused_by_its_name(folder, part, name, value):
    source = locate(str(folder))
    usual = [native_side(source), bucket_step(source), largest_clip_skip(source)]
    change(folder, f"{part}/config.json", **{name: value})
    with pytest.raises(ModelNumberWrong) as caught:
        load_model(str(folder))
    assert f"{name} is " in caught.value.sentence
    assert f"{part}/config.json" in caught.value.sentence
    # What is asked before the model is loaded is answered as for others of the family.
    told = [native_side(source), bucket_step(source), largest_clip_skip(source)]
    assert all(0 < number <= 1024 for number in [*told, *usual])


@pytest.mark.parametrize("family", ["sd15", "sd21-base", "sd21-v", "sdxl"])
def test_the_numbers_of_every_family_are_possible(family):
    home = CONFIGS / family
    require_scheduler(home, read_config(home, SCHEDULER))
    for path in home.glob("*/config.json"):
        part_config(home, path.parent.name)


def test_what_old_models_leave_out_or_write_as_null_is_possible(tmp_path):
    require_scheduler(tmp_path, {})
    require_scheduler(tmp_path, {"trained_betas": None, "num_train_timesteps": 1000})
    for part in ("unet", "vae", "text_encoder"):
        require_part(tmp_path, part, {})
    require_part(tmp_path, "unet", {"sample_size": None, "num_attention_heads": None})
    require_part(tmp_path, "unet", {"sample_size": [64, 96], "attention_head_dim": [5, 10, 20, 20]})
    require_part(tmp_path, "unet", {"transformer_layers_per_block": [[1, 2], 10]})


def test_the_labels_that_a_live_config_counts_from_0_are_no_names_of_settings():
    require_sensible({"id2label": {0: "LABEL_0", 1: "LABEL_1"}})
    with pytest.raises(ValueError, match="0 is"):
        require_sensible({"odd": {0: 10**9}})


@pytest.mark.parametrize("kind", ["clip", "dinov2"])
@pytest.mark.parametrize(
    "config",
    [{"num_hidden_layers": 10**9}, {"image_size": 10**6}, {"hidden_size": 10**12},
     {"vision_config": {"num_hidden_layers": 10**9}}, {"vision_config": {"image_size": 10**5}},
     {"text_config": {"vocab_size": 10**9}}, {"patch_size": 0}, {"patch_size": 10**5}],
    ids=str,
)  # fmt: skip
def test_a_judge_or_a_captioner_of_impossible_size_is_refused(tmp_path, kind, config):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind} | config))
    with pytest.raises(JudgeUnreadable):
        load_network(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "blip"} | config))
    with pytest.raises(CaptionModelUnsuitable):
        look_at(tmp_path)


@pytest.mark.parametrize("text", ["[]", "{", "[" * 100_000, '{"model_type": []}', "5", ""])
def test_a_judge_or_a_captioner_of_another_shape_is_refused(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(JudgeUnreadable):
        load_network(tmp_path)
    with pytest.raises(CaptionModelUnsuitable):
        look_at(tmp_path)
