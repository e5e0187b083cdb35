"""`<lora:name:weight>` in a prompt is a file, of a run or a front end; else it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.addons import Addon, applied
from engine.control import Control
from engine.events import ImageGenerated, Noticed, RunFinished
from engine.formats.png_text import read_parameters
from engine.generate import GenerateRequest, ModelCache, generate
from engine.models.loader import load_model
from engine.prompt_notices import (
    AddonChangesNothing,
    OutputVectorsUnused,
    SyntaxNotDone,
    TagsUnknown,
)
from engine.prompts import Tag
from engine.sampler import SampleSettings
from engine.tagged import resolved
from tests.lora_forms import TEXT, Q, flat, kohya, pair, rand, save
from tests.method_matrix import base_weights

ONE = Tag("lora", "my-cat", 0.5)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """An empty home and an empty folder to be in."""
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(Path, "home", staticmethod(lambda: tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


def file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = kohya(f"lora_unet_{flat(Q)}", *pair(16, 16), 4.0)
    tensors |= kohya(f"lora_te_text_model_{flat(TEXT)}", *pair(32, 32), 4.0)
    return save(path.parent, tensors).rename(path)


def test_a_file_of_a_run_here_is_found_the_newest_first(tmp_path):
    import os

    old = file(tmp_path / "here/runs/a/exports/my-cat.safetensors")
    new = file(tmp_path / "here/runs/b/exports/My-Cat.safetensors")
    file(tmp_path / "here/runs/b/exports/.my-cat.safetensors")
    os.utime(old.parents[1], (1, 1))
    addons, unknown = resolved([ONE], ())
    assert (addons, unknown) == ((Addon(new.relative_to(tmp_path / "here"), 0.5),), [])


def test_a_file_of_a_front_end_is_found_in_its_own_folder(home):
    webui = home / "stable-diffusion-webui"
    (webui / "modules").mkdir(parents=True)
    (webui / "extensions-builtin").mkdir()
    (webui / "webui.py").touch()
    path = file(webui / "models/Lora/deep/my-cat.safetensors")
    assert resolved([Tag("lora", "my-cat", 0.5, 0.8)], ()) == ((Addon(path, 0.5, 0.8),), [])
    assert resolved([Tag("hypernet", "my-cat", 1.0)], ())[0] == ()


def test_a_file_that_was_given_takes_the_weight_of_its_tag_and_is_not_applied_twice(tmp_path):
    path = file(tmp_path / "my-cat.safetensors")
    assert resolved([ONE], (Addon(path, 1.0),)) == ((Addon(path, 0.5),), [])


@pytest.mark.parametrize("tag", [ONE, Tag("hypernet", "x"), Tag("wildcard", "my-cat")])
def test_a_tag_of_nothing_is_given_back(tag):
    assert resolved([tag], ()) == ((), [tag])


def drawn(base: Path, prompt: str, folder: Path, *addons: Addon, **more):
    settings = SampleSettings(
        prompt=prompt, width=32, height=32, num_inference_steps=1, guidance_scale=1.0, **more
    )
    request = GenerateRequest(base_model=str(base), addons=addons, settings=settings, folder=folder)
    events = list(generate(request, Control(), CACHE))
    assert isinstance(events[-1], RunFinished), events[-1]
    (path,) = [event.path for event in events if isinstance(event, ImageGenerated)]
    return Path(path), [event.notice for event in events if isinstance(event, Noticed)]


CACHE = ModelCache()


def pixels(path: Path) -> bytes:
    from PIL import Image

    with Image.open(path) as image:
        return image.tobytes()


def test_a_tag_in_the_prompt_draws_as_the_file_does_that_it_names(tiny_folder, tmp_path):
    path = file(tmp_path / "here/runs/a/exports/my-cat.safetensors")
    by_tag, said = drawn(tiny_folder, "a cat <lora:my-cat:0.5>", tmp_path / "1")
    by_file, _ = drawn(tiny_folder, "a cat", tmp_path / "2", Addon(path, 0.5))
    plain, _ = drawn(tiny_folder, "a cat", tmp_path / "3")
    assert said == []
    assert pixels(by_tag) == pixels(by_file) != pixels(plain)
    assert read_parameters(by_tag) == read_parameters(by_file)
    assert read_parameters(by_tag).startswith("a cat <lora:my-cat:0.5>\n")


def test_a_tag_that_names_nothing_is_said_and_neither_drawn_nor_written(tiny_folder, tmp_path):
    tagged, said = drawn(tiny_folder, "a cat <lora:nothing-here:0.8>", tmp_path / "1")
    plain, _ = drawn(tiny_folder, "a cat", tmp_path / "2")
    (notice,) = said
    assert isinstance(notice, TagsUnknown)
    assert "<lora:nothing-here:0.8>" in str(notice)
    assert pixels(tagged) == pixels(plain)
    assert read_parameters(tagged) == read_parameters(plain)


def test_prompt_editing_is_said_not_to_be_done(tiny_folder, tmp_path):
    _, said = drawn(tiny_folder, "[a cat:a dog:0.5]", tmp_path, negative_prompt="a {x|y}")
    (notice,) = said
    assert isinstance(notice, SyntaxNotDone)
    assert "[a cat:a dog:0.5], {x|y}" in str(notice)
    assert "AND, wildcards and {a|b}" in str(notice)


def test_output_vectors_that_are_not_used_are_said(tiny_folder, tmp_path):
    path = save(tmp_path, {"emb_params": rand(2, 32), "emp_params_out": rand(2, 32) + 1})
    _, said = drawn(tiny_folder, "a addon", tmp_path / "1", Addon(path))
    (notice,) = said
    assert isinstance(notice, OutputVectorsUnused)


@pytest.mark.parametrize(
    ("zeroed", "is_said"),
    [(("alpha",), True), (("lora_up.weight",), True), (("lora_down.weight",), True), ((), False)],
)
def test_a_file_that_changes_nothing_is_said(tiny_folder, tmp_path, zeroed, is_said):
    layers = kohya(f"lora_unet_{flat(Q)}", *pair(16, 16), 4.0)
    layers |= kohya(f"lora_te_text_model_{flat(TEXT)}", *pair(32, 32), 4.0)
    tensors = {k: t * 0 if k.endswith(zeroed) else t for k, t in layers.items()}
    used, said = drawn(tiny_folder, "a cat", tmp_path / "1", Addon(save(tmp_path, tensors)))
    assert [type(notice) for notice in said] == [AddonChangesNothing] * is_said
    plain, _ = drawn(tiny_folder, "a cat", tmp_path / "2")
    assert (pixels(used) == pixels(plain)) == is_said


def test_two_weights_are_one_for_the_text_encoder_and_one_for_the_unet(tiny_folder, tmp_path):
    model = load_model(str(tiny_folder))
    path = file(tmp_path / "my-cat.safetensors")
    before = base_weights(model)

    def changes(addon: Addon) -> dict[str, torch.Tensor]:
        with applied(model, [addon]):
            return {n: t - before[n] for n, t in base_weights(model).items()}

    both, split = changes(Addon(path, 1.0)), changes(Addon(path, 0.5, 2.0))
    for name, factor in ((f"unet.{Q}.weight", 2.0), (f"text_encoder.{TEXT}.weight", 0.5)):
        torch.testing.assert_close(split[name], factor * both[name], atol=1e-6, rtol=1e-4)
