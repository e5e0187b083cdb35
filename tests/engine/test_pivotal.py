"""A new word and an add-on in one run: two files, each with its own rate and time to learn."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import checkpoint
from engine.config_file import check
from engine.formats.reading import read_result
from engine.methods.base import Method, Subject
from engine.methods.lora.method import Lora
from engine.methods.lora.pivotal import build
from engine.methods.lora.settings import LoraSettings
from engine.models.loader import load_model
from engine.prompt_check import missing_words
from engine.word_notices import WordFileMissing
from tests.engine_runs import newest_weights, require_finished, tiny_run, train
from tests.method_matrix import base_weights, outputs, same

PIVOTAL = {"kind": "lora", "rank": 2, "word_vectors": 2, "word_learning_rate": 0.1}


def attached(folder) -> tuple[Method, object]:
    model = load_model(str(folder))
    settings = LoraSettings(**{key: value for key, value in PIVOTAL.items() if key != "kind"})
    method = build(settings, Subject("zwx", "toy"))
    method.attach(model)
    return method, model


def test_without_vectors_for_a_word_it_is_plain_lora():
    assert type(build(LoraSettings(), Subject())) is Lora


def test_everything_that_learns_has_a_gradient_switch_and_the_base_has_none(tiny_folder):
    method, model = attached(tiny_folder)
    learning = {id(p) for group in method.parameter_groups() for p in group.parameters}
    assert {id(p) for _, p in method.named_parameters()} == learning
    assert all(p.requires_grad for _, p in method.named_parameters())
    for part in model.parts():
        for parameter in part.module.parameters():
            assert parameter.requires_grad is (id(parameter) in learning)


def test_the_first_rate_shown_is_the_add_ons(tiny_folder):
    method, _ = attached(tiny_folder)
    assert [group.name for group in method.parameter_groups()] == ["unet", "words"]


def test_it_leaves_an_add_on_and_an_embedding_unasked(tiny_folder, pictures_folder, tmp_path):
    trained = require_finished(
        train(tiny_run(tiny_folder, pictures_folder, tmp_path, method=PIVOTAL))
    )
    names = [Path(path).name for path in trained.last.exports]
    assert len(names) == 2
    assert "zwx.safetensors" in names


@pytest.mark.parametrize("form", ["kohya", "diffusers"])
def test_drawing_without_the_words_file_says_that_it_is_missing(
    tiny_folder, pictures_folder, tmp_path, form
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path / "runs", method=PIVOTAL,
        export={"formats": [form, "embedding"]},
    )  # fmt: skip
    files = [Path(path) for path in require_finished(train(data)).last.exports]
    (lora,) = [file for file in files if file.stem != "zwx"]
    assert [str(note) for note in missing_words(["a zwx toy"], files)] == []
    (note,) = missing_words(["a zwx toy"], [lora])
    assert isinstance(note, WordFileMissing)
    assert f"{lora.name} was trained together with the embedding zwx" in str(note)


def test_a_run_named_like_its_word_still_leaves_two_files(tiny_folder, pictures_folder, tmp_path):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, method=PIVOTAL, name="ZWX")
    trained = require_finished(train(data))
    assert sorted(Path(path).name for path in trained.last.exports) == [
        "zwx-adapter.safetensors", "zwx.safetensors"
    ]  # fmt: skip
    kinds = [type(read_result(Path(p), load_model(str(tiny_folder)))) for p in trained.last.exports]
    assert len(set(kinds)) == 2


def test_the_word_stands_still_after_its_share_and_the_add_on_learns_on(
    tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, method=PIVOTAL | {"text_until": 1 / 3},
        training={"steps": 6}, checkpoints={"every_steps": 2, "keep": 9},
    )  # fmt: skip
    folder = require_finished(train(data)).folder
    early, middle, late = (checkpoint.load_step(folder.path, step).weights for step in (2, 4, 6))
    word = {name for name in late if name.endswith(".vectors")}
    assert word
    for name in late:
        assert early[name].equal(late[name]) is (name in word)
        assert middle[name].equal(late[name]) is (name in word)


def test_inside_base_model_neither_the_word_nor_the_add_on_is_there(tiny_folder):
    bare = load_model(str(tiny_folder))
    method, model = attached(tiny_folder)
    for name, parameter in method.named_parameters():
        parameter.data += 0.1 if "lora" not in name else 0.01
    assert not same(outputs(model, "a zwx"), outputs(bare, "a zwx"))
    with method.base_model():
        assert same(outputs(model, "a zwx"), outputs(bare, "a zwx"))
    assert same(base_weights(model), base_weights(bare))


def test_either_file_can_be_gone_on_from(tiny_folder, pictures_folder, tmp_path):
    first = require_finished(
        train(tiny_run(tiny_folder, pictures_folder, tmp_path, method=PIVOTAL))
    )
    learnt = newest_weights(first.folder)
    for path in map(Path, first.last.exports):
        method, model = attached(tiny_folder)
        fresh = {name: p.detach().clone() for name, p in method.named_parameters()}
        method.adopt(read_result(path, model))
        taken = {n for n, p in method.named_parameters() if not p.equal(fresh[n])}
        is_word = path.stem == "zwx"
        assert taken
        assert all(("vectors" in name) is is_word for name in taken)
        for name, parameter in method.named_parameters():
            if name in taken:
                assert parameter.sub(learnt[name]).abs().max() < 1e-3


def test_a_result_of_neither_kind_is_refused(tiny_folder):
    method, _ = attached(tiny_folder)
    with pytest.raises(ValueError, match="cannot start from"):
        method.adopt(object())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"method": PIVOTAL | {"algorithm": "dora"}}, "method.word_vectors"),
        ({"method": PIVOTAL, "dataset": {"trigger": ""}}, "dataset.trigger"),
    ],
)
def test_what_cannot_be_is_said_before_the_start(
    tiny_folder, pictures_folder, tmp_path, change, field
):
    config, problems = check(tiny_run(tiny_folder, pictures_folder, tmp_path, **change))
    assert config is None
    assert [problem.field for problem in problems] == [field]
