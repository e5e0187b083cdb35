"""What stands in the header of an exported file: kohya's `ss_*` and ModelSpec 1.0.1.

AUTOMATIC1111, Forge and SD.Next decide by these whether a LoRA is shown at all. No path, no
user name and no caption ever goes in.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

import safetensors.torch
from torch import Tensor

from engine.config import RunConfig
from engine.models.catalog import ModelSource
from engine.results import LowRankResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFacts:
    """What the formats may tell about a run."""

    config: RunConfig
    source: ModelSource
    prediction_type: str
    num_images: int
    step: int
    started_at: datetime


def kohya_header(facts: ExportFacts, result: LowRankResult) -> dict[str, str]:
    """The `ss_*` keys; every value is a string."""
    config = facts.config
    training, optimizer = config.training, config.optimizer
    is_v = facts.prediction_type == "v_prediction"
    return {
        "ss_v2": "False",
        "ss_base_model_version": facts.source.family.kohya_version + ("_v" if is_v else ""),
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(result.rank),
        "ss_network_alpha": str(result.alpha),
        "ss_network_args": json.dumps({}),
        "ss_output_name": config.name,
        "ss_sd_model_name": facts.source.title,
        "ss_resolution": f"({training.resolution}, {training.resolution})",
        "ss_num_train_images": str(facts.num_images * config.dataset.repeats),
        "ss_training_started_at": str(facts.started_at.timestamp()),
        "ss_steps": str(facts.step),
        "ss_learning_rate": str(config.method.learning_rate),
        "ss_unet_lr": str(config.method.learning_rate),
        "ss_text_encoder_lr": str(config.method.text_learning_rate or None),
        "ss_optimizer": optimizer.name,
        "ss_lr_scheduler": optimizer.schedule,
        "ss_batch_size_per_device": str(training.batch_size),
        "ss_gradient_accumulation_steps": str(training.gradient_accumulation),
        "ss_mixed_precision": training.precision,
        "ss_seed": str(training.seed),
        "ss_noise_offset": str(training.noise_offset or None),
        "ss_min_snr_gamma": str(training.min_snr_gamma or None),
        "ss_clip_skip": "None",
        "ss_dataset_dirs": json.dumps(
            {"pictures": {"n_repeats": config.dataset.repeats, "img_count": facts.num_images}}
        ),
    }


def modelspec_header(facts: ExportFacts, implementation: str) -> dict[str, str]:
    """ModelSpec 1.0.1 (github.com/Stability-AI/ModelSpec) for an add-on."""
    config = facts.config
    side = config.training.resolution
    return {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": f"{facts.source.family.architecture}/lora",
        "modelspec.implementation": implementation,
        "modelspec.title": config.name,
        "modelspec.resolution": f"{side}x{side}",
        "modelspec.description": _description(facts),
        "modelspec.date": facts.started_at.astimezone().isoformat(timespec="seconds"),
        "modelspec.trigger_phrase": " ".join(
            word for word in (config.dataset.trigger, config.dataset.class_word) if word
        ),
        "modelspec.prediction_type": "v" if facts.prediction_type == "v_prediction" else "epsilon",
        "modelspec.implementation_version": f"imprint, peft {version('peft')}",
    }


def data_hash(tensors: dict[str, Tensor]) -> str:
    """sha256 of the data section alone: kohya's sshs_model_hash.

    The data bytes do not depend on the metadata, so they are the same in the final file.
    """
    serialised = safetensors.torch.save(tensors)
    start = 8 + int.from_bytes(serialised[:8], "little")
    return hashlib.sha256(serialised[start:]).hexdigest()


def _description(facts: ExportFacts) -> str:
    if facts.source.is_starter:
        return (
            "Taught with Imprint to its starter model. It fits only that model, "
            "no other Stable Diffusion model."
        )
    return f"Taught with Imprint to {facts.source.title}."
