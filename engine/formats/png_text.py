"""PNG with the `parameters` text that AUTOMATIC1111 writes and every front end reads."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, PngImagePlugin

from engine.addons import Addon
from engine.sampler import SAMPLER_NAME, SampleSettings
from engine.storage import write_bytes


def parameters(settings: SampleSettings, model: str, addons: Sequence[Addon]) -> str:
    """Prompt with `<lora:name:weight>`, negative prompt, then one line of settings.

    Names only, never a path.
    """
    tags = "".join(f" <lora:{addon.path.stem}:{addon.weight:g}>" for addon in addons)
    lines = [settings.prompt + tags]
    if settings.negative_prompt:
        lines.append(f"Negative prompt: {settings.negative_prompt}")
    lines.append(
        f"Steps: {settings.num_inference_steps}, Sampler: {SAMPLER_NAME}, "
        f"CFG scale: {settings.guidance_scale:g}, Seed: {settings.seed}, "
        f"Size: {settings.width}x{settings.height}, Model: {model}, Version: Imprint"
    )
    return "\n".join(lines)


def save_png(
    path: Path,
    image: Image.Image,
    settings: SampleSettings,
    model: str,
    addons: Sequence[Addon],
) -> None:
    """Raises DiskFull or OutputNotWritable."""
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", parameters(settings, model, addons))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=text)
    write_bytes(path, buffer.getvalue())


def read_parameters(path: Path) -> str:
    """The `parameters` text; empty where there is none."""
    with Image.open(path, formats=["PNG"]) as image:
        return str(image.info.get("parameters", ""))
