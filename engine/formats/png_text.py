"""PNG with the `parameters` text that AUTOMATIC1111 1.10 writes and every front end reads.

Prompt, negative prompt, and a last line of `key: value` pairs. Lines lose the blanks around them
when the text is read, and a line of the prompt that begins with "Negative prompt:" is taken for
one: that is how the form is, in every program that reads it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from engine.formats.sealed_png import sealed_png, write_sealed
from engine.json_reading import NotParsed, parse_json
from engine.plain_text import MOST_CHARACTERS, whole_characters
from engine.prompts import Tag
from engine.regular_files import opened
from engine.samplers import SAMPLERS

if TYPE_CHECKING:
    from engine.sampler import SampleSettings

LONGEST_KEY = 60
_NEGATIVE = "Negative prompt:"
# A value is a JSON string up to the comma, or whatever stands before the comma.
_STRING = r'"(?:[^"\\]|\\.)++"(?=,|$)'
_PAIR = re.compile(rf"(?P<key>\w[\w /-]{{1,{LONGEST_KEY}}}): *(?P<value>{_STRING}|[^,]*)")
_SIZE = re.compile(r"([0-9]{1,9})x([0-9]{1,9})")
_FEWEST_PAIRS = 3  # a last line with fewer is still prompt


def parameters(settings: SampleSettings, model: str, tags: Sequence[Tag]) -> str:
    """Prompt with `<lora:name:weight>`, negative prompt, then one line of settings.

    Names only, never a path. Noise is drawn on the CPU, and the text says so: AUTOMATIC1111 then
    draws the same.
    """
    lines = [" ".join([settings.prompt, *map(str, tags)])]
    if settings.negative_prompt:
        lines.append(f"{_NEGATIVE} {settings.negative_prompt}")
    sampler = SAMPLERS[settings.sampler]
    pairs = {
        "Steps": settings.num_inference_steps,
        "Sampler": sampler.spelled_method,
        "Schedule type": sampler.schedule_type,
        "CFG scale": f"{settings.guidance_scale:g}",
        "Seed": settings.seed,
        "Size": f"{settings.width}x{settings.height}",
        "Model": model,
        "Clip skip": settings.clip_skip if settings.clip_skip > 1 else None,
        "RNG": "CPU",
        "Version": "Imprint",
    }
    told = (f"{key}: {_quoted(str(value))}" for key, value in pairs.items() if value is not None)
    lines.append(", ".join(told))
    # A file name may hold bytes that are no text; they must not cost the picture.
    return whole_characters("\n".join(lines).strip())


def parse_parameters(text: str) -> dict[str, str]:
    """What `parameters` wrote, by AUTOMATIC1111's names.

    "Prompt" (its tags still in it) and "Negative prompt" are always there, empty if need be;
    "Size" comes as "Size-1" and "Size-2". A text of more than MOST_CHARACTERS is ignored: what
    programs write is far shorter.
    """
    if len(text) > MOST_CHARACTERS:
        text = ""
    *lines, last = text.strip().split("\n")
    pairs = [(match["key"], match["value"]) for match in _PAIR.finditer(last)]
    if len(pairs) < _FEWEST_PAIRS:
        lines, pairs = [*lines, last], []
    found = _prompts(line.strip() for line in lines)
    for key, quoted in pairs:
        value = _unquoted(quoted)
        size = _SIZE.fullmatch(value)
        if size is None:
            found[key] = value
        else:
            found[f"{key}-1"], found[f"{key}-2"] = size.groups()
    return found


def save_png(
    path: Path,
    image: Image.Image,
    settings: SampleSettings,
    model: str,
    tags: Sequence[Tag],
) -> None:
    """Raises DiskFull, LinkInTheWay or OutputNotWritable."""
    write_sealed(path, png_bytes(image, settings, model, tags))


def png_bytes(
    image: Image.Image, settings: SampleSettings, model: str, tags: Sequence[Tag]
) -> bytes:
    """A PNG that says how it was drawn."""
    return sealed_png(image, {"parameters": parameters(settings, model, tags)})


def read_parameters(path: Path) -> str:
    """The `parameters` text; empty where there is none."""
    with opened(path) as file, Image.open(file, formats=["PNG"]) as image:
        return str(image.info.get("parameters", ""))


def _prompts(lines: Iterable[str]) -> dict[str, str]:
    """Lines up to the first that says "Negative prompt:", and those from there on."""
    found: dict[str, list[str]] = {"Prompt": [], "Negative prompt": []}
    side = "Prompt"
    for line in lines:
        if line.startswith(_NEGATIVE):
            side = "Negative prompt"
        words = line.removeprefix(_NEGATIVE).strip()
        if words or found[side]:  # empty lines before the first word do not count
            found[side].append(words)
    return {key: "\n".join(texts) for key, texts in found.items()}


def _quoted(value: str) -> str:
    """As JSON where the bare value would be misread."""
    needs = any(sign in value for sign in ",:\n") or value.startswith('"')
    return json.dumps(value, ensure_ascii=False) if needs or value != value.strip() else value


def _unquoted(value: str) -> str:
    if not (len(value) > 1 and value.startswith('"') and value.endswith('"')):
        return value
    try:
        return whole_characters(parse_json(value))
    except NotParsed:
        return value
