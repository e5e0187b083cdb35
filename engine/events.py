"""What the engine says while it works, in the order in which it happens.

A job is a stream of these and ends with exactly one of `Terminal`. No tensors cross: pictures
are on disk before their event is sent.
"""

from __future__ import annotations

import dataclasses
import json
import traceback
from dataclasses import dataclass
from enum import Enum
from typing import Any

from engine.errors import Message, Notice, UserError
from engine.out_of_memory import as_out_of_memory
from engine.storage.system_errors import refused_by_the_computer
from engine.wording import Phrase


class Stage(Enum):
    """What is being worked on; the words belong to the window."""

    WARM_UP = "warm_up"
    LOAD_MODEL = "load_model"
    SCAN = "scan"
    CLASS_IMAGES = "class_images"
    CACHE_LATENTS = "cache_latents"
    TRAIN = "train"
    SAMPLE = "sample"
    EXPORT = "export"
    EVALUATE = "evaluate"
    CAPTION = "caption"
    EXAMINE = "examine"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    folder: str
    steps: int
    first_step: int  # 0, or where a resumed run goes on
    device: str
    trainable: int  # parameters that learn


@dataclass(frozen=True, slots=True, kw_only=True)
class StageProgress:
    stage: Stage
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Nothing new: the engine is alive and has just looked at its Control."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """What a run will need, from a few of its steps; see engine.dry_run."""

    device: str
    peak_bytes: int  # on the card, or beside what the program held before
    free_bytes: int
    seconds_per_step: float
    seconds_per_sample: float
    total_seconds: float
    disk_bytes: int  # checkpoints and the trained file
    free_disk_bytes: int
    export_bytes: int  # the trained file alone

    @property
    def fits(self) -> bool:
        return self.peak_bytes <= self.free_bytes and self.disk_bytes <= self.free_disk_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodFits:
    """Whether a method has room in this computer's memory, as estimated."""

    kind: str
    needed_bytes: int
    free_bytes: int  # the same for all methods that are asked about together
    fits: bool
    eased: bool  # only with measures that make it slower
    offer: str = ""  # measures that would make it fit, but change what is learnt
    offer_bytes: int = 0  # what it would need with them


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSuggested:
    """The first change that would make a run fit that does not."""

    changes: dict[str, str | int | bool]  # by dotted key
    measures: str = ""  # in words, where the change is one that learns differently


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    step: int
    loss: float
    learning_rate: float
    seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSkipped:
    """The loss or the gradients of a step were NaN or Inf: nothing was learnt from it."""

    step: int
    rescaled: bool = False  # only the fp16 loss scale was too high; it was lowered


@dataclass(frozen=True, slots=True, kw_only=True)
class WentBack:
    """The run goes on from an earlier state; what came after `step` is taken back."""

    step: int
    rate_scale: float  # what the learning rates are multiplied by from here on


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleReady:
    step: int
    prompt: str
    seed: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetReady:
    """The training pictures, the base model's and the last samples, on one sheet."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionMade:
    """A model's words for a picture; nothing is written yet."""

    key: str
    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedAt:
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumedAt:
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSaved:
    step: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointScored:
    """What the judge found; engine.evaluation.scores.Score says what the figures are."""

    step: int
    likeness: float
    base_likeness: float
    ceiling: float
    margin: float
    prompts: float
    drift: float
    copies: float
    best_step: int  # the checkpoint to keep, as things stand
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportChecked:
    """A file was read back and compared with the live model."""

    path: str
    format: str
    keys: int  # tensors in the file
    largest_difference: float  # relative, of the worst tensor
    matched: dict[str, int]  # front end -> how many of the keys its rules know
    loads_in: tuple[str, ...]  # front ends that read every key of it
    not_in: tuple[str, ...]  # front ends that read no such file
    remarks: tuple[Phrase, ...] = ()  # what has to be set or known in some of them


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFinished:
    """One training of a comparison."""

    subject: str
    method: str
    seed: int
    likeness: float
    base_likeness: float
    cpu_seconds: float
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageGenerated:
    path: str
    prompt: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureChecked:
    """One picture that can be trained on."""

    path: str
    name: str  # below the folder of the set
    width: int
    height: int
    caption: str
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A part of this computer, and what was found of it: a phrase, or what is amiss."""

    what: Phrase
    found: Phrase | Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    steps: int
    stopped_early: bool
    exports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed:
    """The user can mend this."""

    error: UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCrashed:
    """We have to mend this."""

    traceback: str


Terminal = RunFinished | RunFailed | RunCrashed
Event = (
    RunStarted
    | StageProgress
    | Heartbeat
    | Estimated
    | MethodFits
    | FitSuggested
    | StepFinished
    | StepSkipped
    | WentBack
    | SampleReady
    | SheetReady
    | PausedAt
    | ResumedAt
    | CheckpointSaved
    | CheckpointScored
    | ExportChecked
    | TrialFinished
    | ImageGenerated
    | PictureChecked
    | CaptionMade
    | Examined
    | Noticed
    | Terminal
)


def failure_of(error: Exception) -> RunFailed | RunCrashed:
    """How a job ends that raised this: a sentence where the user can mend it, else a traceback."""
    known = error if isinstance(error, UserError) else as_out_of_memory(error)
    known = known or refused_by_the_computer(error)
    if known is not None:
        return RunFailed(error=known)
    return RunCrashed(traceback="".join(traceback.format_exception(error)))


def as_dict(event: Event) -> dict[str, Any]:
    """The event as plain data, its name under "event"."""
    data: dict[str, Any] = {"event": type(event).__name__}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if isinstance(value, Message):
            value = value.as_dict()
        elif isinstance(value, Enum):
            value = value.value
        data[field.name] = value
    return data


def as_json(event: Event) -> str:
    """One line of `--json` and of metrics.jsonl. Names that are no text come as escapes."""
    line = json.dumps(as_dict(event), ensure_ascii=False)
    return line.encode("utf-8", "backslashreplace").decode("utf-8")
