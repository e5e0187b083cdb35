"""Settings files of other programs are called by their program's name."""

from __future__ import annotations

import json

import pytest

from engine import config_file, user_presets
from engine.config import RunConfig
from engine.errors import ConfigUnreadable, SettingsOfAnother
from engine.foreign_settings import program_of
from engine.methods.catalog import METHODS
from engine.presets import starting_point

KOHYA = """resolution = "512,512"
learning_rate = 1e-4
seed = 1
network_dim = 32
max_train_epochs = 10
"""
KOHYA_SET = """[general]
shuffle_caption = true
caption_extension = '.txt'

[[datasets]]
resolution = 512

  [[datasets.subsets]]
  image_dir = 'C:\\\\hoge'
  class_tokens = 'hoge girl'
  num_repeats = 10
"""
KOHYA_PRESET = json.dumps(
    {"LoRA_type": "Standard", "LyCORIS_preset": "full", "bucket_no_upscale": True, "epoch": 1,
     "pretrained_model_name_or_path": "runwayml/stable-diffusion-v1-5", "unet_lr": 1e-4}
)  # fmt: skip
ONETRAINER = json.dumps(
    {"__version": 10, "base_model_name": "x", "learning_rate": 3e-4, "training_method": "LORA",
     "model_type": "STABLE_DIFFUSION_15", "output_model_destination": "models/lora.safetensors"},
    indent=4,
)  # fmt: skip
CONCEPTS = json.dumps(
    [{"name": "", "path": "x", "image": {"enable_crop_jitter": True, "enable_random_flip": True},
      "text": {"prompt_source": "sample", "prompt_path": ""}, "include_subdirectories": False}]
)  # fmt: skip
AI_TOOLKIT = """---
job: extension
config:
  name: "my_first_lora_v1"
  process:
    - type: 'sd_trainer'
      training_folder: "output"
      network:
        type: "lora"
        linear: 16
        linear_alpha: 16
      datasets:
        - folder_path: "/path/to/images"
          caption_ext: "txt"
"""
SIMPLE_TUNER = json.dumps({"--model_family": "sd1x", "--lora_rank": 16, "--train_batch_size": 1})
ACCELERATE = "compute_environment: LOCAL_MACHINE\ndistributed_type: 'NO'\nmixed_precision: fp16\n"
DIFFUSERS = "pretrained_model_name_or_path: x\ninstance_prompt: sks\n"
DIFFUSERS_TI = """pretrained_model_name_or_path: x
train_data_dir: ./cat
learnable_property: object
placeholder_token: <cat>
initializer_token: toy
max_train_steps: 3000
output_dir: out
"""
SIMPLE_TUNER_SET = json.dumps(
    [{"id": "a", "type": "local", "instance_data_dir": "x", "caption_strategy": "instanceprompt",
      "instance_prompt": "sks", "cache_dir_vae": "cache"}]
)  # fmt: skip
A1111_EMBEDDING = json.dumps(
    {"datetime": "x", "model_name": "m", "num_of_dataset_images": 3, "num_vectors_per_token": 1,
     "embedding_name": "e", "learn_rate": "0.005", "data_root": "d", "steps": 100}
)  # fmt: skip
A1111_HYPERNETWORK = json.dumps(
    {"datetime": "x", "model_name": "m", "hypernetwork_name": "h", "layer_structure": [1, 2, 1],
     "learn_rate": "0.00001", "batch_size": 1, "clip_grad_mode": "disabled", "steps": 100},
    indent=4,
)  # fmt: skip
COMFY = json.dumps({"last_node_id": 9, "last_link_id": 9, "nodes": [], "links": []})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", KOHYA, "kohya's trainer"),
        ("set.toml", KOHYA_SET, "kohya's trainer"),
        ("set.toml", KOHYA_SET.replace("\\\\", "\\").replace("'", '"'), "kohya's trainer"),
        ("preset.json", KOHYA_PRESET, "kohya's trainer"),
        ("#sd 1.5 LoRA.json", ONETRAINER, "a settings file of OneTrainer"),
        ("concepts.json", CONCEPTS, "a list of concepts of OneTrainer"),
        ("train.yaml", AI_TOOLKIT, "ai-toolkit"),
        ("config.json", SIMPLE_TUNER, "SimpleTuner"),
        ("default_config.yaml", ACCELERATE, "accelerate"),
        ("accelerate.yaml", f"{ACCELERATE}num_processes: 1\n", "a settings file of accelerate"),
        ("diffusers.yaml", DIFFUSERS, "a training script of diffusers"),
        ("inversion.yml", DIFFUSERS_TI, "a training script of diffusers"),
        ("backend.json", SIMPLE_TUNER_SET, "SimpleTuner"),
        ("settings-2024.json", A1111_EMBEDDING, "in AUTOMATIC1111"),
        ("settings-2023.json", A1111_HYPERNETWORK, "in AUTOMATIC1111"),
        ("workflow.json", COMFY, "a workflow of ComfyUI"),
    ],
)
def test_a_settings_file_of_another_program_is_called_by_its_name(tmp_path, name, text, said):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(SettingsOfAnother, match=said) as caught:
        config_file.read(tmp_path / name)
    assert name in caught.value.sentence


def test_a_settings_file_of_another_program_in_an_old_encoding_is_called_by_its_name(tmp_path):
    (tmp_path / "a.toml").write_bytes(f'{KOHYA}output_dir = "Модели"\n'.encode("cp1251"))
    with pytest.raises(SettingsOfAnother, match="kohya's trainer"):
        config_file.read(tmp_path / "a.toml")


def test_a_preset_of_another_program_is_called_by_its_name(tmp_path):
    (tmp_path / "a.json").write_text(ONETRAINER)
    with pytest.raises(user_presets.PresetUnreadable, match="a settings file of OneTrainer"):
        user_presets.load(tmp_path / "a.json")


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("base_model", ["starter", "runwayml/stable-diffusion-v1-5"])
def test_settings_of_imprint_are_never_taken_for_another_programs(kind, base_model, tmp_path):
    data = starting_point(kind, base_model, 10)
    data["dataset"] = {"folder": "x", "trigger": "zwx", "class_word": "toy"}
    assert program_of(json.dumps(data)) == ""
    config = config_file.require(data)
    assert isinstance(config, RunConfig)
    config_file.write(config, tmp_path / "config.json")
    assert config_file.require(config_file.read(tmp_path / "config.json")) == config


def test_a_file_that_nobody_knows_is_still_named_with_its_line(tmp_path):
    (tmp_path / "a.json").write_text('{\n "a": 1,\n "b" 2\n}')
    with pytest.raises(ConfigUnreadable, match="line 3"):
        config_file.read(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("learning_rate", "method.learning_rate"),
        ("seed", "training.seed"),
        ("resolution", "training.resolution"),
        ("trigger", "dataset.trigger"),
        ("training.learning_rate", "method.learning_rate"),
    ],
)
def test_a_setting_in_the_wrong_section_is_told_its_place(typed, meant):
    data = config_file.merge({"dataset": {"folder": "x"}}, config_file.nested(typed, 1))
    _, problems = config_file.check(data)
    assert [p.sentence for p in problems if p.field == typed] == [
        f"There is no setting {typed}. Did you mean {meant}?"
    ]
