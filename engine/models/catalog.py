"""The model families, and which one a file or folder is. Imports no torch.

A single file is recognised by its keys and shapes, a folder by its configs; never by name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from engine.config import STARTER
from engine.errors import (
    ModelDamaged,
    ModelIsLora,
    ModelMissing,
    ModelUnsupported,
    NotAModel,
)
from engine.models.safetensors_header import Header, read_header
from engine.wording import QT_TRANSLATE_NOOP, Phrase

RESOURCES = Path(__file__).parents[2] / "resources"
STARTER_FOLDER = RESOURCES / "starter_model"


class Layout(Enum):
    """How the weights lie on disk."""

    DIFFUSERS_FOLDER = "diffusers folder"
    SINGLE_FILE = "single file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What holds for all models of a family."""

    name: str
    title: str
    code: str  # "module:Class"
    configs: str  # folder under resources/model_configs
    kohya_version: str  # ss_base_model_version
    architecture: str  # modelspec.architecture
    resolution: int


SD1 = Family(
    name="sd1",
    title="Stable Diffusion 1.x",
    code="engine.models.stable_diffusion:StableDiffusion",
    configs="sd15",
    kohya_version="sd_v1",
    architecture="stable-diffusion-v1",
    resolution=512,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """A base model as it lies on disk."""

    path: Path
    layout: Layout
    family: Family
    is_starter: bool = False

    @property
    def title(self) -> str:
        return "Imprint starter model" if self.is_starter else self.path.stem


def locate(base_model: str) -> ModelSource:
    """The model that a setting names. Raises one of the Model... errors."""
    is_starter = base_model == STARTER
    try:
        path = STARTER_FOLDER if is_starter else Path(base_model).expanduser()
        path.stat()
    except (OSError, ValueError, RuntimeError) as error:  # also: no such user's home, odd names
        raise ModelMissing(path=base_model) from error
    if path.is_dir():
        return ModelSource(
            path=path,
            layout=Layout.DIFFUSERS_FOLDER,
            family=_family_of_folder(path),
            is_starter=is_starter,
        )
    family = family_of_header(path, read_header(path))
    return ModelSource(path=path, layout=Layout.SINGLE_FILE, family=family)


def family_of_header(path: Path, header: Header) -> Family:
    """The family of a single file, by the keys that each family alone has."""
    shapes = header.shapes
    if any(".lora_down." in name or ".lora_A." in name or "lora.down" in name for name in shapes):
        raise ModelIsLora(path=str(path))
    if any(dtype.startswith("F8") for dtype in header.dtypes.values()):
        raise ModelUnsupported(
            path=str(path), what=Phrase(QT_TRANSLATE_NOOP("engine", "an 8-bit quantised model"))
        )
    if any(name.startswith("conditioner.embedders.1.") for name in shapes):
        raise ModelUnsupported(
            path=str(path), what=Phrase(QT_TRANSLATE_NOOP("engine", "an SDXL model"))
        )
    if any(name.startswith(("double_blocks.", "model.diffusion_model.double_blocks."))
           for name in shapes):  # fmt: skip
        raise ModelUnsupported(
            path=str(path), what=Phrase(QT_TRANSLATE_NOOP("engine", "a Flux model"))
        )
    if any("joint_blocks." in name for name in shapes):
        raise ModelUnsupported(
            path=str(path), what=Phrase(QT_TRANSLATE_NOOP("engine", "an SD 3 model"))
        )
    cross = shapes.get(
        "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    )
    first = shapes.get("model.diffusion_model.input_blocks.0.0.weight")
    if cross is None or first is None or len(cross) != 2 or len(first) != 4:
        raise NotAModel(
            path=str(path),
            what=Phrase(QT_TRANSLATE_NOOP("engine", "it holds no Stable Diffusion UNet")),
        )
    if first[1] != 4:
        raise ModelUnsupported(
            path=str(path),
            what=Phrase(QT_TRANSLATE_NOOP("engine", "an inpainting or image-editing model")),
        )
    if cross[1] == 1024:
        raise ModelUnsupported(
            path=str(path), what=Phrase(QT_TRANSLATE_NOOP("engine", "an SD 2.x model"))
        )
    for part in ("first_stage_model.", "cond_stage_model."):
        if not any(name.startswith(part) for name in shapes):
            raise ModelDamaged(
                path=str(path),
                reason=Phrase(
                    QT_TRANSLATE_NOOP("engine", "the part {part} is missing"), part=part[:-1]
                ),
            )
    return SD1


def _family_of_folder(folder: Path) -> Family:
    index = _read_config(folder, "model_index.json")
    if "text_encoder_2" in index:
        raise ModelUnsupported(
            path=str(folder), what=Phrase(QT_TRANSLATE_NOOP("engine", "an SDXL model"))
        )
    if "Flux" in str(index.get("_class_name")) or "StableDiffusion3" in str(
        index.get("_class_name")
    ):
        raise ModelUnsupported(
            path=str(folder),
            what=Phrase(QT_TRANSLATE_NOOP("engine", "a {name}"), name=str(index["_class_name"])),
        )
    unet = _read_config(folder, "unet/config.json")
    if unet.get("in_channels") != 4:
        raise ModelUnsupported(
            path=str(folder),
            what=Phrase(QT_TRANSLATE_NOOP("engine", "an inpainting or image-editing model")),
        )
    if unet.get("use_linear_projection"):
        raise ModelUnsupported(
            path=str(folder), what=Phrase(QT_TRANSLATE_NOOP("engine", "an SD 2.x model"))
        )
    return SD1


def _read_config(folder: Path, name: str) -> dict:
    path = folder / name
    if not path.is_file():
        raise NotAModel(
            path=str(folder),
            what=Phrase(QT_TRANSLATE_NOOP("engine", "the file {name} is missing"), name=name),
        )
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelDamaged(
            path=str(folder),
            reason=Phrase(QT_TRANSLATE_NOOP("engine", "{name} cannot be read"), name=name),
        ) from error
    if not isinstance(data, dict):
        raise ModelDamaged(
            path=str(folder),
            reason=Phrase(QT_TRANSLATE_NOOP("engine", "{name} is no table of settings"), name=name),
        )
    return data
