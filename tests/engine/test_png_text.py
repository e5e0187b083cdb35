"""The text inside pictures: read back by our own reader and by one that follows AUTOMATIC1111's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PIL import Image

from engine.formats.png_text import parameters, parse_parameters, read_parameters, save_png
from engine.prompts import Tag, split_tags
from engine.sampler import SampleSettings
from engine.samplers import SAMPLERS

PLAIN = SampleSettings(
    prompt="a cat",
    negative_prompt="blurry",
    seed=7,
    width=512,
    height=768,
    num_inference_steps=20,
    guidance_scale=7.5,
)


def pairs_of(line: str) -> list[tuple[str, str]]:
    """The `key: value` pairs of a line, by a scanner that knows no regular expressions.

    A key begins with a letter and goes on with letters, blanks, hyphens and slashes up to a
    colon; a value is a JSON string that ends before a comma, or goes up to the next comma.
    """
    found, rest = [], line
    while ":" in rest:
        key, _, rest = rest.partition(":")
        key = key[key.rfind(",") + 1 :].strip()
        rest = rest.lstrip()
        value, after = rest.partition(",")[::2]
        if rest.startswith('"'):
            text, end = json.JSONDecoder().raw_decode(rest)
            if rest[end : end + 1] in ("", ","):
                value, after = text, rest[end + 1 :]
        rest = after
        if len(key) > 1 and all(sign.isalnum() or sign in "_ -/" for sign in key):
            found.append((key, value))
    return found


def read_as_front_ends_do(text: str) -> dict[str, str]:
    """The last line is settings if it has three of them; the rest is prompts, line by line."""
    lines = text.strip().split("\n")
    pairs = pairs_of(lines[-1])
    if len(pairs) >= 3:
        lines = lines[:-1]
    else:
        pairs = []
    prompts = {False: "", True: ""}
    is_negative = False
    for line in map(str.strip, lines):
        if line.startswith("Negative prompt:"):
            is_negative = True
            line = line[16:].strip()  # noqa: PLW2901
        prompts[is_negative] += ("\n" if prompts[is_negative] else "") + line
    return {"Prompt": prompts[False], "Negative prompt": prompts[True], **dict(pairs)}


def told(settings: SampleSettings, model: str = "base", tags: tuple[Tag, ...] = ()) -> str:
    return parameters(settings, model, tags)


def test_the_text_is_what_automatic1111_writes():
    assert told(PLAIN, "v1-5", (Tag("lora", "tom", 0.8), Tag("hypernet", "anime"))) == (
        "a cat <lora:tom:0.8> <hypernet:anime:1>\n"
        "Negative prompt: blurry\n"
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: SGM Uniform, CFG scale: 7.5, Seed: 7, "
        "Size: 512x768, Model: v1-5, RNG: CPU, Version: Imprint"
    )


def test_what_was_not_used_is_not_named():
    text = told(replace(PLAIN, negative_prompt=""))
    assert "Negative" not in text
    assert "Clip skip" not in text
    assert "<" not in text
    assert ", Clip skip: 2, " in told(replace(PLAIN, clip_skip=2))


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("DPM++ 2M Karras", "Sampler: DPM++ 2M, Schedule type: Karras, "),
        ("Euler a", "Sampler: Euler a, Schedule type: Automatic, "),
        ("DDIM", "Sampler: DDIM, Schedule type: Automatic, "),
        ("UniPC", "Sampler: UniPC, Schedule type: Automatic, "),
    ],
)
def test_sampler_and_schedule_are_two_fields(name, spelling):
    assert spelling in told(replace(PLAIN, sampler=name))


def test_no_two_samplers_are_spelled_alike():
    spellings = {(entry.spelled_method, entry.schedule_type) for entry in SAMPLERS.values()}
    assert len(spellings) == len(SAMPLERS)


ODD_PROMPTS = [
    "",
    "a cat\nand a dog\n\non two lines",
    'he said "hello, world": loud',
    "(masterpiece:1.2), [blurry], a\\(b\\)",
    "一只猫，在街上: 夜晚",
    "Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1",
    "first line\nSteps: 3, Size: 1x1, Seed: 0, Model: no",
    "trailing comma, ",
    "emoji 🐈 and é",
    "not a Negative prompt: just words",
]


@pytest.mark.parametrize("reader", [parse_parameters, read_as_front_ends_do])
@pytest.mark.parametrize("negative", ["", *ODD_PROMPTS])
@pytest.mark.parametrize("prompt", ODD_PROMPTS)
def test_every_prompt_comes_back(prompt, negative, reader):
    found = reader(told(replace(PLAIN, prompt=prompt, negative_prompt=negative)))
    assert found["Prompt"] == prompt.strip()
    assert found["Negative prompt"] == negative.strip()
    assert found["Steps"] == "20"
    assert found["Seed"] == "7"


ODD_NAMES = [
    "v1-5-pruned",
    "a, b: c",
    "comma, at the end,",
    'with "quotes" inside',
    '"in quotes"',
    '"half',
    "two\nlines",
    "back\\slash, and: more",
    "我的模型：夏天",
    " blanks around ",
]


@pytest.mark.parametrize("reader", [parse_parameters, read_as_front_ends_do])
@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_field_comes_back_whatever_the_model_is_called(name, sampler, reader):
    settings = replace(PLAIN, sampler=sampler, clip_skip=2, seed=2**40)
    found = reader(told(settings, name))
    entry = SAMPLERS[sampler]
    size = {"Size-1": "512", "Size-2": "768"} if "Size-1" in found else {"Size": "512x768"}
    assert found == {
        "Prompt": "a cat",
        "Negative prompt": "blurry",
        "Steps": "20",
        "Sampler": entry.spelled_method,
        "Schedule type": entry.schedule_type,
        "CFG scale": "7.5",
        "Seed": str(2**40),
        **size,
        "Model": name,
        "Clip skip": "2",
        "RNG": "CPU",
        "Version": "Imprint",
    }


def test_tags_come_back_from_the_prompt():
    tags = [Tag("lora", "my cat", 0.35), Tag("hypernet", "夏", -1.0)]
    text, found = split_tags(parse_parameters(told(PLAIN, "m", tuple(tags)))["Prompt"])
    assert text.strip() == "a cat"
    assert found == tags


def test_a_text_of_another_program_is_read():
    found = parse_parameters(
        "a fox\nNegative prompt: bad\nStill bad\nSteps: 28, Sampler: Euler a, CFG scale: 6, "
        'Seed: 5, Size: 832x1216, Model hash: abc, Lora hashes: "x: 12, y: 34", Version: v1.10.1'
    )
    assert found["Negative prompt"] == "bad\nStill bad"
    assert found["Lora hashes"] == "x: 12, y: 34"
    assert (found["Size-1"], found["Size-2"]) == ("832", "1216")


def test_a_text_without_settings_is_all_prompt():
    assert parse_parameters("a cat\nSteps: 3, tail") == {
        "Prompt": "a cat\nSteps: 3, tail",
        "Negative prompt": "",
    }
    assert parse_parameters("") == {"Prompt": "", "Negative prompt": ""}


@pytest.mark.parametrize("prompt", ["a cat", "é only latin", "猫 🐈\n二"])
def test_the_text_lies_in_the_file_for_other_programs(tmp_path, prompt):
    path = tmp_path / "picture.png"
    settings = replace(PLAIN, prompt=prompt)
    save_png(path, Image.new("RGB", (8, 8), "red"), settings, "base", (Tag("lora", "tom", 1),))
    assert read_parameters(path) == told(settings, "base", (Tag("lora", "tom", 1),))
    with Image.open(path) as image:
        assert image.getpixel((0, 0)) == (255, 0, 0)
        assert prompt in image.text["parameters"]


def test_a_name_that_is_no_text_does_not_cost_the_picture(tmp_path):
    path = tmp_path / "picture.png"
    save_png(path, Image.new("RGB", (8, 8)), PLAIN, "b\udce9b\udcff", ())
    assert parse_parameters(read_parameters(path))["Model"] == "b?b?"


def test_a_picture_without_text_says_nothing(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "bare.png")
    assert read_parameters(tmp_path / "bare.png") == ""
