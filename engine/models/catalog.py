"""The model families, and which one a file or folder is. Imports no torch.

A single file is recognised by its keys and shapes, a folder by its configs; never by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from engine.config import STARTER
from engine.errors import InputNotReadable
from engine.inputs import not_read, require_input_folder
from engine.json_reading import NotParsed, parse_json
from engine.model_errors import (
    ModelDamaged,
    ModelIncomplete,
    ModelMissing,
    ModelUnsupported,
    NotAModel,
)
from engine.models import single_file
from engine.models.config_check import require_part, require_scheduler
from engine.models.ldm_names import usual_names
from engine.models.prediction_marks import PredictionType, read_marks
from engine.models.safetensors_header import Header, is_pickle, read_header
from engine.regular_files import NotRegular, is_folder, read_bytes, reason_of, require_file
from engine.wording import QT_TRANSLATE_NOOP, Phrase

RESOURCES = Path(__file__).parents[2] / "resources"
STARTER_FOLDER = RESOURCES / "starter_model"
STARTER_TITLE = "Imprint starter model"
MAX_CONFIG_BYTES = 4 << 20
CONFIGS = RESOURCES / "model_configs"
_PIPELINES = ("StableDiffusionPipeline", "StableDiffusionXLPipeline")
# Pipelines of other names, for img2img say, are the same model where their parts are these.
_PARTS = {
    "unet": ("UNet2DConditionModel",),
    "vae": ("AutoencoderKL",),
    "text_encoder": ("CLIPTextModel", None),  # a refiner has none
    "text_encoder_2": ("CLIPTextModelWithProjection", None),
}


class Layout(Enum):
    """How the weights lie on disk."""

    DIFFUSERS_FOLDER = "diffusers folder"
    SINGLE_FILE = "single file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What holds for all models of a family. Code asks these, never the name."""

    name: str
    title: str
    code: str  # "module:Class"
    configs: str  # folder under resources/model_configs
    kohya_version: str  # ss_base_model_version
    architecture: str  # modelspec.architecture
    resolution: int
    prediction_type: PredictionType  # where nothing else is known
    context_width: int  # of what the UNet's cross-attention reads
    # kohya's prefix for the layers of each text encoder, by part name.
    text_prefixes: Mapping[str, str]
    # Whether kohya files name the UNet's blocks as the original code does (input_blocks_1_0),
    # or as diffusers does (down_blocks_0_resnets_0).
    original_block_names: bool = False
    unread_layers: int = 0  # at the end of each text encoder, with a clip skip of 1


_ONE_ENCODER = {"text_encoder": "lora_te"}
_SINGLE = "engine.models.stable_diffusion:StableDiffusion"

SD1 = Family(
    name="sd1",
    title="Stable Diffusion 1.x",
    code=_SINGLE,
    configs="sd15",
    kohya_version="sd_v1",
    architecture="stable-diffusion-v1",
    resolution=512,
    prediction_type="epsilon",
    context_width=768,
    text_prefixes=_ONE_ENCODER,
)
SD2_BASE = Family(
    name="sd2-base",
    title="Stable Diffusion 2.x, 512 px",
    code=_SINGLE,
    configs="sd21-base",
    kohya_version="sd_v2",
    architecture="stable-diffusion-v2-512",
    resolution=512,
    prediction_type="epsilon",
    context_width=1024,
    text_prefixes=_ONE_ENCODER,
)
SD2_V = Family(
    name="sd2-v",
    title="Stable Diffusion 2.x, 768 px",
    code=_SINGLE,
    configs="sd21-v",
    kohya_version="sd_v2",
    architecture="stable-diffusion-v2-768-v",
    resolution=768,
    prediction_type="v_prediction",
    context_width=1024,
    text_prefixes=_ONE_ENCODER,
)
SDXL = Family(
    name="sdxl",
    title="Stable Diffusion XL",
    code="engine.models.stable_diffusion_xl:StableDiffusionXL",
    configs="sdxl",
    kohya_version="sdxl_base_v1-0",
    architecture="stable-diffusion-xl-v1-base",
    resolution=1024,
    prediction_type="epsilon",
    context_width=2048,
    text_prefixes={"text_encoder": "lora_te1", "text_encoder_2": "lora_te2"},
    original_block_names=True,
    unread_layers=1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """A base model as it lies on disk."""

    path: Path
    layout: Layout
    family: Family
    is_starter: bool = False
    # What the file's marks, a yaml beside it or the user say; None: as the configs say.
    prediction_type: PredictionType | None = None
    zero_terminal_snr: bool = False

    @property
    def title(self) -> str:
        return STARTER_TITLE if self.is_starter else self.path.stem


def locate(base_model: str, prediction_type: PredictionType | None = None) -> ModelSource:
    """The model that a setting names. Raises one of the Model... errors.

    `prediction_type` is the user's own word for what the model predicts; it counts most.
    """
    is_starter = base_model == STARTER
    try:
        path = STARTER_FOLDER if is_starter else Path(base_model).expanduser()
        path.stat()
    except OSError as error:
        raise not_read(Path(base_model), error, ModelMissing(path=base_model)) from error
    except (ValueError, RuntimeError) as error:  # no such user's home, odd names
        raise ModelMissing(path=base_model) from error
    if is_folder(path):
        require_input_folder(path)
        source = replace(_locate_folder(path), is_starter=is_starter)
    else:
        source = _locate_file(path)
    return source if prediction_type is None else _predicting(source, prediction_type)


def configs_of(family: Family) -> Path:
    """The folder of the configs that single files of the family are read by."""
    return CONFIGS / family.configs


def bundled_config(family: Family, part: str) -> dict[str, Any]:
    """The config.json of a part, as single files of the family are read by it."""
    return read_config(configs_of(family), f"{part}/config.json")


def _locate_file(path: Path) -> ModelSource:
    header = header_of(path)
    kind = single_file.kind_of(path, header)
    family = {"sd1": SD1, "sd2": SD2_V, "sdxl": SDXL}[kind]
    single_file.require_unet(path, header.shapes, bundled_config(family, "unet"))
    marks = read_marks(path, header, is_sd2=family is SD2_V)
    if family is SD2_V and marks.prediction_type == "epsilon":
        family = SD2_BASE
    return ModelSource(
        path=path,
        layout=Layout.SINGLE_FILE,
        family=family,
        prediction_type=marks.prediction_type or family.prediction_type,
        zero_terminal_snr=marks.zero_terminal_snr,
    )


def header_of(path: Path) -> Header:
    """Names, shapes and types of a safetensors file or an old-style checkpoint; the names as the
    original code has them."""
    if is_pickle(path):
        from engine.models.pickle_gate import vet_pickle  # late: few files need it

        return with_usual_names(vet_pickle(path))
    return with_usual_names(read_header(path))


def with_usual_names(header: Header) -> Header:
    usual = usual_names(header.shapes)
    return Header(
        {usual[name]: shape for name, shape in header.shapes.items()},
        {usual[name]: dtype for name, dtype in header.dtypes.items()},
        header.metadata,
    )


def _predicting(source: ModelSource, prediction_type: PredictionType) -> ModelSource:
    """The two families of SD 2 differ in nothing else."""
    family = source.family
    if family in (SD2_BASE, SD2_V):
        family = SD2_V if prediction_type == "v_prediction" else SD2_BASE
    return replace(source, family=family, prediction_type=prediction_type)


def _locate_folder(folder: Path) -> ModelSource:
    index = read_config(folder, "model_index.json")
    name = str(index.get("_class_name", ""))
    if name and not name.startswith(_PIPELINES) and not _has_the_same_parts(index):
        what = Phrase(QT_TRANSLATE_NOOP("engine", "a {name}"), name=name[:60])
        raise ModelUnsupported(path=str(folder), what=what)
    unet = read_config(folder, "unet/config.json")
    if unet.get("in_channels", 4) != 4:
        raise single_file.refused_channels(folder, unet.get("in_channels"))
    if unet.get("time_cond_proj_dim") is not None:
        what = QT_TRANSLATE_NOOP("engine", "an LCM-distilled model")
        raise single_file.unsupported(folder, what)
    scheduler = read_config(folder, "scheduler/scheduler_config.json")
    predicts = scheduler.get("prediction_type", "epsilon")
    if predicts not in ("epsilon", "v_prediction"):
        what = Phrase(QT_TRANSLATE_NOOP("engine", "a model that predicts {what}"), what=predicts)
        raise ModelUnsupported(path=str(folder), what=what)
    family = _family_of_folder(folder, index, unet, predicts)
    _require_parts(folder, index)
    require_scheduler(folder, scheduler)
    require_part(folder, "unet", unet)
    return ModelSource(
        path=folder,
        layout=Layout.DIFFUSERS_FOLDER,
        family=family,
        prediction_type=predicts,
        zero_terminal_snr=bool(scheduler.get("rescale_betas_zero_snr")),
    )


def _family_of_folder(
    folder: Path, index: Mapping[str, Any], unet: Mapping[str, Any], predicts: PredictionType
) -> Family:
    """By the parts that there are: tiny models have widths of their own."""
    if _has_part(index, "text_encoder_2"):
        if not _has_part(index, "text_encoder"):
            raise single_file.unsupported(folder, QT_TRANSLATE_NOOP("engine", "an SDXL refiner"))
        if unet.get("addition_embed_type") != "text_time":
            raise single_file.unsupported(folder, single_file.OTHER_SHAPE)
        return SDXL
    if unet.get("addition_embed_type") or unet.get("class_embed_type"):
        raise single_file.unsupported(folder, single_file.OTHER_SHAPE)
    if unet.get("use_linear_projection"):
        return SD2_V if predicts == "v_prediction" else SD2_BASE
    return SD1


def _require_parts(folder: Path, index: Mapping[str, Any]) -> None:
    """Raises ModelIncomplete where a part was left out, as trainers do to save space."""
    wanted = ["text_encoder_2"] if _has_part(index, "text_encoder_2") else []
    wanted += ["vae"] if _has_part(index, "vae") else []
    wanted += ["text_encoder"] if _has_part(index, "text_encoder") else []
    missing = sorted(part for part in wanted if not is_folder(folder / part))
    if missing:
        names = QT_TRANSLATE_NOOP("engine", "the folder {names}")
        raise ModelIncomplete(path=str(folder), parts=Phrase(names, names=", ".join(missing)))


def _has_the_same_parts(index: Mapping[str, Any]) -> bool:
    for part, classes in _PARTS.items():
        entry = index.get(part)
        kind = entry[1] if isinstance(entry, list) and len(entry) == 2 else None
        if kind not in classes:
            return False
    return True


def _has_part(index: Mapping[str, Any], name: str) -> bool:
    """model_index.json lists a part as [library, class], and one that is not there as nulls."""
    entry = index.get(name)
    return isinstance(entry, list) and bool(entry) and bool(entry[0])


def part_config(folder: Path, part: str) -> dict[str, Any]:
    """A part's config.json, each of its numbers a possible one. Raises NotAModel, ModelDamaged or
    ModelNumberWrong."""
    config = read_config(folder, f"{part}/config.json")
    require_part(folder, part, config)
    return config


def read_config(folder: Path, name: str) -> dict[str, Any]:
    """A JSON file of a diffusers folder. Raises NotAModel or ModelDamaged."""
    path = folder / name
    missing = Phrase(QT_TRANSLATE_NOOP("engine", "the file {name} is missing"), name=name)
    try:
        require_file(path)
    except NotRegular as error:
        raise NotAModel(path=str(folder), what=missing) from error
    except OSError as error:
        raise not_read(path, error, NotAModel(path=str(folder), what=missing)) from error
    try:
        data = parse_json(read_bytes(path, MAX_CONFIG_BYTES))
    except OSError as error:
        raise InputNotReadable(path=str(path), reason=reason_of(error)) from error
    except NotParsed as error:
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
