"""A file or a folder -> a DiffusionModel in memory, without a network.

Only files that engine.models.catalog has vetted get here. Weights are streamed, one tensor after
another, straight into the networks; nothing in a file is ever run.
"""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DIFFUSERS_DISABLE_CUSTOM_CODE", "1")
os.environ.setdefault("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")

import codecs
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.utils import logging as diffusers_logging
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import CLIPTokenizer
from transformers.utils import logging as transformers_logging

from engine.diffusion import NoiseSchedule, PredictionType
from engine.model_errors import ModelDamaged, ModelScheduleWrong
from engine.models.base import DiffusionModel
from engine.models.catalog import (
    CONFIGS,
    Family,
    Layout,
    ModelSource,
    bundled_config,
    configs_of,
    locate,
    part_config,
    read_config,
)
from engine.models.clip_text import TextEncoder
from engine.models.ldm_names import VAE, folder_name, original_entries
from engine.models.ldm_weights import original_shape, read_original
from engine.models.networks import fill, folder_shapes, network
from engine.models.single_file import vae_beside
from engine.models.size import weight_files
from engine.models.tensor_file import JoinedFiles, open_tensors
from engine.out_of_memory import as_out_of_memory
from engine.regular_files import (
    NotRegular,
    is_file,
    is_folder,
    listed,
    opened,
    read_bytes,
    reason_of,
    require_regular,
)
from engine.storage import refused_by_the_computer, write_bytes
from engine.wording import QT_TRANSLATE_NOOP, Phrase

TOKENIZER = CONFIGS / "clip_tokenizer"  # vocab.json and merges.txt, shared by all families
CLIP_VOCABULARY = 49408
PARTS = ("unet", "vae", "text_encoder", "text_encoder_2")
SHOWN = 5  # names of missing weights in one sentence

Configs = dict[str, dict[str, Any]]
Shapes = dict[str, dict[str, tuple[int, ...]]]

_LOADING = QT_TRANSLATE_NOOP("engine", "loading the model")

# What the libraries raise at damaged weights and at configs that make no sense.
_LOADING_ERRORS = (
    SafetensorError, OSError, ValueError, LookupError, RuntimeError, TypeError, AttributeError,
    ArithmeticError, MemoryError,
)  # fmt: skip


def load_model(
    base_model: str,
    dtype: torch.dtype = torch.float32,
    *,
    prediction_type: PredictionType | None = None,
) -> DiffusionModel:
    """Load on the CPU, the autoencoder always in fp32. Raises one of the Model... errors."""
    diffusers_logging.set_verbosity_error()
    transformers_logging.set_verbosity_error()
    source = locate(base_model, prediction_type)
    try:
        model = _load(source, dtype)
    except _LOADING_ERRORS as error:
        found = as_out_of_memory(error, Phrase(_LOADING)) or refused_by_the_computer(error)
        raise found or ModelDamaged(path=str(source.path), reason=_first_line(error)) from error
    model.freeze()
    return model


def _load(source: ModelSource, dtype: torch.dtype) -> DiffusionModel:
    is_file = source.layout is Layout.SINGLE_FILE
    home = configs_of(source.family) if is_file else source.path
    configs = _configs(home, source)
    modules = {part: network(part, config) for part, config in configs.items()}
    shapes = {part: folder_shapes(part, module) for part, module in modules.items()}
    dtypes = {part: torch.float32 if part == "vae" else dtype for part in configs}
    found = (
        _of_file(source.path, configs, shapes, dtypes)
        if is_file
        else _of_folder(source.path, shapes, dtypes)
    )
    weights: dict[str, dict[str, Tensor]] = {part: {} for part in configs}
    for part, name, tensor in found:
        weights[part][name] = tensor
    for part, module in modules.items():
        _require_whole(part, shapes[part], weights[part])
        _require_numbers(part, weights[part])
        fill(part, module, weights.pop(part))
    index = read_config(home, "model_index.json")
    module, name = source.family.code.split(":")
    return getattr(import_module(module), name)(
        source,
        _noise_schedule(home, source),
        unet=modules["unet"],
        vae=modules["vae"],
        text_encoders=_text_encoders(home, source.family, configs, modules),
        zero_empty_prompt=bool(index.get("force_zeros_for_empty_prompt", False)),
    )


def _configs(home: Path, source: ModelSource) -> Configs:
    """The config.json of every part that the model has."""
    if source.layout is Layout.SINGLE_FILE:
        present = [part for part in PARTS if is_file(home / part / "config.json")]
        return {part: bundled_config(source.family, part) for part in present}
    texts = source.family.text_prefixes
    wanted = [part for part in PARTS if part in ("unet", "vae") or part in texts]
    return {part: part_config(home, part) for part in wanted}


def _of_file(
    path: Path, configs: Configs, shapes: Shapes, dtypes: Mapping[str, torch.dtype]
) -> Iterator[tuple[str, str, Tensor]]:
    """Part, name in a folder, tensor. Raises KeyError or ValueError for a file that has holes."""
    file = open_tensors(path)
    beside = vae_beside(path, file.shapes)
    if beside is not None:
        file = JoinedFiles(file, open_tensors(beside), VAE)
    entries = original_entries(configs, {part: list(names) for part, names in shapes.items()})
    by_part: dict[str, list[str]] = {}
    for entry in entries:
        if entry.originals[0] not in file.shapes:
            by_part.setdefault(entry.part, []).append(entry.originals[0])
            continue
        has, wants = file.shapes[entry.originals[0]], original_shape(entry, shapes)
        if tuple(has) != tuple(wants):
            raise ValueError(f"{entry.originals[0]} has the shape {has}, not {wants}")
    for part, names in by_part.items():
        raise KeyError(_missing(part, names))
    return read_original(file, entries, dtypes)


def _of_folder(
    folder: Path, shapes: Shapes, dtypes: Mapping[str, torch.dtype]
) -> Iterator[tuple[str, str, Tensor]]:
    for part, wanted in shapes.items():
        for path in _weight_files(folder / part):
            file = open_tensors(path)
            names = {name: folder_name(part, name) for name in file.shapes}
            known = {name for name, own in names.items() if own in wanted}
            for name, tensor in file.read(known, dtypes[part]):
                yield part, names[name], _shaped(part, tensor, wanted[names[name]])


def _weight_files(folder: Path) -> list[Path]:
    files = weight_files(folder)
    if not files:
        raise FileNotFoundError(
            Phrase(QT_TRANSLATE_NOOP("engine", "{folder} has no weights"), folder=folder.name)
        )
    return files


def _shaped(part: str, tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Old autoencoders keep the attention as 1x1 convolutions. Raises ValueError otherwise."""
    if tuple(tensor.shape) == shape:
        return tensor
    if part == "vae" and tuple(tensor.shape) == (*shape, 1, 1):
        return tensor.flatten(1)
    raise ValueError(f"a weight of the {part} has the shape {tuple(tensor.shape)}, not {shape}")


def _require_whole(part: str, wanted: Mapping[str, object], found: Mapping[str, object]) -> None:
    missing = [name for name in wanted if name not in found]
    if missing:
        raise KeyError(_missing(part, missing))


def _require_numbers(part: str, found: Mapping[str, Tensor]) -> None:
    """Raises ValueError where a weight is infinite or none: all that it touches would be none."""
    # A sum is a number unless some weight is none. It is two (fp16) to twenty times (fp32) quicker
    # than a look at each.
    suspects = {name: tensor for name, tensor in found.items() if not _has_sum(tensor)}
    bad = {name: int((~torch.isfinite(tensor)).sum()) for name, tensor in suspects.items()}
    bad = {name: count for name, count in bad.items() if count}
    if bad:
        raise ValueError(
            Phrase(
                QT_TRANSLATE_NOOP(
                    "engine", "{count} weights of the {part} are no numbers, the first in {name}"
                ),
                count=sum(bad.values()),
                part=part,
                name=next(iter(bad)),
            )
        )


def _has_sum(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(tensor.sum(dtype=torch.float32).isfinite())


def _missing(part: str, names: list[str]) -> str:
    some = ", ".join(sorted(names)[:SHOWN])
    return Phrase(
        QT_TRANSLATE_NOOP("engine", "weights of the {part} are missing, {count} in all: {some}"),
        part=part,
        count=len(names),
        some=some,
    )


def _text_encoders(
    home: Path, family: Family, configs: Configs, modules: Mapping[str, nn.Module]
) -> list[TextEncoder]:
    found = []
    for part, module in modules.items():
        if part.startswith("text_encoder"):
            name = part.replace("text_encoder", "tokenizer")
            folder = home / name
            if not is_folder(folder):  # left out, or lost: CLIP's is the same for all of a family
                _require_clips_vocabulary(folder, configs[part])
                folder = configs_of(family) / name
            tokenizer: Any = load_tokenizer(folder)
            found.append(TextEncoder(part, module, tokenizer, int(tokenizer.pad_token_id)))
    return found


def _require_clips_vocabulary(folder: Path, config: Mapping[str, object]) -> None:
    if config.get("vocab_size", CLIP_VOCABULARY) != CLIP_VOCABULARY:
        reason = QT_TRANSLATE_NOOP(
            "engine", "the folder {name} is missing, and the text encoder has its own vocabulary"
        )
        raise FileNotFoundError(Phrase(reason, name=folder.name))


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """The tokenizer of a folder; its word table is the shared one where it brings none."""
    if is_file(folder / "vocab.json") or is_file(folder / "tokenizer.json"):
        return _read_tokenizer(folder)
    config = read_config(folder, "tokenizer_config.json")
    return _read_tokenizer(
        TOKENIZER, pad_token=config["pad_token"], model_max_length=config["model_max_length"]
    )


def _read_tokenizer(folder: Path, **options: Any) -> CLIPTokenizer:
    require_regular(folder)
    if any(_is_marked(path) for path in listed(folder, "*.json")):
        with TemporaryDirectory() as clean:  # the library reads no JSON behind a byte order mark
            for path in listed(folder):
                if is_file(path):
                    data = read_bytes(path).removeprefix(codecs.BOM_UTF8)
                    write_bytes(Path(clean) / path.name, data)
            return _read_tokenizer(Path(clean), **options)
    try:
        return CLIPTokenizer.from_pretrained(folder, local_files_only=True, **options)
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise ValueError(str(error)) from error  # the Rust half raises the bare class


def _is_marked(path: Path) -> bool:
    with opened(path) as file:
        return file.read(3) == codecs.BOM_UTF8


def _noise_schedule(home: Path, source: ModelSource) -> NoiseSchedule:
    config = read_config(home, "scheduler/scheduler_config.json")
    scheduler: Any = DDPMScheduler.from_config({**config, "rescale_betas_zero_snr": False})
    predicts = source.prediction_type or scheduler.config.prediction_type
    left = scheduler.alphas_cumprod.float()  # of a picture, after each timestep
    if not bool((left > 0).all()):  # NaN is not, either
        step = int((left > 0).logical_not().nonzero()[0])
        raise ModelScheduleWrong(
            path=str(source.path), file="scheduler_config.json", step=step, steps=len(left)
        )
    schedule = NoiseSchedule(left, predicts)
    return schedule.with_zero_terminal_snr() if source.zero_terminal_snr else schedule


def _first_line(error: BaseException) -> str:
    if isinstance(error, NotImplementedError):  # torch, at a weight that nothing was read into
        return Phrase(QT_TRANSLATE_NOOP("engine", "some of its weights are missing"))
    if isinstance(error, NotRegular):
        return reason_of(error)
    if error.args and isinstance(error.args[0], Phrase):
        return error.args[0]
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return text.strip().split("\n")[0][:200] or type(error).__name__
