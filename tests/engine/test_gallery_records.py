"""Pictures that were made, by their own text; and words that are weighed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from engine.emphasis import weigh
from engine.formats.png_text import save_png
from engine.gallery_records import Made, load_stars, matcher, not_set, read_made, save_stars
from engine.prompts import Tag
from engine.sampler import SampleSettings
from engine.samplers import SAMPLERS, sampler_called


def make(path, prompt="a fox, in the snow", seed=7, tags=(), image=None):
    settings = SampleSettings(
        prompt=prompt, negative_prompt="blur", seed=seed, width=96, height=64,
        num_inference_steps=12, guidance_scale=3.5,
    )  # fmt: skip
    save_png(path, image or Image.new("RGB", (96, 64)), settings, "my-model", tags)
    return path


def test_what_was_written_into_a_picture_is_read_back(tmp_path):
    tags = (Tag("lora", "my-cat", 0.8), Tag("hypernet", "net", 1.0))
    made = read_made(make(tmp_path / "00001_seed7.png", tags=tags))
    assert made.prompt == "a fox, in the snow"
    assert made.negative == "blur"
    assert (made.seed, made.steps, made.guidance) == (7, 12, 3.5)
    assert made.sampler == "DPM++ 2M"
    assert made.size == (96, 64)
    assert made.model == "my-model"
    assert made.addons == (("my-cat", 0.8), ("net", 1.0))
    assert made.has_text


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_picture_has_no_facts_and_raises_nothing(tmp_path, data):
    path = tmp_path / "x.png"
    path.write_bytes(data)
    assert read_made(path) == Made(path)
    assert read_made(tmp_path / "gone.png") == Made(tmp_path / "gone.png")


@pytest.mark.parametrize(
    ("seed", "read", "left_out"),
    [
        ("4294967295", 2**32 - 1, ()),
        ("9223372036854775807", 2**63 - 1, ()),
        ("9223372036854775808", None, ("Seed: 9223372036854775808",)),
        ("-1", None, ("Seed: -1",)),
    ],
)
def test_a_seed_is_read_where_imprint_can_draw_with_it(tmp_path, seed, read, left_out):
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", f"a fox\nSteps: 9, CFG scale: nan, Seed: {seed}")
    Image.new("RGB", (8, 8)).save(tmp_path / "x.png", pnginfo=info)
    made = read_made(tmp_path / "x.png")
    assert (made.seed, made.left_out, made.guidance) == (read, left_out, None)


def test_a_picture_without_a_text_has_none(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    assert not read_made(tmp_path / "plain.png").has_text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True), ("fox", True), ("FOX snow", True), ("dog", False), ("seed:7", True),
        ("seed:8", False), ("lora:cat", True), ("lora:dog", False), ("model:my", True),
        ("star", False), ('"in the', False), ("00001", True), ('"fox, in"', True),
    ],
)  # fmt: skip
def test_the_search_finds_by_words_seed_and_addon(tmp_path, query, found):
    made = read_made(make(tmp_path / "00001_seed7.png", tags=(Tag("lora", "my-cat", 1.0),)))
    assert matcher(query, set())(made) is found


def test_stars_lie_beside_the_pictures(tmp_path):
    save_stars(tmp_path, {"b.png", "a.png"})
    assert load_stars(tmp_path) == {"a.png", "b.png"}
    (tmp_path / "stars.json").write_text("{")
    assert load_stars(tmp_path) == set()


@pytest.mark.parametrize(
    ("text", "place", "steps", "after"),
    [
        ("a red cat", (3, 3), 1, "a (red:1.1) cat"),
        ("a (red:1.1) cat", (4, 4), 1, "a (red:1.2) cat"),
        ("a (red:1.1) cat", (4, 4), -1, "a red cat"),
        ("a red cat", (2, 9), 2, "a (red cat:1.2)"),
        ("a red cat", (6, 6), -3, "a red (cat:0.7)"),
        ("", (0, 0), 1, ""),
        ("a , b", (2, 2), 1, "a , b"),
    ],
)
def test_words_are_weighed_as_front_ends_write_it(text, place, steps, after):
    assert weigh(text, *place, steps)[0] == after


GOLDEN = json.loads((Path(__file__).parents[1] / "golden/sampler_names.json").read_text("utf-8"))


@pytest.mark.parametrize(("method", "schedule", "ours"), GOLDEN["known"])
def test_a_sampler_is_known_by_the_names_of_other_programs(method, schedule, ours):
    assert sampler_called(method, schedule) == ours


@pytest.mark.parametrize(("method", "schedule"), GOLDEN["unknown"])
def test_a_sampler_that_we_have_not_is_taken_for_no_other(method, schedule):
    assert sampler_called(method, schedule) is None


@pytest.mark.parametrize("name", SAMPLERS)
def test_each_sampler_comes_back_from_a_picture_of_ours(tmp_path, name):
    settings = SampleSettings(
        prompt="a cat", seed=3, width=64, height=64, sampler=name, clip_skip=2
    )
    tags = [Tag("lora", "mine", 0.5, 0.8), Tag("hypernet", "net", 1.0)]
    save_png(tmp_path / "a.png", Image.new("RGB", (64, 64)), settings, "model", tags)
    made = read_made(tmp_path / "a.png")
    assert (made.sampler, made.clip_skip, made.left_out) == (name, 2, ())
    assert made.tags == tuple(tags)
    assert made.prompt == "a cat"


def with_text(path: Path, text: str) -> Path:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", text)
    Image.new("RGB", (64, 64)).save(path, pnginfo=info)
    return path


def test_what_a_picture_says_and_we_cannot_do_is_named(tmp_path):
    text = (
        "cat <lora:x:0.5:0.7>\nSteps: 20, Sampler: DPM++ SDE, Schedule type: Karras, CFG scale: 7,"
        " Seed: 1, Size: 512x512, Model hash: abc, Model: dream, Clip skip: 2, RNG: NV,"
        ' Denoising strength: 0.7, Lora hashes: "x: 1", Version: v1.10.1'
    )
    made = read_made(with_text(tmp_path / "a.png", text))
    assert made.left_out == ("DPM++ SDE Karras", "RNG: NV", "Denoising strength: 0.7")
    assert not_set(made, "/models/other.safetensors")[0] == "Model: dream"
    assert not_set(made, "/models/dream.safetensors") == list(made.left_out)
    assert made.tags == (Tag("lora", "x", 0.5, 0.7),)


def test_a_picture_of_before_1_9_names_its_schedule_with_the_sampler(tmp_path):
    text = "cat\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1, Size: 512x512"
    made = read_made(with_text(tmp_path / "a.png", text))
    assert (made.sampler, made.left_out) == ("DPM++ 2M Karras", ())
