"""All settings of one run: what it is told, frozen, and written down beside what it made.

Each field is declared once; see engine.settings. Rules across fields stand in
engine.config_file.check, which turns everything that is wrong into sentences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Union

from pydantic import Field

from engine.data.edits import PictureEdit
from engine.evaluation.settings import EvaluationSettings
from engine.methods.catalog import METHODS
from engine.methods.settings import MethodSettings
from engine.settings import NUM_SEEDS, Settings, setting
from engine.training_settings import LossSettings, OptimizerSettings, TrainingSettings
from engine.wording import QT_TRANSLATE_NOOP

SCHEMA_VERSION = 2
STARTER = "starter"  # the base model that Imprint brings along

DEFAULT_METHOD = next(iter(METHODS))

if TYPE_CHECKING:
    AnyMethod = MethodSettings
else:  # told apart by their `kind`; the catalog alone knows which there are
    AnyMethod = Annotated[
        Union[tuple(card.settings for card in METHODS.values())],  # noqa: UP007 (made of a tuple)
        Field(discriminator="kind"),
    ]


class DatasetSettings(Settings):
    """Where the pictures are and what they are called."""

    folder: str = setting(label=QT_TRANSLATE_NOOP("engine", "Pictures"))
    captions_folder: str | None = None
    # sha256 of a file -> what is done to the picture
    edits: dict[str, PictureEdit] = Field(default_factory=dict)
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
    shuffle_tags: bool = setting(
        False,
        label=QT_TRANSLATE_NOOP("engine", "Shuffle tags"),
        help=QT_TRANSLATE_NOOP(
            "engine", "Puts the parts between commas in a new order at every step."
        ),
        advanced=True,
    )
    keep_tags: int = setting(
        1,
        label=QT_TRANSLATE_NOOP("engine", "Tags that stay in front"),
        help=QT_TRANSLATE_NOOP("engine", "So many tags are not shuffled."),
        advanced=True,
        ge=0,
        le=1000,
    )
    long_captions: Literal["chunks", "cut"] = setting(
        "chunks",
        label=QT_TRANSLATE_NOOP("engine", "Captions beyond 75 tokens"),
        help=QT_TRANSLATE_NOOP("engine", "chunks reads up to 225 tokens, cut only the first 75."),
        advanced=True,
    )
    masks: Literal["off", "alpha", "file"] = setting(
        "off",
        label=QT_TRANSLATE_NOOP("engine", "Masks"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "What to learn of each picture: alpha takes its transparency, file a picture beside it "
            "called NAME-mask.png, NAME_mask.png, NAME-masklabel.png or masks/NAME.png, white "
            "where it counts.",
        ),
        advanced=True,
    )
    unmasked_weight: float = setting(
        0.1,
        label=QT_TRANSLATE_NOOP("engine", "Weight outside the mask"),
        help=QT_TRANSLATE_NOOP("engine", "0 leaves out what the mask does not cover."),
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
        42, label=QT_TRANSLATE_NOOP("engine", "Sample seed"), advanced=True, ge=0, lt=NUM_SEEDS
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

    schema_version: Literal[2] = SCHEMA_VERSION
    name: str = setting(
        "untitled", label=QT_TRANSLATE_NOOP("engine", "Name"), min_length=1, max_length=80
    )
    base_model: str = setting(
        STARTER, label=QT_TRANSLATE_NOOP("engine", "Base model"), min_length=1
    )
    prediction_type: Literal["auto", "epsilon", "v_prediction"] = setting(
        "auto",
        label=QT_TRANSLATE_NOOP("engine", "What the base model predicts"),
        help=QT_TRANSLATE_NOOP("engine", "auto reads it from the model's own marks."),
        advanced=True,
        fixed="value",
    )
    runs_folder: str = "runs"
    dataset: DatasetSettings
    method: AnyMethod = Field(default_factory=METHODS[DEFAULT_METHOD].settings)
    optimizer: OptimizerSettings = OptimizerSettings()
    training: TrainingSettings = TrainingSettings()
    loss: LossSettings = LossSettings()
    sampling: SamplingSettings = SamplingSettings()
    checkpoints: CheckpointSettings = CheckpointSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    export: ExportSettings = Field(default_factory=ExportSettings)
