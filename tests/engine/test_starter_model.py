"""The bundled model and sample: whole, small, honest about what was held out, and at work."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.control import Control
from engine.events import ImageGenerated
from engine.generate import GenerateRequest, default_settings, generate
from engine.models.catalog import STARTER_FOLDER
from engine.sample_project import FOLDER as SAMPLE

ROOT = Path(__file__).parents[2]


def load_recipe():
    """packaging/ is no package, and must not become one; see test_architecture."""
    spec = importlib.util.spec_from_file_location(
        "starter_recipe", ROOT / "packaging/starter_model/recipe.py"
    )
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


recipe = load_recipe()


def test_the_bundle_takes_at_most_sixty_megabytes_in_pieces_of_at_most_sixteen():
    sizes = [path.stat().st_size for path in STARTER_FOLDER.rglob("*") if path.is_file()]
    assert sum(sizes) <= 60e6
    assert max(sizes) <= 16 * 2**20


@pytest.mark.parametrize(
    "name",
    [
        "cat-face", "black-cat", "weary-cat", "cat-with-tears-of-joy", "monkey-face",
        "see-no-evil-monkey", "three-wise-monkeys",
    ],
)  # fmt: skip
def test_the_characters_of_the_sample_are_held_out(name):
    assert recipe.is_held_out(name)


@pytest.mark.parametrize("name", ["cat", "monkey", "identification-card", "tiger-face"])
def test_the_class_words_and_other_names_with_cat_in_them_are_not_held_out(name):
    assert not recipe.is_held_out(name)


def test_no_held_out_icon_is_among_the_subjects():
    assert len(set(recipe.FIRST_SUBJECTS)) >= 40
    assert not any(recipe.is_held_out(name) for name in recipe.FIRST_SUBJECTS)


def test_the_reference_pictures_are_not_among_those_trained_on():
    trained = {path.stem for path in (SAMPLE / "images").glob("*.png")}
    reference = {path.stem for path in (SAMPLE / "reference").glob("*.png")}
    assert len(trained) == 6
    assert reference == set(recipe.REFERENCE_POSES)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in SAMPLE.rglob("*.png")]
    assert len(set(digests)) == 10
    assert trained.isdisjoint(reference)


def test_the_card_tells_the_measured_figures():
    figures = json.loads((STARTER_FOLDER / "figures.json").read_text("utf-8"))
    card = (STARTER_FOLDER / "MODEL_CARD.md").read_text("utf-8")
    assert f"| right subject | {figures['subject']:.0%} |" in card
    assert f"| {figures['psnr_icons']:.1f} dB |" in card
    assert figures["subject"] > 5 * figures["subject_chance"]
    assert figures["style"] > figures["style_chance"]


def test_diffusers_itself_opens_the_folder():
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(STARTER_FOLDER, local_files_only=True)
    tokens = pipeline.tokenizer("a photo of a cat").input_ids
    assert tokens == [49406, 320, 1125, 539, 320, 2368, 49407]
    assert pipeline.vae.config.scaling_factor == 0.18215


@pytest.mark.parametrize("colour", ["white", "blue", "red"])
def test_a_picture_has_the_background_that_the_prompt_asks_for(tmp_path, colour):
    torch.set_num_threads(1)
    prompt = f"a noto emoji of a bear on a {colour} background"
    request = GenerateRequest(settings=default_settings("starter", prompt), folder=tmp_path)
    made = [e for e in generate(request, Control()) if isinstance(e, ImageGenerated)]
    with Image.open(made[0].path) as image:
        corners = [image.getpixel((x, y)) for x in (1, 62) for y in (1, 62)]
    wanted = recipe.BACKGROUNDS[colour]
    errors = [abs(a - b) for corner in corners for a, b in zip(corner, wanted, strict=True)]
    assert sum(errors) / len(errors) < 40
