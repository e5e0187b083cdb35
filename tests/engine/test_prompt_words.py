"""What to write in the prompts of other programs, for every kind of file."""

from __future__ import annotations

import pytest

from engine.cli import main
from engine.config_file import require
from engine.prompt_words import in_prompts, of_run
from engine.trigger import needs_blanks
from tests.conftest import draw_pictures
from tests.engine_runs import require_finished, stop_after, tiny_run, train
from tests.words_table import METHODS


def config(method: dict, trigger: str = "zwx", *, has_begun: bool = False):
    dataset = {"folder": "x", "trigger": trigger, "class_word": "cat"}
    return require({"method": method, "dataset": dataset}, has_begun=has_begun)


@pytest.mark.parametrize(
    ("method", "export", "parts"),
    [
        ("textual inversion", "zwx.safetensors", ["write zwx (", "embedding:zwx", "<zwx>"]),
        ("textual inversion", "zwx.pt", ["write zwx (", "token=zwx"]),
        ("lora with a word", "zwx.safetensors", ["embedding:zwx"]),
        ("lora with a word", "toy.safetensors", ["write zwx cat", "<lora:toy:0.8>"]),
        ("lora", "toy.safetensors", ["write zwx cat", "<lora:toy:0.8>"]),
        ("lora", "toy-model.safetensors", ["checkpoint", "write zwx cat"]),
        ("hypernetwork", "toy.pt", ["write zwx cat", "<hypernet:toy:1>"]),
        ("dreambooth", "toy-model.safetensors", ["checkpoint", "write zwx cat"]),
        ("dreambooth", "toy-diffusers-model", ["checkpoint", "write zwx cat"]),
    ],
)
def test_each_file_has_a_sentence_with_the_words_of_each_program(method, export, parts):
    (sentence,) = in_prompts(config(METHODS[method]), [export])
    assert sentence.startswith(f"{export}: ")
    for part in parts:
        assert part in sentence


def test_a_word_of_a_script_without_blanks_is_said_to_need_them_elsewhere():
    method = METHODS["textual inversion"]
    words, blanks = in_prompts(config(method, "我的猫"), ["我的猫.safetensors"])
    assert "embedding:我的猫" in words
    assert "blank or a comma before and after 我的猫" in blanks
    assert needs_blanks("내고양이")
    assert not needs_blanks("мойкот")


def test_an_old_run_says_its_files_name_and_not_its_trigger():
    old = config(METHODS["textual inversion"], "my old cat", has_begun=True)
    (sentence,) = in_prompts(old, ["my-old-cat.safetensors"])
    assert "write my-old-cat (" in sentence


def test_without_a_trigger_nothing_is_made_up():
    plain = require({"method": METHODS["lora"], "dataset": {"folder": "x"}})
    (sentence,) = in_prompts(plain, ["toy.safetensors"])
    assert "write what you like" in sentence


def test_the_terminal_says_it_at_the_end(tiny_folder, tmp_path, capsys):
    pictures = draw_pictures(tmp_path / "pictures")
    code = main(
        [
            "train", "--images", str(pictures), "--trigger", "我的猫", "--base", str(tiny_folder),
            "--method", "textual_inversion", "--steps", "2", "--out", str(tmp_path / "runs"),
            "--set", "training.resolution=32", "--set", "sampling.every_steps=0",
            "--set", "training.device=cpu", "--set", "evaluation.enabled=false",
        ]
    )  # fmt: skip
    assert code == 0
    out = capsys.readouterr().out
    assert "embedding:我的猫" in out
    assert "before and after 我的猫" in out


def test_a_run_whose_records_are_gone_says_nothing(tiny_folder, tmp_path):
    pictures = draw_pictures(tmp_path / "pictures")
    data = tiny_run(tiny_folder, pictures, tmp_path / "runs", method=METHODS["textual inversion"])
    folder = require_finished(train(data, stop_after(1))).folder
    assert of_run(folder)
    folder.result.unlink()
    assert of_run(folder) == []
