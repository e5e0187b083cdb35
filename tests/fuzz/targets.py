"""What is thrown at, with files to begin from and how often it was promised."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from engine import config_file, project_file, user_presets
from engine.data import captions
from engine.data.pictures import PictureError, decode, decode_alpha
from engine.errors import UserError
from engine.gallery_records import read_made
from engine.models.safetensors_header import read_header
from engine.models.tensor_file import open_tensors
from engine.trained_file import inspect
from tests import hostile

GOLDEN = Path(__file__).parents[1] / "golden"
SIDE = 70


@dataclass(frozen=True, slots=True)
class Target:
    """`read` gets the file; whatever it raises beside `refusals` is a finding."""

    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    refusals: tuple[type[Exception], ...]
    whole: int  # inputs of `make soak`
    suffix: str = ""
    longest: int = 4096


def _picture(kind: str, **options) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        found = []
        for mode in ("RGB", "L", "P", "RGBA"):
            image = Image.effect_noise((SIDE, SIDE), 60).convert(mode)
            buffer = io.BytesIO()
            try:
                image.save(buffer, kind, **options)
            except (OSError, ValueError):
                continue  # a mode that the format does not hold
            found.append(buffer.getvalue())
        return found

    return seeds


def _decode(path: Path) -> None:
    data = path.read_bytes()
    decode(data, path.suffix)
    decode_alpha(data)


def _tensors() -> list[bytes]:
    import safetensors.torch
    import torch

    from tests.lora_forms import simple

    word = {"emb_params": torch.zeros(2, 8)}
    return [safetensors.torch.save(simple()), safetensors.torch.save(word, {"ss_x": "{}"})]


def _read_tensors(path: Path) -> None:
    read_header(path)
    file = open_tensors(path)
    for _ in file.read(file.shapes):
        pass
    inspect(path)


def _pickles(pack: Callable[[bytes], bytes], *, is_zip: bool) -> Callable[[], list[bytes]]:
    """Hostile ones, and so many good ones."""

    def seeds() -> list[bytes]:
        import torch

        buffer = io.BytesIO()
        word = {"string_to_param": {"*": torch.ones(2, 8)}, "name": "x", "step": 3}
        torch.save(word, buffer, _use_new_zipfile_serialization=is_zip)
        payloads = [*hostile.CODE.values(), *hostile.ODD.values(), hostile.inside(hostile.tensor())]
        packed = [pack(payload) for payload in payloads if len(payload) < 4096]
        return packed + [buffer.getvalue()] * len(packed)

    return seeds


def _read_pickle(path: Path) -> None:
    from engine.models.pickle_gate import load_pickle

    load_pickle(path)
    inspect(path)


def _settings() -> list[bytes]:
    data = {
        "name": "toy", "schema_version": 2,
        "dataset": {"folder": "x", "trigger": "zwx", "class_word": "toy", "edits": {"a": {"repeats": 2}}},
        "method": {"kind": "lora", "rank": 4}, "training": {"steps": 4, "seed": 1},
        "sampling": {"prompts": ["a", "b"], "every_steps": 2},
    }  # fmt: skip
    return [json.dumps(data).encode(), json.dumps(data, indent=1).encode()]


def _toml() -> list[bytes]:
    return [
        b'name = "toy"\n[dataset]\nfolder = "x"\ntrigger = "z"\n[method]\nkind = "lora"\nrank = 4\n'
    ]


def _read_settings(path: Path) -> None:
    config_file.check(config_file.read(path))


def _preset() -> list[bytes]:
    preset = {"imprint_preset": 1, "name": "x", "settings": {"method": {"kind": "lora", "rank": 4}}}
    return [json.dumps(preset).encode()]


def _made() -> list[bytes]:
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    words = 'a fox, (red:1.2)\nNegative prompt: blue\nSteps: 20, Sampler: "DDIM, x", Seed: 5, Size: 64x64'
    text.add_text("parameters", words)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=text)
    return [buffer.getvalue()]


def _captions() -> list[bytes]:
    return ["a café, red".encode(encoding) for encoding in ("utf-8", "utf-16", "cp1252")] + [
        "红色的猫".encode("gb18030")
    ]


PICTURE = (PictureError,)
OURS = (UserError,)
TARGETS = {
    "safetensors": Target(_tensors, _read_tensors, OURS, 1_000_000, ".safetensors"),
    "pt-zip": Target(_pickles(hostile.zipped, is_zip=True), _read_pickle, OURS, 100_000, ".pt"),
    "pt-legacy": Target(_pickles(hostile.legacy, is_zip=False), _read_pickle, OURS, 100_000, ".pt"),
    "json": Target(_settings, _read_settings, OURS, 1_000_000, ".json"),
    "toml": Target(_toml, _read_settings, OURS, 500_000, ".toml"),
    "project": Target(_settings, project_file.peek, (), 500_000, ".imprint"),
    "preset": Target(_preset, user_presets.load, OURS, 200_000, ".json"),
    "caption": Target(_captions, captions.read_text, (captions.CaptionError,), 500_000, ".txt"),
    "png-text": Target(_made, read_made, (), 200_000, ".png"),
    "png": Target(_picture("PNG"), _decode, PICTURE, 1_000_000, ".png", 20_000),
    "jpeg": Target(_picture("JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"), _decode, PICTURE, 1_000_000, ".jpg", 20_000),
    "webp": Target(_picture("WEBP"), _decode, PICTURE, 1_000_000, ".webp", 20_000),
    "gif": Target(_picture("GIF"), _decode, PICTURE, 1_000_000, ".gif", 20_000),
    "tiff": Target(_picture("TIFF"), _decode, PICTURE, 50_000, ".tif", 20_000),
    "bmp": Target(_picture("BMP"), _decode, PICTURE, 200_000, ".bmp", 20_000),
    "avif": Target(_picture("AVIF"), _decode, PICTURE, 50_000, ".avif", 20_000),
    "heif": Target(lambda: [(GOLDEN / "gradient.heic").read_bytes()], _decode, PICTURE, 50_000, ".heic", 20_000),
}  # fmt: skip
