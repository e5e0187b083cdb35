"""All settings of one run: what it is told, frozen, and written down beside what it made.

Each field is declared once; see engine.settings. Rules across fields stand in
engine.config_file.check, which turns everything that is wrong into sentences.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.methods.lora.settings import LoraSettings
from engine.settings import Settings, setting
from engine.wording import QT_TRANSLATE_NOOP

SCHEMA_VERSION = 1
STARTER = "starter"  # the base model that Imprint brings along


class DatasetSettings(Settings):
    """Where the pictures are and what they are called."""

    folder: str = setting(label=QT_TRANSLATE_NOOP("engine", "Pictures"))
    captions_folder: str | None = None
    trigger: str = setting(
        "",
        label=QT_TRANSLATE_NOOP("engine", "Trigger word"),
        help=QT_TRANSLATE_NOOP("engine", "A rare word that calls up what was learnt."),
        max_length=64,
    )
    class_word: str = setting(
        "",
        label=QT_TRANSLATE_NOOP("engine", "What is it?"),
        help=QT_TRANSLATE_NOOP("engine", "One common word: cat, toy, person, style."),
        max_length=64,
    )
    template: str = setting(
        "a photo of {subject}",
        label=QT_TRANSLATE_NOOP("engine", "Caption for pictures without one"),
        help=QT_TRANSLATE_NOOP("engine", "{subject} becomes the trigger word and what it is."),
        advanced=True,
        max_length=500,
    )
    repeats: int = setting(
        1,
        label=QT_TRANSLATE_NOOP("engine", "Repeats"),
        help=QT_TRANSLATE_NOOP("engine", "How often each picture is seen in one epoch."),
        advanced=True,
        ge=1,
        le=1000,
    )
    flip: bool = setting(
        False,
        label=QT_TRANSLATE_NOOP("engine", "Mirror pictures at random"),
        help=QT_TRANSLATE_NOOP(
            "engine", "Not for faces, text or anything with a left and a right."
        ),
        advanced=True,
    )
    caption_dropout: float = setting(
        0.0,
        label=QT_TRANSLATE_NOOP("engine", "Caption dropout"),
        help=QT_TRANSLATE_NOOP("engine", "Share of steps with an empty caption."),
        advanced=True,
        ge=0,
        le=1,
    )


class OptimizerSettings(Settings):
    """How the weights move."""

    name: Literal["adamw"] = setting(
        "adamw", label=QT_TRANSLATE_NOOP("engine", "Optimizer"), advanced=True
    )
    weight_decay: float = setting(
        0.01, label=QT_TRANSLATE_NOOP("engine", "Weight decay"), advanced=True, ge=0, le=1
    )
    beta1: float = setting(
        0.9, label=QT_TRANSLATE_NOOP("engine", "Beta 1"), advanced=True, ge=0, lt=1
    )
    beta2: float = setting(
        0.999, label=QT_TRANSLATE_NOOP("engine", "Beta 2"), advanced=True, ge=0, lt=1
    )
    schedule: Literal["constant", "linear", "cosine"] = setting(
        "cosine",
        label=QT_TRANSLATE_NOOP("engine", "Learning-rate schedule"),
        help=QT_TRANSLATE_NOOP("engine", "How the learning rate falls over the run."),
        advanced=True,
    )
    warmup: float = setting(
        0.05,
        label=QT_TRANSLATE_NOOP("engine", "Warm-up"),
        help=QT_TRANSLATE_NOOP("engine", "Share of the run in which the learning rate rises."),
        advanced=True,
        ge=0,
        le=0.9,
    )
    max_grad_norm: float = setting(
        1.0,
        label=QT_TRANSLATE_NOOP("engine", "Largest gradient"),
        help=QT_TRANSLATE_NOOP("engine", "Longer gradients are cut to this. 0 switches it off."),
        advanced=True,
        ge=0,
    )


class TrainingSettings(Settings):
    """How long, how large, how exact."""

    steps: int = setting(
        1000,
        label=QT_TRANSLATE_NOOP("engine", "Steps"),
        help=QT_TRANSLATE_NOOP("engine", "How often the weights move."),
        ge=1,
        le=1_000_000,
    )
    batch_size: int = setting(
        1,
        label=QT_TRANSLATE_NOOP("engine", "Pictures per step"),
        help=QT_TRANSLATE_NOOP("engine", "More is smoother, slower and needs more memory."),
        ge=1,
        le=1024,
    )
    gradient_accumulation: int = setting(
        1,
        label=QT_TRANSLATE_NOOP("engine", "Gradient accumulation"),
        help=QT_TRANSLATE_NOOP("engine", "Batches that make up one step."),
        advanced=True,
        ge=1,
        le=1024,
    )
    resolution: int = setting(
        512,
        label=QT_TRANSLATE_NOOP("engine", "Resolution"),
        unit=QT_TRANSLATE_NOOP("engine", "pixels"),
        help=QT_TRANSLATE_NOOP("engine", "Side of a square picture with the same area."),
        ge=32,
        le=4096,
    )
    seed: int = setting(
        42,
        label=QT_TRANSLATE_NOOP("engine", "Seed"),
        help=QT_TRANSLATE_NOOP("engine", "The same seed and settings give the same result."),
        advanced=True,
        ge=0,
        lt=2**63,
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto", label=QT_TRANSLATE_NOOP("engine", "Precision"), advanced=True
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = setting(
        "auto", label=QT_TRANSLATE_NOOP("engine", "Device"), advanced=True
    )
    min_snr_gamma: float = setting(
        5.0,
        label=QT_TRANSLATE_NOOP("engine", "Min-SNR gamma"),
        help=QT_TRANSLATE_NOOP("engine", "Balances easy and hard noise levels. 0 switches it off."),
        advanced=True,
        ge=0,
        le=100,
    )
    noise_offset: float = setting(
        0.0,
        label=QT_TRANSLATE_NOOP("engine", "Noise offset"),
        help=QT_TRANSLATE_NOOP("engine", "Helps very dark and very bright pictures."),
        advanced=True,
        ge=0,
        le=1,
    )


class SamplingSettings(Settings):
    """Pictures made while training, always from the same prompts and seeds."""

    every_steps: int = setting(
        100,
        label=QT_TRANSLATE_NOOP("engine", "Sample every"),
        unit=QT_TRANSLATE_NOOP("engine", "steps"),
        help=QT_TRANSLATE_NOOP("engine", "0 makes none."),
        ge=0,
    )
    prompts: tuple[str, ...] = ()
    seed: int = setting(
        42, label=QT_TRANSLATE_NOOP("engine", "Sample seed"), advanced=True, ge=0, lt=2**63
    )
    num_inference_steps: int = setting(
        25,
        label=QT_TRANSLATE_NOOP("engine", "Steps of a sample"),
        advanced=True,
        ge=1,
        le=1000,
    )
    guidance_scale: float = setting(
        7.0,
        label=QT_TRANSLATE_NOOP("engine", "Guidance of a sample"),
        advanced=True,
        ge=0,
        le=50,
    )


class CheckpointSettings(Settings):
    """How often the whole state is kept, so that nothing is lost."""

    every_steps: int = setting(
        100,
        label=QT_TRANSLATE_NOOP("engine", "Save every"),
        unit=QT_TRANSLATE_NOOP("engine", "steps"),
        help=QT_TRANSLATE_NOOP("engine", "0 saves only at the end."),
        advanced=True,
        ge=0,
    )
    keep: int = setting(
        10,
        label=QT_TRANSLATE_NOOP("engine", "Checkpoints to keep"),
        advanced=True,
        ge=2,
        le=1000,
    )


class ExportSettings(Settings):
    """What the run leaves in exports/."""

    formats: tuple[str, ...] = ()  # empty: the method's default format
    precision: Literal["fp16", "fp32", "bf16"] = setting(
        "fp16", label=QT_TRANSLATE_NOOP("engine", "Precision of the file"), advanced=True
    )


class RunConfig(Settings):
    """Everything that a run is told."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str = setting(
        "untitled", label=QT_TRANSLATE_NOOP("engine", "Name"), min_length=1, max_length=80
    )
    base_model: str = setting(
        STARTER, label=QT_TRANSLATE_NOOP("engine", "Base model"), min_length=1
    )
    runs_folder: str = "runs"
    dataset: DatasetSettings
    method: LoraSettings = LoraSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    training: TrainingSettings = TrainingSettings()
    sampling: SamplingSettings = SamplingSettings()
    checkpoints: CheckpointSettings = CheckpointSettings()
    export: ExportSettings = Field(default_factory=ExportSettings)
