"""A whole model as a diffusers folder, which diffusers, InvokeAI and SD.Next load.

Names are those that every version of the libraries reads: `text_model.` in the text encoders.
Weights that were not trained are copied bit for bit from the base model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from torch import Tensor

from engine import storage
from engine.formats.catalog import is_unverified
from engine.formats.checkpoint import Configs
from engine.formats.metadata import ExportFacts
from engine.formats.whole_weights import WholeWeights
from engine.models.catalog import Layout, configs_of, read_config
from engine.models.ldm_names import folder_name
from engine.models.loader import TOKENIZER
from engine.models.networks import whole_shapes
from engine.models.tensor_file import open_tensors
from engine.regular_files import is_file
from engine.results import WeightsResult
from engine.tensor_writer import Planned, write_planned

_CLASSES = {
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "text_encoder_2": ("transformers", "CLIPTextModelWithProjection"),
}
_TOKENIZER_FILES = ("vocab.json", "merges.txt")
_END = "<|endoftext|>"
_MARKS = {"bos_token": "<|startoftext|>", "eos_token": _END, "unk_token": _END}


def save(path: Path, result: WeightsResult, facts: ExportFacts) -> None:
    """Raises DiskFull, OutputNotWritable or InputNotReadable; an older folder at `path` stays
    whole then."""
    shapes, own_weights = whole_shapes(result.configs), WholeWeights(result, facts)

    def fill(folder: Path) -> None:
        for part, weights in result.weights.items():
            storage.make_folder(folder / part)
            planned = _planned(part, weights, shapes[part], own_weights)
            write_planned(folder / part / _weights_name(part), planned, {"format": "pt"})
            config = {**result.configs[part], "_name_or_path": ""}
            config.pop("dtype", None)
            storage.write_json(folder / part / "config.json", _json_ready(config))
        _write_scheduler(folder, facts)
        for part in result.weights:
            if part.startswith("text_encoder"):
                _write_tokenizer(folder / part.replace("text_encoder", "tokenizer"), part, facts)
        storage.write_json(folder / "model_index.json", _index(result, facts))

    storage.commit_folder(path, fill, is_ours=is_unverified)


def load(path: Path, configs: Configs) -> Iterator[tuple[str, str, Tensor]]:
    """Part, name in the folder, tensor, streamed. Raises one of the Model... errors."""
    for part in configs:
        file = open_tensors(path / part / _weights_name(part))
        for name, tensor in file.read(file.shapes):
            yield part, name, tensor


def _weights_name(part: str) -> str:
    library, _ = _CLASSES[part]
    return (
        "model.safetensors" if library == "transformers" else "diffusion_pytorch_model.safetensors"
    )


def _planned(
    part: str,
    names: Iterable[str],
    shapes: Mapping[str, tuple[int, ...]],
    weights: WholeWeights,
) -> Iterator[Planned]:
    for own in (folder_name(part, name) for name in names):
        if own in shapes:
            make = partial(weights.tensor, part, own)
            yield Planned(own, shapes[own], weights.dtype(part, [own]), make)


def _home(facts: ExportFacts) -> Path:
    """The folder that the base model's own small files lie in."""
    if facts.source.layout is Layout.DIFFUSERS_FOLDER:
        return facts.source.path
    return configs_of(facts.source.family)


def _index(result: WeightsResult, facts: ExportFacts) -> dict[str, object]:
    """model_index.json. No safety checker is named: its weights are not here."""
    index = read_config(_home(facts), "model_index.json")
    known: dict[str, object] = {
        name: value for name, value in index.items() if not isinstance(value, list)
    }
    known |= {part: list(_CLASSES[part]) for part in result.weights}
    for part in result.weights:
        if part.startswith("text_encoder"):
            known[part.replace("text_encoder", "tokenizer")] = ["transformers", "CLIPTokenizer"]
    known["scheduler"] = ["diffusers", "DDIMScheduler"]
    optional = [
        name for name, value in index.items() if isinstance(value, list) and name not in known
    ]
    return known | {name: [None, None] for name in optional}


def _write_scheduler(folder: Path, facts: ExportFacts) -> None:
    config = read_config(_home(facts), "scheduler/scheduler_config.json")
    config |= {
        "_class_name": "DDIMScheduler",
        "prediction_type": facts.prediction_type,
        "rescale_betas_zero_snr": facts.zero_terminal_snr,
        "clip_sample": False,
    }
    if facts.zero_terminal_snr:
        config["timestep_spacing"] = "trailing"
    storage.make_folder(folder / "scheduler")
    storage.write_json(folder / "scheduler" / "scheduler_config.json", config)


def _write_tokenizer(folder: Path, part: str, facts: ExportFacts) -> None:
    """The word table is written out: libraries of an older date read nothing else."""
    home = _home(facts) / part.replace("text_encoder", "tokenizer")
    storage.make_folder(folder)
    for name in _TOKENIZER_FILES:
        source = home / name if is_file(home / name) else TOKENIZER / name
        storage.copy_file(source, folder / name)
    own = home / "tokenizer_config.json"
    if not is_file(own):  # some folders bring a tokenizer.json alone
        own = configs_of(facts.source.family) / folder.name / own.name
    config = read_config(own.parent, own.name)
    storage.write_json(folder / "tokenizer_config.json", config)
    marks = _MARKS | {"pad_token": config.get("pad_token", _END)}
    storage.write_json(folder / "special_tokens_map.json", marks)


def _json_ready(config: Mapping[str, object]) -> dict[str, object]:
    """Without what json cannot say: a dtype, say."""
    return {
        name: value
        for name, value in config.items()
        if isinstance(value, str | int | float | bool | list | tuple | dict | type(None))
    }
