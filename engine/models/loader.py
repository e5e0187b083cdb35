"""A file or a folder -> a DiffusionModel in memory, without a network.

Only files that engine.models.catalog has vetted get here. Weights are read from safetensors
alone; nothing in a file is ever run.
"""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DIFFUSERS_DISABLE_CUSTOM_CODE", "1")
os.environ.setdefault("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")

import json
from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.utils import logging as diffusers_logging
from safetensors import SafetensorError
from transformers import CLIPTextModel, CLIPTokenizer
from transformers.utils import logging as transformers_logging

from engine.diffusion import NoiseSchedule
from engine.errors import ModelDamaged
from engine.models.base import DiffusionModel
from engine.models.catalog import RESOURCES, Layout, ModelSource, locate
from engine.wording import QT_TRANSLATE_NOOP, Phrase

CONFIGS = RESOURCES / "model_configs"
TOKENIZER = CONFIGS / "clip_tokenizer"  # vocab.json and merges.txt, shared by all families
# What the libraries raise at damaged weights and at configs that make no sense.
_LOADING_ERRORS = (
    SafetensorError, OSError, ValueError, LookupError, RuntimeError, TypeError, AttributeError,
    ArithmeticError,
)  # fmt: skip


def load_model(base_model: str, dtype: torch.dtype = torch.float32) -> DiffusionModel:
    """Load on the CPU. Raises one of the Model... errors of engine.errors."""
    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    source = locate(base_model)
    try:
        if source.layout is Layout.SINGLE_FILE:
            components = _from_single_file(source, dtype)
        else:
            components = _from_folder(source, dtype)
    except _LOADING_ERRORS as error:
        raise ModelDamaged(path=str(source.path), reason=_first_line(error)) from error
    module, name = source.family.code.split(":")
    model = getattr(import_module(module), name)(source, **components)
    model.freeze()
    return model


def _from_folder(source: ModelSource, dtype: torch.dtype) -> dict[str, Any]:
    folder = source.path
    return {
        "unet": _part(UNet2DConditionModel, folder, "unet", torch_dtype=dtype),
        "vae": _part(AutoencoderKL, folder, "vae", torch_dtype=torch.float32),
        "text_encoder": _part(CLIPTextModel, folder, "text_encoder", dtype=dtype),
        "tokenizer": load_tokenizer(folder / "tokenizer"),
        "noise_schedule": _noise_schedule(folder),
    }


def _part(kind: Any, folder: Path, name: str, **options: torch.dtype) -> Any:
    """One network. The libraries would fill a missing weight with noise, and only log it."""
    part, told = kind.from_pretrained(
        folder,
        subfolder=name,
        local_files_only=True,
        use_safetensors=True,
        output_loading_info=True,
        **options,
    )
    _require_whole(name, told["missing_keys"])
    return part


def _require_whole(part: str, missing: Collection[str]) -> None:
    if missing:
        some = ", ".join(sorted(missing)[:3])
        raise KeyError(f"weights of the {part} are missing, {len(missing)} in all: {some}")


def _from_single_file(source: ModelSource, dtype: torch.dtype) -> dict[str, Any]:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
        StableDiffusionPipeline,  # late: two seconds of import that folders do not need
    )

    configs = CONFIGS / source.family.configs
    tokenizer = load_tokenizer(configs / "tokenizer")
    pipeline = StableDiffusionPipeline.from_single_file(
        str(source.path),
        config=str(configs),
        local_files_only=True,
        torch_dtype=dtype,
        tokenizer=tokenizer,
        safety_checker=None,
    )
    parts = {"unet": pipeline.unet, "vae": pipeline.vae, "text_encoder": pipeline.text_encoder}
    for name, part in parts.items():
        _require_whole(name, [key for key, p in part.named_parameters() if p.is_meta])
    return {
        **parts,
        "tokenizer": tokenizer,
        "noise_schedule": _noise_schedule(configs),
    }


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """The tokenizer of a folder; its word table is the shared one where it brings none."""
    if (folder / "vocab.json").is_file() or (folder / "tokenizer.json").is_file():
        return _read_tokenizer(folder)
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    return _read_tokenizer(
        TOKENIZER, pad_token=config["pad_token"], model_max_length=config["model_max_length"]
    )


def _read_tokenizer(folder: Path, **options: Any) -> CLIPTokenizer:
    try:
        return CLIPTokenizer.from_pretrained(folder, local_files_only=True, **options)
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise ValueError(str(error)) from error  # the Rust half raises the bare class


def _noise_schedule(folder: Path) -> NoiseSchedule:
    config: Any = DDPMScheduler.load_config(folder, subfolder="scheduler", local_files_only=True)
    scheduler: Any = DDPMScheduler.from_config(config)
    return NoiseSchedule(scheduler.alphas_cumprod.float(), scheduler.config.prediction_type)


def _first_line(error: BaseException) -> str:
    if isinstance(error, NotImplementedError):  # torch, at a weight that nothing was read into
        return Phrase(QT_TRANSLATE_NOOP("engine", "some of its weights are missing"))
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return text.strip().split("\n")[0][:200] or type(error).__name__
