"""What stands in the header of an exported file: kohya's `ss_*` and ModelSpec 1.0.1.

AUTOMATIC1111, Forge and SD.Next decide by these whether a LoRA is shown at all. No path, no
user name and no caption ever goes in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

from engine.config import RunConfig
from engine.file_names import safe_name
from engine.formats.catalog import EMBEDDING_KEY
from engine.models.catalog import ModelSource, bundled_config
from engine.results import AdapterResult

# Layers with a 3x3 kernel, whose tensors in LoHa and LoKr do not tell.
_WIDE = re.compile(r"resnets\.\d+\.conv[12]$|samplers\.\d+\.conv$")
_SIZES = ("block_out_channels", "cross_attention_dim")
SGM = "https://github.com/Stability-AI/generative-models"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFacts:
    """What the formats may tell about a run."""

    config: RunConfig
    source: ModelSource
    prediction_type: str
    num_images: int
    step: int
    started_at: datetime
    zero_terminal_snr: bool = False
    configs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # part -> its own

    @property
    def is_v(self) -> bool:
        return self.prediction_type == "v_prediction"

    @property
    def is_published_size(self) -> bool:
        """Whether the base has its family's own widths, by which front ends tell models.

        The starter model has not, and neither has what it was made into.
        """
        own, published = self.configs["unet"], bundled_config(self.source.family, "unet")
        return all(_listed(own.get(key)) == _listed(published.get(key)) for key in _SIZES)


def _listed(value: object) -> object:
    return list(value) if isinstance(value, list | tuple) else value


def kohya_header(facts: ExportFacts, result: AdapterResult) -> dict[str, str]:
    """The `ss_*` keys; every value is a string."""
    config, family = facts.config, facts.source.family
    training, optimizer = config.training, config.optimizer
    rate = getattr(config.method, "learning_rate", None)
    return {
        "ss_v2": str(family.kohya_version.startswith("sd_v2")),
        "ss_base_model_version": _base_version(facts),
        **_network(result),
        "ss_output_name": config.name,
        "ss_sd_model_name": facts.source.title,
        "ss_resolution": f"({training.resolution}, {training.resolution})",
        "ss_num_train_images": str(facts.num_images * config.dataset.repeats),
        "ss_training_started_at": str(facts.started_at.timestamp()),
        "ss_steps": str(facts.step),
        "ss_learning_rate": str(rate),
        "ss_unet_lr": str(rate),
        "ss_text_encoder_lr": str(getattr(config.method, "text_learning_rate", None) or None),
        "ss_optimizer": optimizer.name,
        "ss_lr_scheduler": optimizer.schedule,
        "ss_batch_size_per_device": str(training.batch_size),
        "ss_gradient_accumulation_steps": str(training.gradient_accumulation),
        "ss_mixed_precision": training.precision,
        "ss_seed": str(training.seed),
        "ss_noise_offset": str(config.loss.noise_offset or None),
        "ss_min_snr_gamma": str(
            config.loss.min_snr_gamma if config.loss.weighting == "min_snr" else None
        ),
        "ss_zero_terminal_snr": str(facts.zero_terminal_snr),
        "ss_clip_skip": str(training.clip_skip if training.clip_skip > 1 else None),
        "ss_dataset_dirs": json.dumps(
            {"pictures": {"n_repeats": config.dataset.repeats, "img_count": facts.num_images}}
        ),
    }


def modelspec_header(
    facts: ExportFacts, *, implementation: str, suffix: str = "/lora"
) -> dict[str, str]:
    """ModelSpec 1.0.1 (github.com/Stability-AI/ModelSpec).

    `suffix` says what was made: "/lora", "/textual-inversion", or "" for a whole model.
    """
    config = facts.config
    side = config.training.resolution
    return {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": f"{facts.source.family.architecture}{suffix}",
        "modelspec.implementation": implementation,
        "modelspec.title": config.name,
        "modelspec.resolution": f"{side}x{side}",
        "modelspec.description": _description(facts),
        "modelspec.date": facts.started_at.astimezone(UTC).isoformat(timespec="seconds"),
        "modelspec.trigger_phrase": " ".join(
            word for word in (config.dataset.trigger, config.dataset.class_word) if word
        ),
        "modelspec.prediction_type": "v" if facts.is_v else "epsilon",
        "modelspec.implementation_version": f"imprint, peft {version('peft')}",
        **(_word_beside(config) if suffix == "/lora" else {}),
    }


def _word_beside(config: RunConfig) -> dict[str, str]:
    """Of a LoRA whose run left its word as a file of its own: that file's name."""
    if "embedding" not in config.method.leaves:
        return {}
    return {EMBEDDING_KEY: safe_name(config.dataset.trigger)}


def _base_version(facts: ExportFacts) -> str:
    return facts.source.family.kohya_version + ("_v" if facts.is_v else "")


def _network(result: AdapterResult) -> dict[str, str]:
    """The kind and size of the small matrices, as kohya's trainer and LyCORIS say it."""
    arguments: dict[str, str] = {}
    wide = [layer for layer in result.layers if _WIDE.search(layer.path)]
    if wide:
        arguments["conv_dim"] = str(wide[0].rank or result.rank)
        is_plain = result.algorithm == "lora"  # whose files have one alpha for all
        arguments["conv_alpha"] = str(result.alpha if is_plain else wide[0].alpha)
    if result.algorithm != "lora":
        arguments["algo"] = result.algorithm
    return {
        "ss_network_module": "networks.lora" if result.algorithm == "lora" else "lycoris.kohya",
        "ss_network_dim": str(result.rank),
        "ss_network_alpha": str(result.alpha),
        "ss_network_args": json.dumps(arguments),
    }


def _description(facts: ExportFacts) -> str:
    if facts.source.is_starter:
        return (
            "Taught with Imprint to its starter model. It fits only that model, "
            "no other Stable Diffusion model."
        )
    return f"Taught with Imprint to {facts.source.title}."
