"""LoRAs with random weights in a live model, and the readers that their files are shown to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import safetensors.torch
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

from engine.config_file import merge, require
from engine.formats import lora_diffusers, lora_kohya
from engine.formats.metadata import ExportFacts
from engine.methods.base import Subject
from engine.methods.lora.method import Lora
from engine.models.loader import load_model
from tests import lora_reader
from tests.method_matrix import outputs

TIGHT, LOOSE = 2e-3, 2e-2  # what must agree, and what a wrong file must exceed
FOLDERS = {"sd1": "tiny_folder", "sdxl": "tiny_sdxl_folder"}
PREFIXES = {"text_encoder": "lora_te1", "text_encoder_2": "lora_te2"}
PLAIN = {"kind": "lora", "rank": 4, "alpha": 2.0, "text_learning_rate": 1e-3}
KINDS = {
    "lora": {},
    "rslora by block": {"rslora": True, "alpha": 1.5, "block_ranks": "down=2, up=9"},
    "conv": {"conv": True, "conv_rank": 2},
    "block ranks": {"block_ranks": "down=2, mid=3, up.0=6", "conv": True},
    "loha": {"algorithm": "loha"},
    "loha conv": {"algorithm": "loha", "conv": True, "conv_rank": 2, "block_ranks": "mid=3"},
    "lokr whole": {"algorithm": "lokr", "rank": 64, "alpha": 64.0, "conv": True},
    "lokr decomposed": {"algorithm": "lokr", "rank": 1, "lokr_factor": 2, "conv": True},
    "lokr both": {"algorithm": "lokr", "rank": 5, "lokr_factor": 2},
}


@dataclass
class Live:
    """An adapted model with random weights in its adapter, and what it said."""

    base: Path
    model: object
    method: Lora
    said: dict[str, torch.Tensor]
    facts: ExportFacts

    def error(self, given: dict[str, torch.Tensor]) -> float:
        """Relative L2 distance from the live model, of the worst output."""
        return max(
            float((given[name] - live).norm() / live.norm()) for name, live in self.said.items()
        )

    def write(self, form: str, precision: str, folder: Path) -> Path:
        data = merge(
            self.facts.config.model_dump(mode="json"), {"export": {"precision": precision}}
        )
        path = folder / f"{form}-{precision}.safetensors"
        facts = replace(self.facts, config=require(data))
        (result,) = self.method.results()
        {"kohya": lora_kohya, "diffusers": lora_diffusers}[form].save(path, result, facts)
        return path


def attached(base: Path, settings: dict, *, seed: int | None = 5) -> Live:
    """Random weights in the adapter, or with no seed those that it begins with."""
    config = require({"dataset": {"folder": "x"}, "method": PLAIN | settings})
    model = load_model(str(base))
    method = Lora(config.method, Subject())
    configs = model.configs()
    method.attach(model)
    if seed is not None:
        randomise(method, seed)
    facts = ExportFacts(
        config=config, source=model.source, prediction_type="epsilon", num_images=1, step=1,
        started_at=datetime.now().astimezone(), configs=configs,
    )  # fmt: skip
    method.set_training(False)
    return Live(base, model, method, outputs(model), facts)


@torch.no_grad()
def randomise(method: Lora, seed: int) -> None:
    """Every tensor, so that one that a file leaves out or swaps shows."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in method.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("magnitude"):
            parameter.mul_(1 + 0.3 * noise)
        else:
            parameter.copy_((0.35 if "hada" in name else 0.15) * noise)


# On SDXL those that differ in its names and shapes.
ON_XL = ("lora", "block ranks", "loha conv", "lokr decomposed")


def forms(live: Live) -> list[str]:
    return ["kohya", "diffusers"] if live.method.settings.algorithm == "lora" else ["kohya"]


def through_diffusers(base: Path, lora: Path) -> dict[str, torch.Tensor]:
    """What diffusers' own pipeline makes of the file on a fresh base model."""
    model = load_model(str(base))
    two = len(model.source.family.text_prefixes) == 2
    kind = StableDiffusionXLPipeline if two else StableDiffusionPipeline
    pipeline = kind.from_pretrained(base, local_files_only=True)
    pipeline.load_lora_weights(lora.parent, weight_name=lora.name)
    for part in list(model.parts()):
        model.swap_part(part.name, getattr(pipeline, part.name).eval())
    return outputs(model)


def by_the_tables(base: Path, lora: Path) -> tuple[dict[str, torch.Tensor], list[str]]:
    model = load_model(str(base))
    parts = {part.name: part.module for part in model.parts()}
    unet = parts.pop("unet")
    texts = {PREFIXES[n]: m for n, m in parts.items()} if len(parts) == 2 else {
        "lora_te": parts["text_encoder"]
    }  # fmt: skip
    unknown = lora_reader.add(lora, unet, texts)
    return outputs(model), unknown


def changed(source: Path, target: Path, change) -> Path:
    """A copy of a LoRA file whose table of tensors went through `change`."""
    safetensors.torch.save_file(change(safetensors.torch.load_file(source)), target)
    return target


def without_alpha(tensors):
    return {name: t for name, t in tensors.items() if not name.endswith(".alpha")}


def without_index_of_out(tensors):
    return {name.replace("to_out_0", "to_out"): t for name, t in tensors.items()}


def without_text_model(tensors):
    return {name.replace("_text_model_", "_"): t for name, t in tensors.items()}
