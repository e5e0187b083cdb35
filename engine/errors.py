"""Everything that a person can mend, as a sentence: what happened, why, what to do.

A class holds the sentence, an instance the facts. English stands here; the window translates
the templates and fills in the same facts. Anything that is not a UserError is a bug of ours.
"""

from __future__ import annotations

from typing import ClassVar

from engine.remedies import Action
from engine.wording import QT_TRANSLATE_NOOP, Fact, Phrase, ended, fill


class Message:
    """A sentence with a stable code: the form that errors and notices share."""

    code: ClassVar[str] = "IM-GEN-00"
    summary: ClassVar[str] = ""
    remedy: ClassVar[str] = ""
    setting: ClassVar[str] = ""
    actions: ClassVar[tuple[Action, ...]] = ()

    def __init__(self, **facts: Fact) -> None:
        self.facts = facts

    @property
    def offered(self) -> tuple[Action, ...]:
        """What would help, the best first; reading about it always may."""
        shown = (Action.SHOW_SETTING,) if self.setting else ()
        return (*self.actions, *shown, Action.HELP)

    @property
    def sentence(self) -> Phrase:
        """What happened, in English, with the facts filled in."""
        return Phrase(self.summary, **self.facts)

    @property
    def advice(self) -> str:
        """What to do, in English, with the facts filled in."""
        return fill(self.remedy, self.facts)

    def __str__(self) -> str:
        return f"{ended(self.sentence)} {self.advice}".strip()

    def as_dict(self) -> dict[str, str | dict[str, Fact]]:
        """For `--json` and metrics.jsonl."""
        return {
            "code": self.code,
            "summary": self.sentence,
            "remedy": self.advice,
            "setting": self.setting,
            "facts": dict(self.facts),
        }


class UserError(Message, Exception):
    """Raised when a run cannot go on and the user can mend it."""

    def __init__(self, **facts: Fact) -> None:
        Message.__init__(self, **facts)
        Exception.__init__(self, str(self))


class Notice(Message):
    """Something that the user should know; the run goes on."""


class NoPictures(UserError):
    code = "IM-IMG-10"
    actions = (Action.ADD_PICTURES,)
    summary = QT_TRANSLATE_NOOP("engine", "No usable pictures in {folder}: 0 of {num_files} files.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Add at least one picture (JPEG, PNG, WebP, HEIC, TIFF, BMP, GIF or AVIF)."
    )
    setting = "dataset.folder"


class ClassFolderIsSubject(UserError):
    code = "IM-IMG-21"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The class pictures in {folder} are the pictures that are to be learnt."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Choose a folder with pictures of other members of the class, outside of the folder of "
        "your pictures, or leave it empty to have them drawn.",
    )
    setting = "method.class_folder"


class FolderMissing(UserError):
    code = "IM-IMG-11"
    actions = (Action.ADD_PICTURES,)
    summary = QT_TRANSLATE_NOOP("engine", "The folder {folder} is not there or is not a folder.")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose the folder that holds your pictures.")
    setting = "dataset.folder"


class InvalidConfig(UserError):
    """Raised with every problem at once; see engine.config_file.Problem."""

    code = "IM-SET-01"
    summary = QT_TRANSLATE_NOOP("engine", "The settings need a change: {problems}")
    remedy = QT_TRANSLATE_NOOP("engine", "Change what is named and start again.")


class ConfigUnreadable(UserError):
    code = "IM-SET-02"
    summary = QT_TRANSLATE_NOOP("engine", "{path} could not be read as settings: {reason}")
    remedy = QT_TRANSLATE_NOOP("engine", "Correct the file, or write a new one.")


class SettingsOfAnother(UserError):
    """Facts: `path`, and `program`, what the file is."""

    code = "IM-SET-04"
    summary = QT_TRANSLATE_NOOP("engine", "{path} is {program}. Imprint cannot use it.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Set the same values in Imprint; docs/data-sets.md says how its data set is used."
    )


class AddonMissing(UserError):
    code = "IM-ADD-07"
    summary = QT_TRANSLATE_NOOP("engine", "There is no file at {path}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose a LoRA, an embedding or a hypernetwork.")


class AddonUnreadable(UserError):
    code = "IM-ADD-01"
    summary = QT_TRANSLATE_NOOP("engine", "{path} could not be read: {reason}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose a LoRA, an embedding or a hypernetwork.")


class AddonUnsupported(UserError):
    code = "IM-ADD-05"
    summary = QT_TRANSLATE_NOOP("engine", "{path} is {kind}, which Imprint does not apply.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Nothing was applied. Choose a LoRA, LoHa or LoKr, or a model it was baked into."
    )


class AddonDoesNotFit(UserError):
    code = "IM-ADD-02"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "{path} does not fit this model: {num_missing} of {num_layers} layers have other shapes.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Choose the base model that it was trained on.")


class HypernetworkDoesNotFit(UserError):
    code = "IM-ADD-06"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The hypernetwork was made for another model: it has nets for inputs {widths} wide; "
        "this model has inputs {model_widths} wide.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Choose the base model that it was trained on.")


class EmbeddingDoesNotFit(UserError):
    code = "IM-ADD-03"
    summary = QT_TRANSLATE_NOOP("engine", "{path} was made for {made_for}; this model is {model}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose an embedding that was made for this model.")


class OutputNotWritable(UserError):
    code = "IM-OUT-01"
    summary = QT_TRANSLATE_NOOP("engine", "Nothing can be written to {folder}: {reason}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose another output folder, or change its rights.")
    setting = "runs_folder"


class InputNotReadable(UserError):
    """Something that Imprint needs and did not write itself: a base model, a picture."""

    code = "IM-OUT-10"
    summary = QT_TRANSLATE_NOOP("engine", "{path} cannot be read: {reason}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Put it back, or change its rights so that it can be read, then try again."
    )


class SavedElsewhere(UserError):
    code = "IM-OUT-07"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "Nothing can be written to {lost} any more ({reason}). The result of step {step} was "
        "saved to {folder}.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Take it from there, and choose another output folder for the next run."
    )
    setting = "runs_folder"


class DiskFull(UserError):
    code = "IM-OUT-02"
    actions = (Action.MAKE_ROOM,)
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The disk of {folder} is full: {need_mib:.0f} MiB are needed, {free_mib:.0f} free.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Free some space, then try again.")
    setting = "runs_folder"


class RunOutOfRoom(DiskFull):
    """Of a run that has a checkpoint already."""

    code = "IM-OUT-09"
    actions = (
        Action.CONTINUE,
        Action.MAKE_ROOM,
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Free some space, then resume: the checkpoint of step {step} is safe."
    )


class RunMissing(UserError):
    code = "IM-RUN-01"
    summary = QT_TRANSLATE_NOOP("engine", "{folder} is not the folder of a run.")
    remedy = QT_TRANSLATE_NOOP("engine", "Give a folder that holds config.json and checkpoints.")


class NoCheckpoint(UserError):
    code = "IM-RUN-02"
    summary = QT_TRANSLATE_NOOP("engine", "The run {folder} has no {which} checkpoint.")
    remedy = QT_TRANSLATE_NOOP("engine", "Resume it, or choose one of these steps: {steps}.")


class RecordUnreadable(UserError):
    code = "IM-RUN-07"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP("engine", "The record in {folder} cannot be read: {reason}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Nothing was changed. Make it readable and try again.")


class RunInUse(UserError):
    code = "IM-RUN-03"
    summary = QT_TRANSLATE_NOOP("engine", "Another Imprint is writing the run {folder}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Wait until it is done, or stop it first.")


class OtherProcessFailed(UserError):
    """Of several processes that train together."""

    code = "IM-RUN-20"
    summary = QT_TRANSLATE_NOOP("engine", "Process {number} of {count} failed: {reason}")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "All processes of the run have ended. Fix the cause, then resume the run."
    )


class Diverged(UserError):
    code = "IM-TRN-01"
    actions = (Action.USE_LAST_STATE,)
    summary = QT_TRANSLATE_NOOP(
        "engine", "Training went off the rails at step {step}: the loss is no longer a number."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "The last good state is step {last_step}. Start again with a lower learning rate."
    )
    setting = "method.learning_rate"


class ZeroSnrNeedsV(UserError):
    code = "IM-TRN-02"
    summary = QT_TRANSLATE_NOOP(
        "engine", "This model predicts noise; zero terminal SNR needs one that predicts v."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Switch zero terminal SNR off, or choose another model.")
    setting = "loss.zero_terminal_snr"


class StartDoesNotFit(UserError):
    code = "IM-TRN-03"
    summary = QT_TRANSLATE_NOOP("engine", "This run cannot go on from {path}: {reason}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Choose a result of the same method, model and size, or leave it empty."
    )
    setting = "method.start_from"


class OutOfMemory(UserError):
    code = "IM-MEM-01"
    actions = (Action.CHECK_RUN,)
    summary = QT_TRANSLATE_NOOP("engine", "Not enough memory on {device} for {what}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Lower the resolution or the batch size.")
    setting = "training.batch_size"


class WouldNotFit(UserError):
    """Said before a start that was measured; the user may insist."""

    code = "IM-MEM-04"
    actions = (Action.CHECK_RUN, Action.START_ANYWAY)
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "Measured: this run needs {needed_gib:.1f} GiB of memory and {disk_gib:.1f} GiB of disk; "
        "{free_gib:.1f} and {room_gib:.1f} GiB are free.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Lower the resolution or the batch size, close other programs, or make room."
    )
    setting = "training.resolution"


class OptimizerNeedsCard(UserError):
    code = "IM-OPT-01"
    summary = QT_TRANSLATE_NOOP(
        "engine", "AdamW with 8 bits needs an NVIDIA card and the package bitsandbytes."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", 'Install Imprint with its extra "cuda", or choose adafactor as optimizer.'
    )
    setting = "optimizer.name"


class OptimizerUnfit(UserError):
    code = "IM-OPT-02"
    summary = QT_TRANSLATE_NOOP("engine", "{optimizer} cannot move the weights: {reason}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Change that setting, or choose another optimizer.")
    setting = "optimizer.name"


class OptimizerChanged(UserError):
    code = "IM-OPT-03"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The checkpoint was written with the optimizer {was}, this run uses {now}."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Choose {was} as optimizer, or start a new run.")
    setting = "optimizer.name"


class FormatUnknown(UserError):
    code = "IM-EXP-01"
    summary = QT_TRANSLATE_NOOP("engine", "{method} cannot be saved as {format}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose one of: {formats}.")
    setting = "export.formats"


class FormatDoesNotFit(UserError):
    code = "IM-EXP-02"
    summary = QT_TRANSLATE_NOOP("engine", "A result for {model} cannot be saved as {format}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Save it as {instead}.")
    setting = "export.formats"


_UNVERIFIED = QT_TRANSLATE_NOOP(
    "engine",
    "{path} was written, but it is not what was learnt: {reason}. It was kept as {aside} in "
    "{folder}.",
)
_EXPORT_AGAIN = QT_TRANSLATE_NOOP(
    "engine", "Export the run again. If that fails too, please report it."
)


class ExportFailed(UserError):
    code = "IM-EXP-03"
    actions = (Action.SHOW_FOLDER,)
    summary = _UNVERIFIED
    remedy = _EXPORT_AGAIN


class AnotherExportFailed(Notice):
    """Said of every file but one, which ends the run as ExportFailed."""

    code = "IM-EXP-04"
    actions = (Action.SHOW_FOLDER,)
    summary = _UNVERIFIED
    remedy = _EXPORT_AGAIN


class TrialFailed(UserError):
    code = "IM-EVA-06"
    summary = QT_TRANSLATE_NOOP("engine", "The training {name} failed: {reason}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "What was finished is kept. Mend that and start the comparison again."
    )


class JudgeUnreadable(UserError):
    code = "IM-EVA-01"
    summary = QT_TRANSLATE_NOOP("engine", "{folder} cannot be used to judge likeness: {reason}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Choose a CLIP or DINOv2 folder with safetensors weights, or leave it empty for the "
        "network that Imprint brings along.",
    )
    setting = "evaluation.network"
