"""Any mix of add-ons on a model, each at its strength, and the model as it was afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch

from engine.addon_errors import AddonForOtherFamily, EmbeddingHalf, EmbeddingWeighed, WordTwice
from engine.addons import Addon
from engine.control import Control
from engine.errors import HypernetworkDoesNotFit
from engine.events import Heartbeat, ImageGenerated, Noticed, RunFailed, RunFinished
from engine.formats.png_text import parse_parameters, read_parameters
from engine.generate import (
    GenerateRequest,
    ModelCache,
    default_settings,
    dressed,
    generate,
    read_addons,
    request_from,
)
from engine.models.loader import load_model
from engine.sampler import SampleSettings
from tests.conftest import draw_pictures
from tests.engine_runs import require_finished, tiny_run, train
from tests.method_matrix import SHOWN, base_weights, outputs, same

METHODS = {
    "lora": {"kind": "lora", "rank": 4, "learning_rate": 3e-2},
    "embedding": {"kind": "textual_inversion", "learning_rate": 0.5},
    "hypernetwork": {"kind": "hypernetwork", "learning_rate": 3e-2},
    "model": {"kind": "dreambooth", "learning_rate": 1e-3, "prior_weight": 0},
}


@pytest.fixture(scope="module")
def trained(tiny_folder, tmp_path_factory) -> dict[str, Path]:
    """One file of each kind, taught to the same base model."""
    folder = tmp_path_factory.mktemp("add-ons")
    pictures = draw_pictures(folder / "pictures")
    files = {}
    for name, method in METHODS.items():
        data = tiny_run(
            tiny_folder, pictures, folder / "runs" / name, method=method, training={"steps": 8},
            checkpoints={"every_steps": 0},
            export={"formats": ["diffusers_folder"] if name == "model" else []},
        )  # fmt: skip
        files[name] = Path(require_finished(train(data)).last.exports[0])
    return files


KINDS = ("lora", "embedding", "hypernetwork")


def test_each_kind_is_known_by_what_is_in_the_file_and_all_work_together(trained, tiny_folder):
    model = load_model(str(tiny_folder))
    bare, weights = outputs(model, SHOWN), base_weights(model)
    alone = {}
    for kind in KINDS:
        with dressed(model, [Addon(trained[kind])]):
            alone[kind] = outputs(model, SHOWN)
        assert not same(alone[kind], bare), kind
        assert same(outputs(model, SHOWN), bare)
    halved = [Addon(trained[kind], 1.0 if kind == "embedding" else 0.5) for kind in KINDS]
    with dressed(model, halved) as tags:
        together = outputs(model, SHOWN)
    assert [str(tag) for tag in tags] == ["<lora:toy:0.5>", "<hypernet:toy:0.5>"]
    assert all(not torch.equal(together["unet"], other["unet"]) for other in alone.values())
    assert same(outputs(model, SHOWN), bare)
    assert same(base_weights(model), weights)


def test_strength_zero_of_a_lora_or_hypernetwork_changes_nothing(trained, tiny_folder):
    model = load_model(str(tiny_folder))
    bare = outputs(model, SHOWN)
    with dressed(model, [Addon(trained["lora"], 0.0), Addon(trained["hypernetwork"], 0.0)]):
        assert same(outputs(model, SHOWN), bare)


def test_a_dreambooth_model_takes_the_place_of_the_base_and_wears_add_ons_too(
    trained, tiny_folder, tmp_path
):
    request = GenerateRequest(
        base_model=str(trained["model"]),
        addons=tuple(Addon(trained[kind]) for kind in KINDS),
        settings=SampleSettings(prompt=SHOWN, width=32, height=32, num_inference_steps=2),
        count=2,
        folder=tmp_path,
    )
    events = list(generate(request, Control()))
    assert isinstance(events[-1], RunFinished), events[-1]
    pictures = [Path(e.path) for e in events if isinstance(e, ImageGenerated)]
    assert len(pictures) == 2
    told = parse_parameters(read_parameters(pictures[0]))
    assert told["Prompt"] == f"{SHOWN} <lora:toy:1> <hypernet:toy:1>"
    assert told["Model"] == trained["model"].stem


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("lora", AddonForOtherFamily),
        ("embedding", EmbeddingHalf),
        ("hypernetwork", HypernetworkDoesNotFit),
    ],
)
def test_a_file_for_another_family_is_refused_and_the_model_is_left_as_it_was(
    trained, tiny_sdxl_folder, kind, error
):
    model = load_model(str(tiny_sdxl_folder))
    bare = outputs(model)
    with pytest.raises(error):
        with dressed(model, [Addon(trained[kind])]):
            pass
    assert same(outputs(model), bare)


def test_a_file_that_is_not_there_ends_in_a_sentence(tiny_folder, tmp_path):
    request = GenerateRequest(
        base_model=str(tiny_folder),
        addons=(Addon(tmp_path / "none.safetensors"),),
        settings=default_settings(str(tiny_folder), "a"),
        folder=tmp_path,
    )
    (*_, last) = generate(request, Control())
    assert isinstance(last, RunFailed)
    assert "none.safetensors" in str(last.error)


def test_the_gallerys_wish_becomes_a_request(trained, tiny_folder, tmp_path):
    wish = {
        "prompt": "a", "base_model": str(tiny_folder), "addons": [(str(trained["lora"]), 0.7)],
        "seed": 3, "count": 2, "folder": str(tmp_path), "guidance_scale": 5.0, "sampler": None,
    }  # fmt: skip
    request = request_from(wish)
    assert request.addons == (Addon(trained["lora"], 0.7),)
    assert (request.settings.seed, request.count) == (3, 2)
    assert request.settings.guidance_scale == 5.0
    assert request.settings.sampler == default_settings(str(tiny_folder), "a").sampler
    assert request_from(wish | {"addons": []}).addons == ()


def test_a_folder_draws_at_the_size_that_its_own_configs_say(tiny_folder):
    assert default_settings("starter", "a").width == 64
    assert default_settings(str(tiny_folder), "a").height == 16  # 8 latents, halved once


def test_a_picture_is_given_up_between_two_of_its_steps(trained, tiny_folder, tmp_path):
    settings = SampleSettings(prompt="a", width=16, height=16, num_inference_steps=30)
    request = GenerateRequest(
        base_model=str(tiny_folder), addons=(Addon(trained["lora"]),), settings=settings, count=2,
        folder=tmp_path,
    )  # fmt: skip
    control, models = Control(), ModelCache()
    beats = 0
    events = []
    for event in generate(request, control, models):
        events.append(event)
        beats += isinstance(event, Heartbeat)
        if beats == 5:
            control.stop()
    assert beats == 5
    assert events[-1] == RunFinished(steps=0, stopped_early=True, exports=())
    assert list(tmp_path.glob("*.png")) == []
    model, _ = models.get(str(tiny_folder))
    assert same(outputs(model, SHOWN), outputs(load_model(str(tiny_folder)), SHOWN))


def test_what_is_stopped_before_its_turn_loads_no_model(tiny_folder, tmp_path):
    control = Control()
    control.stop()
    settings = SampleSettings(prompt="a")
    request = GenerateRequest(
        base_model="nowhere", addons=(), settings=settings, count=1, folder=tmp_path
    )
    (event,) = generate(request, control)
    assert event == RunFinished(steps=0, stopped_early=True, exports=())


def an_embedding(path: Path, value: float) -> Path:
    """For the tiny model, whose text is 32 wide."""
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file({"emb_params": torch.full((1, 32), value)}, path)
    return path


@pytest.mark.parametrize("second", ["sks.safetensors", "SKS.safetensors"])
def test_two_embeddings_of_one_word_are_refused_with_both_files(tiny_folder, tmp_path, second):
    files = [
        an_embedding(tmp_path / "a" / "sks.safetensors", 0.1),
        an_embedding(tmp_path / "b" / second, 0.2),
    ]
    settings = SampleSettings(prompt="a sks", width=16, height=16, num_inference_steps=2)
    request = GenerateRequest(
        base_model=str(tiny_folder), addons=tuple(map(Addon, files)), settings=settings,
        folder=tmp_path / "out",
    )  # fmt: skip
    (*_, last) = generate(request, Control())
    assert isinstance(last, RunFailed)
    assert isinstance(last.error, WordTwice)
    assert all(str(file) in str(last.error) for file in files)
    assert not list((tmp_path / "out").glob("*.png"))


def test_the_same_embedding_given_twice_is_one(tiny_folder, tmp_path):
    files = [an_embedding(tmp_path / name / "sks.safetensors", 0.1) for name in ("a", "b")]
    model = load_model(str(tiny_folder))
    with dressed(model, [Addon(files[0])]):
        alone = outputs(model, "a sks")
    with dressed(model, [Addon(file) for file in files]):
        assert same(outputs(model, "a sks"), alone)


def said_of(base: Path, file: Path, prompt: str, out: Path) -> list[str]:
    settings = SampleSettings(prompt=prompt, width=16, height=16, num_inference_steps=1)
    request = GenerateRequest(
        base_model=str(base), addons=(Addon(file),), settings=settings, folder=out
    )
    (*events, last) = generate(request, Control())
    assert isinstance(last, RunFinished), last
    return [str(event.notice) for event in events if isinstance(event, Noticed)]


@pytest.mark.parametrize(
    ("word", "written"), [("zwx (1)", r"zwx \(1\)"), ("(sks2)", r"\(sks2\)"), ("[a]", r"\[a\]")]
)
def test_an_embedding_with_brackets_in_its_name_is_called_as_the_note_says(
    tiny_folder, tmp_path, word, written
):
    file = an_embedding(tmp_path / f"{word}.safetensors", 0.1)
    (note,) = said_of(tiny_folder, file, f"a {word}", tmp_path / "out")
    assert f"Write {written} into the prompt" in note
    assert "does not contain" not in note
    assert said_of(tiny_folder, file, f"a {written}", tmp_path / "out") == []
    model = load_model(str(tiny_folder))
    model.teach_word(word, {"text_encoder": torch.full((1, 32), 0.1)})
    called = model.encode_prompts([f"a {written}"], emphasis=True)
    model.forget_word(word)
    assert not torch.equal(
        called.tokens, model.encode_prompts([f"a {written}"], emphasis=True).tokens
    )


def test_an_embedding_that_no_prompt_can_call_is_to_be_renamed(tiny_folder, tmp_path):
    file = an_embedding(tmp_path / "BREAK.safetensors", 0.1)
    (note,) = said_of(tiny_folder, file, "a BREAK", tmp_path / "out")
    assert "no prompt can call it. Rename the file" in note


@pytest.mark.parametrize("weight", [0.1, 0.0, -1.0])
def test_a_weight_of_an_embedding_is_refused_with_what_to_write(tiny_folder, tmp_path, weight):
    file = an_embedding(tmp_path / "sks (1).safetensors", 0.1)
    model = load_model(str(tiny_folder))
    with pytest.raises(EmbeddingWeighed) as refused:
        read_addons(model, [Addon.parse(f"{file}:{weight}")])
    assert rf"write (sks \(1\):{weight:g}) in the prompt" in str(refused.value)
    assert read_addons(model, [Addon.parse(f"{file}:1")])
